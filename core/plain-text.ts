/** Controls but for tab and the ends of lines, and whatever turns the order of what follows round (UAX 9: embeddings, overrides, isolates). */
const UNPLAIN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
const ALL_UNPLAIN = new RegExp(UNPLAIN.source, 'gu');
const ENDS = /[\t\n\r]/g;

/** Whether a text reads as it is written: a name could otherwise be shown as another, beside the figure of something else. */
export function isPlain(text: string): boolean {
  return !UNPLAIN.test(text.replace(ENDS, ''));
}

/** On one line, with � for what is not plain. */
export function plainText(text: string): string {
  return text.toWellFormed().replace(ALL_UNPLAIN, '\ufffd');
}
