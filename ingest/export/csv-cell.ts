/** A spreadsheet takes a cell that begins like this for a formula, and runs it. */
const FORMULA = /^[=+\-@\t\r\n]/;
/** RFC 4180, 2: these make a field one that needs quotes. A lone CR is a line end to many readers. */
const NEEDS_QUOTES = /[",\r\n]/;

/** A text as RFC 4180 writes it; one that a spreadsheet would run begins with an apostrophe. */
export function csvCell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
