const LONGEST = 80;

/** What a client sent, in quotation marks and cut short: an error must not be as long as what caused it. */
export function quoted(text: string): string {
  return `"${text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}"`;
}
