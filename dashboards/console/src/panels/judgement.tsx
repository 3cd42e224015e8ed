import { useBoard } from './board-context.ts';
import { judgementOf } from './colours.ts';
import type { Shown } from './field.ts';

/** What the colour of a threshold says, in a word; nothing where the value is in words already. */
export function JudgementWord({ shown: { color, isMapped } }: { readonly shown: Shown }) {
  const { words } = useBoard();
  const judged = isMapped ? undefined : judgementOf(color);
  return judged ? <span class={`judged judged-${judged}`}>{words[judged]}</span> : null;
}
