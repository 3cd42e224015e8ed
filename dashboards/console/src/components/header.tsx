import type { LiveState } from '../live.ts';
import { useView } from '../view.ts';

/** Which farm, whether it is live, and the language. */
export function Header({ sites, state, onSwitchLanguage }: HeaderProps) {
  const { locale, nowMs } = useView();
  const { words } = locale;
  const link = state.failure ? 'paused' : state.readings && !state.isLate ? 'live' : 'connecting';
  return (
    <header class="top">
      <div class="top-inner">
        <Mark />
        <div class="top-title">
          <h1>{words.title}</h1>
          <p class="sites">{sites.join(' · ') || 'Sluice'}</p>
        </div>
        <p class="link" data-link={link}>
          <span class="link-dot" aria-hidden="true" />
          {words[link]}
          {link === 'live' && <span class="link-time"> {locale.clock(nowMs)}</span>}
        </p>
        <button type="button" class="language" title={words.switchToLabel} onClick={onSwitchLanguage}>
          <span lang={locale.language === 'en' ? 'zh-Hans' : 'en'}>{words.switchTo}</span>
        </button>
      </div>
    </header>
  );
}

interface HeaderProps {
  readonly sites: readonly string[];
  readonly state: LiveState;
  readonly onSwitchLanguage: () => void;
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
