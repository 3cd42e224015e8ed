/** A share as people write it, `0.03%` or `0.0003`; `undefined` where it is none, or not between 0 and 1, both exclusive. */
export function parseShare(text: string): number | undefined {
  const match = /^(\d{1,15}(?:\.\d{1,15})?|\.\d{1,15})\s*([%％])?$/.exec(text.trim());
  if (!match) return undefined;
  const share = match[2] ? Number(match[1]) / 100 : Number(match[1]);
  return share > 0 && share < 1 ? share : undefined;
}
