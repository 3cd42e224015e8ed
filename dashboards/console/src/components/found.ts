/** Something that can be chosen. */
export interface Thing {
  readonly value: string;
  readonly label: string;
  /** What tells it from another of its name. */
  readonly detail?: string;
}

/** Those in which every word that was typed stands, in whatever case; what begins with it comes first. */
export function found(things: readonly Thing[], typed: string): Thing[] {
  const plain = (text: string) => text.normalize('NFKC').toLowerCase();
  const wanted = plain(typed).split(/\s+/).filter(Boolean);
  const said = ({ value, label, detail = '' }: Thing) => plain(`${label} ${value} ${detail}`);
  const fit = things.filter((one) => wanted.every((word) => said(one).includes(word)));
  const first = wanted[0];
  if (first === undefined) return fit;
  const begins = (one: Thing) => plain(one.label).startsWith(first) || plain(one.value).startsWith(first);
  return [...fit.filter(begins), ...fit.filter((one) => !begins(one))];
}
