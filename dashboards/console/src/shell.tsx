import type { ComponentType } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { type Identity, may } from '../../../core/access.ts';
import type { Language } from '../../../core/errors.ts';
import type { Api } from './api.ts';
import { Header } from './components/header.tsx';
import { ConsoleContext, type Page } from './console.ts';
import { createLocale } from './i18n/locale.ts';
import { type Observable, useObservable } from './observable.ts';
import { PAGES } from './pages.ts';
import type { Place } from './place.ts';
import { remember } from './remembered.ts';

interface ShellProps {
  readonly api: Api;
  readonly language: Observable<Language>;
  readonly place: Observable<Place>;
}

/** Until there is sign-in, whoever reaches the page may do everything. */
const EVERYBODY: Identity = { name: 'open', kind: 'open', role: 'administrator', sites: 'all', links: 'all' };

/** The frame of every page: who we are, where we can go, in which language. */
export function Shell({ api, language, place }: ShellProps) {
  const spoken = useObservable(language);
  const locale = useMemo(() => createLocale(spoken), [spoken]);
  const here = useObservable(place);
  const me = EVERYBODY;
  const pages = PAGES.filter((page) => may(me, page.may ?? 'read'));
  const page = pages.find(({ id }) => id === here.page) ?? pages[0];
  useEffect(() => {
    document.documentElement.lang = locale.htmlLang;
    document.title = page ? `${page.title[spoken]} · Sluice` : 'Sluice';
  }, [locale, page, spoken]);
  return (
    <ConsoleContext.Provider value={{ api, locale, me, place: here }}>
      <Header
        pages={pages}
        current={page}
        onSwitchLanguage={() => {
          const next = spoken === 'en' ? 'zh' : 'en';
          remember('language', next);
          language.set(next);
        }}
      />
      {page && <Opened key={page.id} page={page} />}
    </ConsoleContext.Provider>
  );
}

/** A page once its code is here; until then nothing, and a word where it cannot be had. */
function Opened({ page }: { readonly page: Page }) {
  const [Content, setContent] = useState<ComponentType>();
  const [error, setError] = useState<unknown>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    page.load().then((loaded) => setContent(() => loaded.default), setError);
  }, [page, tries]);
  if (Content) return <Content />;
  if (!error) return <main class="page" aria-busy="true" />;
  return (
    <main class="page">
      <NotLoaded
        onRetry={() => {
          setError(undefined);
          setTries(tries + 1);
        }}
      />
    </main>
  );
}

function NotLoaded({ onRetry }: { readonly onRetry: () => void }) {
  return (
    <ConsoleContext.Consumer>
      {(found) => (
        <p class="card" role="alert">
          {found!.locale.words.pageNotLoaded}{' '}
          <button type="button" onClick={onRetry}>
            {found!.locale.words.tryAgain}
          </button>
        </p>
      )}
    </ConsoleContext.Consumer>
  );
}
