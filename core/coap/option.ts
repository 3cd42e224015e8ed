import type { CoapMessage, CoapOption } from './message.ts';

/** Option numbers (RFC 7252 section 12.2, RFC 7641, RFC 7959, RFC 7967). Odd ones are critical. */
export const OPTIONS = {
  uriHost: 3,
  etag: 4,
  observe: 6,
  uriPort: 7,
  locationPath: 8,
  uriPath: 11,
  contentFormat: 12,
  maxAge: 14,
  uriQuery: 15,
  accept: 17,
  locationQuery: 20,
  block2: 23,
  block1: 27,
  size2: 28,
  proxyUri: 35,
  proxyScheme: 39,
  size1: 60,
  noResponse: 258,
} as const;

/** Longest value in bytes, shortest where not 0, and whether it may be repeated. */
const KNOWN: Readonly<Record<number, readonly [longest: number, shortest?: number, repeats?: true]>> = {
  [OPTIONS.uriHost]: [255, 1],
  [OPTIONS.etag]: [8, 1, true],
  [OPTIONS.observe]: [3],
  [OPTIONS.uriPort]: [2],
  [OPTIONS.locationPath]: [255, 0, true],
  [OPTIONS.uriPath]: [255, 0, true],
  [OPTIONS.contentFormat]: [2],
  [OPTIONS.maxAge]: [4],
  [OPTIONS.uriQuery]: [255, 0, true],
  [OPTIONS.accept]: [2],
  [OPTIONS.locationQuery]: [255, 0, true],
  [OPTIONS.block2]: [3],
  [OPTIONS.block1]: [3],
  [OPTIONS.size2]: [4],
  [OPTIONS.proxyUri]: [1034, 1],
  [OPTIONS.proxyScheme]: [255, 1],
  [OPTIONS.size1]: [4],
  [OPTIONS.noResponse]: [1],
};

/**
 * The options that can be used, and the number of a critical one that cannot. What is not known, too long, too short
 * or repeated without leave counts as not recognised (RFC 7252, 5.4.1, 5.4.3 and 5.4.5): elective ones are left out.
 */
export function recognise(options: readonly CoapOption[]): {
  readonly options: readonly CoapOption[];
  readonly unknownCritical: number | undefined;
} {
  let unknownCritical: number | undefined;
  const seen = new Set<number>();
  const usable = options.filter(({ number, value }) => {
    const [longest, shortest = 0, repeats] = KNOWN[number] ?? [-1];
    const isFit = value.length <= longest && value.length >= shortest && (repeats || !seen.has(number));
    seen.add(number);
    if (!isFit && number % 2 === 1) unknownCritical ??= number;
    return isFit;
  });
  return { options: usable, unknownCritical };
}

type HasOptions = Pick<CoapMessage, 'options'>;

/** The value of an option that is a number; `undefined` where it is absent or has more than 6 bytes. */
export function uintOf({ options }: HasOptions, number: number): number | undefined {
  const value = options.find((option) => option.number === number)?.value;
  if (!value || value.length > 6) return undefined;
  return value.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** Texts of a repeatable option, in order. What is no UTF-8 holds replacement characters. */
export function textsOf({ options }: HasOptions, number: number): string[] {
  return options
    .filter((option) => option.number === number)
    .map(({ value }) => Buffer.from(value).toString('utf8'));
}

/** `/rd/4f` for the path options of a request. */
export function pathOf(message: HasOptions): string {
  return `/${textsOf(message, OPTIONS.uriPath).join('/')}`;
}

/** Numbers travel without leading zero bytes, so 0 is an empty value (RFC 7252, 3.2). */
export function uintOption(number: number, value: number): CoapOption {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return { number, value: Uint8Array.from(bytes) };
}

export function textOption(number: number, text: string): CoapOption {
  return { number, value: Buffer.from(text, 'utf8') };
}

/** One option per segment of `path`, such as `/3/0/9`. */
export function pathOptions(path: string, number: number = OPTIONS.uriPath): CoapOption[] {
  return path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => textOption(number, segment));
}
