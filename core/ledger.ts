import { createHash } from 'node:crypto';
import { SluiceError } from './errors.ts';

/**
 * The ledger proves delivery end to end. A gateway numbers its readings 0, 1, 2 … in a ledger of its own, which lives
 * on its disk and has a random id; a data message carries the range of numbers that its metrics take, in order.
 * Ingest confirms numbers once they are settled for good: stored, or rejected for a reason that no repeat mends.
 * What is not confirmed the gateway sends again as historical; writing is idempotent, so a repeat is harmless. What it
 * had to drop it reports as a range, which is confirmed in the same way. A ledger id that was never seen begins anew.
 *
 *     NBIRTH  Ledger/Id    String  the ledger
 *             Ledger/First Int64   the oldest number that is not confirmed; equal to Next where there is none
 *             Ledger/Next  Int64   the number that the next reading will get
 *     DATA    body (Sparkplug payload field 5): one mark, below
 *     NCMD    Ledger/Confirm String  "<ledger> <first>-<last>[,<first>-<last>]…", numbers of readings, both ends in
 *
 * A mark is  version 1 (1 byte) · kind (1) · ledger id (8) · first (varint) · count (varint), and where kind is 1,
 * dropped, fromMs (varint) · toMs (varint): the time that the dropped readings span, UTC.
 *
 * The births and the readings of a gateway also say which table of names and aliases they go by, as a fingerprint of it
 * (6 bytes): in a reading's mark at its end, where older hosts pass it over, and in the body of a birth as
 * version 1 · kind 2 · fingerprint. A host that was away trusts the aliases that it knows only under the same
 * fingerprint. Gateways that tell none have to be born again.
 */
export interface LedgerMark {
  readonly kind: 'readings' | 'dropped';
  /** 16 hexadecimal digits. */
  readonly ledger: string;
  readonly first: number;
  /** At least 1. For `readings`, the number of metrics in the message. */
  readonly count: number;
  /** Both only for `dropped`. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Of the births that the aliases come from, 12 hexadecimal digits; only for `readings`, and only where it is told. */
  readonly births?: string;
}

export const LEDGER_METRICS = {
  id: 'Ledger/Id',
  first: 'Ledger/First',
  next: 'Ledger/Next',
  confirm: 'Ledger/Confirm',
} as const;

/** Numbers of readings, both ends included. */
export interface LedgerRange {
  readonly first: number;
  readonly last: number;
}

export interface LedgerConfirmation {
  readonly ledger: string;
  /** In ascending order, apart from each other. */
  readonly ranges: readonly LedgerRange[];
}

const VERSION = 1;
const KINDS = ['readings', 'dropped'] as const;
const BIRTH_KIND = 2;
/** One table in 2^48 would pass for another. */
const BIRTHS_BYTES = 6;
const LEDGER_ID = /^[0-9a-f]{16}$/;
/** A confirmation is one NCMD; whoever has more ranges sends several. */
export const MOST_RANGES = 256;

export function encodeMark({ kind, ledger, first, count, fromMs, toMs, births }: LedgerMark): Uint8Array {
  const bytes = [VERSION, KINDS.indexOf(kind), ...Buffer.from(ledger, 'hex')];
  for (const number of kind === 'dropped' ? [first, count, fromMs!, toMs!] : [first, count]) {
    let rest = number;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
    bytes.push(rest);
  }
  if (births !== undefined) bytes.push(...Buffer.from(births, 'hex'));
  return Uint8Array.from(bytes);
}

/** The body of a birth. `births` as `birthsFingerprint` makes it. */
export function encodeBirthMark(births: string): Uint8Array {
  return Uint8Array.from([VERSION, BIRTH_KIND, ...Buffer.from(births, 'hex')]);
}

/** The fingerprint in the body of a birth; `undefined` where there is none. */
export function decodeBirthMark(body: Uint8Array | undefined): string | undefined {
  if (body?.length !== 2 + BIRTHS_BYTES || body[0] !== VERSION || body[1] !== BIRTH_KIND) return undefined;
  return Buffer.from(body.subarray(2)).toString('hex');
}

/** 12 hexadecimal digits for everything that a gateway's births say of its metrics, whatever their values. */
export function birthsFingerprint(births: string): string {
  return createHash('sha256')
    .update(births)
    .digest('hex')
    .slice(0, 2 * BIRTHS_BYTES);
}

/** `undefined` for a body that is not ours; `PAYLOAD_INVALID` for a mark that is torn or cannot be. */
export function decodeMark(body: Uint8Array): LedgerMark | undefined {
  if (body.length < 12 || body[0] !== VERSION) return undefined;
  const kind = KINDS[body[1]!];
  if (!kind) return undefined;
  const invalid = (reason: string) =>
    new SluiceError('PAYLOAD_INVALID', { reason, offset: position, length: body.length });
  let position = 10;
  const number = () => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = body[position++];
      if (byte === undefined) throw invalid('a ledger mark ends in the middle of a number');
      value += (byte & 0x7f) * unit;
      if (!Number.isSafeInteger(value)) throw invalid('a number in a ledger mark is above 2^53 − 1');
      if (byte < 0x80) return value;
    }
  };
  const ledger = Buffer.from(body.subarray(2, 10)).toString('hex');
  const first = number();
  const count = number();
  if (count < 1 || !Number.isSafeInteger(first + count)) throw invalid('a ledger mark has no numbers');
  if (kind === 'readings') {
    // More behind it than a fingerprint is for versions to come.
    const rest = body.subarray(position);
    if (rest.length < BIRTHS_BYTES) return { kind, ledger, first, count };
    return {
      kind,
      ledger,
      first,
      count,
      births: Buffer.from(rest.subarray(0, BIRTHS_BYTES)).toString('hex'),
    };
  }
  return { kind, ledger, first, count, fromMs: number(), toMs: number() };
}

export function formatConfirmation({ ledger, ranges }: LedgerConfirmation): string {
  return `${ledger} ${ranges.map(({ first, last }) => `${first}-${last}`).join(',')}`;
}

/** `undefined` where the text is not a confirmation. */
export function parseConfirmation(text: string): LedgerConfirmation | undefined {
  const [ledger = '', list = '', ...rest] = text.split(' ');
  const parts = list.split(',');
  if (!LEDGER_ID.test(ledger) || rest.length > 0 || parts.length > MOST_RANGES) return undefined;
  const ranges: LedgerRange[] = [];
  for (const part of parts) {
    const match = /^(\d{1,16})-(\d{1,16})$/.exec(part);
    if (!match) return undefined;
    const [first, last] = [Number(match[1]), Number(match[2])];
    if (first > last || !Number.isSafeInteger(last)) return undefined;
    ranges.push({ first, last });
  }
  return { ledger, ranges };
}
