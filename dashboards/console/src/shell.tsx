import type { ComponentType } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Identity, may } from '../../../core/access.ts';
import type { Language } from '../../../core/errors.ts';
import type { Api } from './api.ts';
import { Curtain } from './components/curtain.tsx';
import { Header } from './components/header.tsx';
import { Later } from './components/later.tsx';
import { NotLoaded } from './components/not-loaded.tsx';
import { ConsoleContext } from './console.ts';
import { createLocale } from './i18n/locale.ts';
import { type Observable, useObservable } from './observable.ts';
import SignIn from './pages/sign-in/sign-in.tsx';
import { PAGES } from './pages.ts';
import { hrefOf, type Place } from './place.ts';
import { remember } from './remembered.ts';
import { askSession, type Session } from './session.ts';

interface ShellProps {
  readonly api: Api;
  readonly language: Observable<Language>;
  readonly place: Observable<Place>;
  /** Undefined until it is known, null while nobody is signed in. */
  readonly session: Observable<Session | null | undefined>;
}

const RETRY_MS = 5_000;
const NOBODY: Identity = { name: '', kind: 'open', role: 'viewer', sites: [], links: [] };

/** The frame of every page: who we are, where we can go, in which language. */
export function Shell({ api, language, place, session }: ShellProps) {
  const spoken = useObservable(language);
  const locale = useMemo(() => createLocale(spoken), [spoken]);
  const here = useObservable(place);
  const signedIn = useObservable(session);
  // Whose page is drawn: kept when the session ends by itself, so that nothing that was typed is lost.
  const kept = useRef<Session | undefined>(undefined);
  const wasIn = useRef(false);
  if (signedIn) {
    kept.current = signedIn;
    wasIn.current = true;
  }
  const drawn = kept.current;
  const me = drawn ?? NOBODY;
  const pages = drawn ? PAGES.filter((page) => may(me, page.may ?? 'read')) : [];
  const home = pages.find(({ id }) => id === 'links' && me.role === 'carrier') ?? pages[0];
  const page = pages.find(({ id }) => id === here.page) ?? home;
  const setSession = (next: Session | null) => {
    if (next === null) kept.current = undefined;
    const isBack = next !== null && session.value === null;
    session.set(next);
    // What was refused meanwhile is asked again by whatever asks again after a time without a network.
    if (isBack) dispatchEvent(new Event('online'));
  };
  const signIn = <SignIn wasIn={wasIn.current} onSignedIn={setSession} />;
  useEffect(() => {
    document.documentElement.lang = locale.htmlLang;
    document.title = page ? `${page.title[spoken]} · Sluice` : 'Sluice';
  }, [locale, page, spoken]);
  return (
    <ConsoleContext.Provider value={{ api, locale, me, place: here, setSession }}>
      <Header
        pages={pages.filter(({ isApart }) => !isApart)}
        current={page}
        onSwitchLanguage={() => {
          const next = spoken === 'en' ? 'zh' : 'en';
          remember('language', next);
          language.set(next);
        }}
      />
      {signedIn === undefined && <Arriving api={api} onKnown={setSession} />}
      {signedIn === null && (drawn ? <Curtain>{signIn}</Curtain> : signIn)}
      {drawn?.isPasswordGiven && page?.id !== 'account' && (
        <aside class="notice">
          {locale.words.passwordGiven} <a href={hrefOf('account')}>{locale.words.changeIt}</a>
        </aside>
      )}
      {/* Another person begins anew, where the one before was. */}
      {drawn && page && <Opened key={`${page.id} ${me.name}`} load={page.load} props={{}} />}
    </ConsoleContext.Provider>
  );
}

/** Asks who we are until there is an answer. */
function Arriving({
  api,
  onKnown,
}: {
  readonly api: Api;
  readonly onKnown: (found: Session | null) => void;
}) {
  const [tries, setTries] = useState(0);
  const [isAway, setAway] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let isGone = false;
    askSession(api).then(
      (found) => {
        if (!isGone) onKnown(found);
      },
      () => {
        if (isGone) return;
        setAway(true);
        timer = setTimeout(() => setTries((n) => n + 1), RETRY_MS);
      },
    );
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [api, tries]);
  if (!isAway) return <main class="page" aria-busy="true" />;
  return (
    <main class="page">
      <NotLoaded onRetry={() => setTries((n) => n + 1)} />
    </main>
  );
}

interface OpenedProps<T> {
  readonly load: () => Promise<{ readonly default: ComponentType<T> }>;
  readonly props: T;
}

/** A page once its code is here; until then nothing, and a word where it cannot be had. */
function Opened<T extends object>({ load, props }: OpenedProps<T>) {
  const failed = (onRetry: () => void) => (
    <main class="page">
      <NotLoaded onRetry={onRetry} />
    </main>
  );
  return <Later load={load} props={props} waiting={<main class="page" aria-busy="true" />} failed={failed} />;
}
