/** The text of a file without its links, and where each of them stands in the text. */
export interface SplitText {
  readonly head: string;
  readonly links: readonly { readonly fromAt: number; readonly toAt: number }[];
}

const LINKS = /"links"\s*:\s*\[/;
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
/** [ and {, ] and } */
const [OPENING, CLOSING] = [new Set([0x5b, 0x7b]), new Set([0x5d, 0x7d])];

/**
 * Finds the elements of the first list named `links`, so that one at a time can be read: all of a hundred links at once are gigabytes. What
 * is between the commas need not be JSON: whoever parses head and elements sees that. Undefined where there is no such list, or no end of it.
 */
export function splitLinks(text: string): SplitText | undefined {
  // No text in JSON looks like this: quotes are escaped there.
  const found = LINKS.exec(text);
  if (!found) return undefined;
  const start = found.index + found[0].length;
  const links: { fromAt: number; toAt: number }[] = [];
  let [fromAt, depth, isText] = [start, 0, false];
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isText) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isText = false;
    } else if (code === QUOTE) isText = true;
    else if (OPENING.has(code)) depth++;
    else if (CLOSING.has(code) && depth > 0) depth--;
    else if (CLOSING.has(code)) {
      if (links.length > 0 || at > start) links.push({ fromAt, toAt: at });
      return { head: text.slice(0, start) + text.slice(at), links };
    } else if (code === COMMA && depth === 0) {
      links.push({ fromAt, toAt: at });
      fromAt = at + 1;
    }
  }
  return undefined;
}
