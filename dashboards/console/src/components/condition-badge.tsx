import type { Condition } from '../farm.ts';
import { useView } from '../view.ts';

/** A word and a shape, so that colour is never the only sign; nothing where all is well. */
export function ConditionBadge({ condition }: { readonly condition: Condition }) {
  const { words } = useView().locale;
  if (condition === 'good') return null;
  return <strong class={`badge badge-${condition}`}>{words[condition]}</strong>;
}
