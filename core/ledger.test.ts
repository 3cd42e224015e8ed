import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  birthsFingerprint,
  decodeBirthMark,
  decodeMark,
  encodeBirthMark,
  encodeMark,
  formatConfirmation,
  type LedgerMark,
  parseConfirmation,
} from './ledger.ts';

const ledger = '00112233445566ff';
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('a ledger mark', () => {
  it('is written as drawn', () => {
    expect(hex(encodeMark({ kind: 'readings', ledger, first: 300, count: 20 }))).toBe(`0100${ledger}ac0214`);
    const dropped = { kind: 'dropped', ledger, first: 0, count: 128, fromMs: 1, toMs: 127 } as const;
    expect(hex(encodeMark(dropped))).toBe(`0101${ledger}008001017f`);
    const births = 'a1b2c3d4e5f6';
    const told = { kind: 'readings', ledger, first: 300, count: 20, births } as const;
    expect(hex(encodeMark(told))).toBe(`0100${ledger}ac0214${births}`);
    expect(decodeMark(encodeMark(told))).toEqual(told);
    expect(hex(encodeBirthMark(births))).toBe(`0102${births}`);
    expect(decodeBirthMark(encodeBirthMark(births))).toBe(births);
  });

  it('comes back as it was, whatever its numbers', () => {
    const safe = fc.integer({ min: 0, max: 2 ** 52 });
    const count = fc.integer({ min: 1, max: 2 ** 40 });
    const mark = fc.oneof(
      fc.record({ kind: fc.constant('readings' as const), ledger: fc.constant(ledger), first: safe, count }),
      fc.record({
        kind: fc.constant('dropped' as const),
        ledger: fc.constant(ledger),
        first: safe,
        count,
        fromMs: safe,
        toMs: safe,
      }),
    );
    fc.assert(
      fc.property(mark, (one: LedgerMark) => {
        expect(decodeMark(encodeMark(one))).toEqual(one);
      }),
    );
  });

  it('passes over bodies of others, and refuses one that is torn', () => {
    expect(decodeMark(Buffer.from('hello, this is no mark'))).toBeUndefined();
    expect(decodeMark(Buffer.alloc(3))).toBeUndefined();
    expect(decodeMark(encodeBirthMark('a1b2c3d4e5f6'))).toBeUndefined();
    expect(decodeBirthMark(undefined)).toBeUndefined();
    expect(decodeBirthMark(encodeMark({ kind: 'readings', ledger, first: 0, count: 1 }))).toBeUndefined();
    const whole = encodeMark({ kind: 'readings', ledger, first: 2 ** 40, count: 300 });
    expect(() => decodeMark(whole.subarray(0, whole.length - 1))).toThrow(/middle of a number/);
    const none = Uint8Array.from([...encodeMark({ kind: 'readings', ledger, first: 5, count: 1 })]);
    none[none.length - 1] = 0;
    expect(() => decodeMark(none)).toThrow(/no numbers/);
  });
});

it('a fingerprint of births is short, and of these births only', () => {
  expect(birthsFingerprint('a')).toBe('ca978112ca1b');
  expect(birthsFingerprint('b')).not.toBe(birthsFingerprint('a'));
});

describe('a confirmation', () => {
  it('is readable, and read back', () => {
    const confirmation = {
      ledger,
      ranges: [
        { first: 0, last: 199 },
        { first: 240, last: 240 },
      ],
    };
    expect(formatConfirmation(confirmation)).toBe('00112233445566ff 0-199,240-240');
    expect(parseConfirmation(formatConfirmation(confirmation))).toEqual(confirmation);
  });

  it.each([
    '',
    ledger,
    `${ledger} `,
    `${ledger} 5-4`,
    `${ledger} 1-2,`,
    'x 1-2',
    `${ledger} 1-2 3-4`,
    `${ledger} -1-2`,
  ])('is not %j', (text) => expect(parseConfirmation(text)).toBeUndefined());
});
