import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Presence as State } from './api.ts';
import { WORDS } from './words.ts';

const LOOK = { online: 'good', offline: 'bad', unknown: 'uncertain' } as const;

/** In a word, a colour and since when. */
export function Presence({ presence, sinceMs }: { readonly presence: State; readonly sinceMs: number }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  return (
    <>
      <strong class={`badge badge-${LOOK[presence]}`}>{words.presence[presence]}</strong>{' '}
      <span class="soft">{words.since(locale.time(sinceMs, Date.now()))}</span>
    </>
  );
}
