import { useWords } from '../../i18n/use-words.ts';
import type { Verdict } from './api.ts';
import { judged } from './figures.ts';
import { WORDS } from './words.ts';

export const MARKS = { pass: '✓', breach: '✗', insufficient: '?', none: '–' } as const;

/** A verdict as a mark, a word and a colour. */
export function VerdictBadge({ verdict }: { readonly verdict: Verdict }) {
  const words = useWords(WORDS);
  const name = judged(verdict);
  return (
    <span class="verdict" data-verdict={name}>
      <span aria-hidden="true">{MARKS[name]}</span> {words.verdicts[name]}
    </span>
  );
}
