/** 3GPP TS 23.038 section 6.2.1: the place in the text is the septet; 0x1b leads to the table below. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
const ESCAPE = 0x1b;
/** Section 6.2.1.1. */
const EXTENDED: Readonly<Record<string, number>> = {
  ...{ '\f': 0x0a, '^': 0x14, '{': 0x28, '}': 0x29, '\\': 0x2f },
  ...{ '[': 0x3c, '~': 0x3d, ']': 0x3e, '|': 0x40, '€': 0x65 },
};
const SEPTETS = new Map<string, number[]>([
  ...Array.from(BASIC, (character, septet): [string, number[]] => [character, [septet]]),
  ...Object.entries(EXTENDED).map(([character, septet]): [string, number[]] => [character, [ESCAPE, septet]]),
]);
SEPTETS.delete('\x1b');

/** What units and our own words use that the alphabet has not, and how people write it without. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ '°': '', µ: 'u', μ: 'u', '²': '2', '³': '3', '–': '-', '—': '-', '−': '-', '…': '...', '→': '->' },
  ...{ '≥': '>=', '≤': '<=', '“': '"', '”': '"', '‘': "'", '’': "'", '·': '.', '×': 'x', '\u00a0': ' ' },
};

/** Septets of each character, an escaped one being two; undefined where the alphabet has not all of it. */
export function toSeptets(text: string): number[][] | undefined {
  const septets = Array.from(text, (character) => SEPTETS.get(character));
  return septets.every((one) => one !== undefined) ? septets : undefined;
}

/** In the alphabet where that can be done without losing anything, so that twice as much fits; else as it was. */
export function plainText(text: string): string {
  const plain = Array.from(text, (character) => PLAIN[character] ?? character).join('');
  return toSeptets(plain) ? plain : text;
}

/** Seven bits each, the first in the lowest bits (section 6.1.2.1), after `fillBits` of nothing. */
export function packSeptets(septets: readonly number[], fillBits = 0): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((fillBits + 7 * septets.length) / 8));
  septets.forEach((septet, n) => {
    const bit = fillBits + 7 * n;
    const [place, shift] = [bit >> 3, bit & 7];
    bytes[place]! |= septet << shift;
    if (shift > 1) bytes[place + 1]! |= septet >> (8 - shift);
  });
  return bytes;
}
