import { useEffect, useRef } from 'preact/hooks';
import { type Page, useConsole } from '../console.ts';
import { hrefOf } from '../place.ts';
import { AlertBadge } from './alert-badge.tsx';

interface HeaderProps {
  readonly pages: readonly Page[];
  readonly current: Page | undefined;
  readonly onSwitchLanguage: () => void;
}

/** Where we can go, and the language. */
export function Header({ pages, current, onSwitchLanguage }: HeaderProps) {
  const { locale, me } = useConsole();
  const { words, language } = locale;
  const nav = useRef<HTMLElement>(null);
  // On a phone not all pages have room: where we are is among those that are seen.
  useEffect(() => {
    const link = nav.current?.querySelector<HTMLElement>('[aria-current]');
    if (link) nav.current!.scrollLeft = link.offsetLeft - (nav.current!.clientWidth - link.offsetWidth) / 2;
  }, [current?.id, pages.length, language]);
  return (
    <header class="top">
      <div class="top-inner">
        <Mark />
        <h1 class="top-title">{current?.title[language] ?? 'Sluice'}</h1>
        {me.kind === 'person' && (
          <a
            class="who"
            href={hrefOf('account')}
            aria-label={words.signedInAs(me.name)}
            title={words.signedInAs(me.name)}
          >
            {me.name}
          </a>
        )}
        <button type="button" class="language" title={words.switchToLabel} onClick={onSwitchLanguage}>
          <span lang={language === 'en' ? 'zh-Hans' : 'en'}>{words.switchTo}</span>
        </button>
      </div>
      {pages.length > 1 && (
        <nav ref={nav} class="pages" aria-label={words.pages}>
          {pages.map(({ id, title }) => (
            <a key={id} href={hrefOf(id)} {...(id === current?.id && { 'aria-current': 'page' })}>
              {title[language]}
              {id === 'alerts' && <AlertBadge />}
            </a>
          ))}
        </nav>
      )}
    </header>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="36" height="36" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path class="mark-drop" d="M16 6c4 5 7 8.3 7 12a7 7 0 0 1-14 0c0-3.7 3-7 7-12z" />
      <path class="mark-gate" d="M11 19h10" />
    </svg>
  );
}
