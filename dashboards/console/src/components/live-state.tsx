import type { LiveState } from '../live.ts';
import { useView } from '../view.ts';

/** Which sites, and whether what is shown of them is live. */
export function LiveStateLine({ sites, state }: LiveStateProps) {
  const { locale, nowMs } = useView();
  const { words } = locale;
  const link = state.failure ? 'paused' : state.readings && !state.isLate ? 'live' : 'connecting';
  return (
    <div class="live-line">
      <p class="sites">{sites.join(' · ') || 'Sluice'}</p>
      <p class="link" data-link={link}>
        <span class="link-dot" aria-hidden="true" />
        {words[link]}
        {link === 'live' && <span class="link-time"> {locale.clock(nowMs)}</span>}
      </p>
    </div>
  );
}

interface LiveStateProps {
  readonly sites: readonly string[];
  readonly state: LiveState;
}
