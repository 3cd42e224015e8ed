import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SluiceError } from '../errors.ts';
import { converter } from '../units.ts';
import { resolveRecords } from './resolve-records.ts';
import { decodeSenmlCbor, encodeSenmlCbor } from './senml-cbor.ts';
import { decodeSenmlJson, encodeSenmlJson } from './senml-json.ts';
import { unitOfSenml } from './unit.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const json = (pack: unknown) => decodeSenmlJson(Buffer.from(JSON.stringify(pack)));
const resolve = (pack: unknown) => resolveRecords(json(pack), NOW_MS);

test('RFC 8428, 5.1.2: base name, base time and relative times', () => {
  const pack = [
    {
      bn: 'urn:dev:ow:10e2073a0108006:',
      bt: 1.276020076001e9,
      bu: 'A',
      bver: 5,
      n: 'voltage',
      u: 'V',
      v: 120.1,
    },
    { n: 'current', t: -5, v: 1.2 },
    { n: 'current', t: 0, v: 1.7 },
  ];
  const name = 'urn:dev:ow:10e2073a0108006:current';
  expect(resolve(pack)).toMatchObject([
    { name: 'urn:dev:ow:10e2073a0108006:voltage', unit: 'V', value: 120.1, timeMs: 1276020076001 },
    { name, unit: 'A', value: 1.2, timeMs: 1276020071001 },
    { name, unit: 'A', value: 1.7, timeMs: 1276020076001 },
  ]);
});

test('RFC 8428, 6: the pack of the CBOR example, from the bytes that it prints', () => {
  // The first three of its seven records, so the list begins with 83 in place of 87.
  const wire = Buffer.from(
    `83
     a721 781b 75726e3a6465763a6f773a313065323037336130313038303036 3a
     22 fb41d303a15b00106223614120050067766f6c7461676501615602fb405e066666666666
     a3 006763757272656e740624 02fb3ff3333333333333
     a3 006763757272656e740623 02fb3ff4cccccccccccd`.replace(/\s/g, ''),
    'hex',
  );
  expect(resolveRecords(decodeSenmlCbor(wire), NOW_MS)).toMatchObject([
    { name: 'urn:dev:ow:10e2073a0108006:voltage', unit: 'V', value: 120.1, timeMs: 1276020076001 },
    { name: 'urn:dev:ow:10e2073a0108006:current', unit: 'A', value: 1.2, timeMs: 1276020071001 },
    { value: 1.3, timeMs: 1276020072001 },
  ]);
});

test('a time under 2^28 s is relative to now; none means when it was sent', () => {
  expect(resolve([{ n: 'a', t: -60, v: 1 }])[0]!.timeMs).toBe(NOW_MS - 60_000);
  expect(resolve([{ n: 'a', v: 1 }])[0]!.timeMs).toBeUndefined();
  expect(resolve([{ bt: 268_435_456, n: 'a', v: 1 }])[0]!.timeMs).toBe(268_435_456_000);
});

test('base value and base sum are added; a record of base fields alone is none', () => {
  const pack = [
    { bn: 'm:', bv: 20, bs: 100, bu: 'Cel' },
    { n: 'a', v: 1.5 },
    { n: 'b', s: 5 },
    { n: 'c', vb: true },
  ];
  expect(resolve(pack)).toMatchObject([
    { name: 'm:a', value: 21.5, sum: 100, unit: 'Cel' },
    { name: 'm:b', value: 20, sum: 105 },
    { name: 'm:c', value: true },
  ]);
});

test('names of LwM2M, in the ways that clients split them', () => {
  const names = (pack: unknown) => resolve(pack).map(({ name }) => name);
  expect(names([{ bn: '/3/0/', n: '0', vs: 'x' }])).toEqual(['/3/0/0']);
  expect(names([{ bn: '/3/0', n: '/0', vs: 'x' }])).toEqual(['/3/0/0']);
  expect(names([{ n: '/3/0/0', vs: 'x' }])).toEqual(['/3/0/0']);
  // What a client sent for /3/0/9 (standards: −2 is bn, 2 is v).
  const wire = Buffer.from('81a221662f332f302f390200', 'hex');
  expect(resolveRecords(decodeSenmlCbor(wire), NOW_MS)).toMatchObject([{ name: '/3/0/9', value: 0 }]);
});

test.each([
  ['no list', {}],
  ['a record that is none', [1]],
  ['a value of another kind', [{ n: 'a', v: '1' }]],
  ['two values', [{ n: 'a', v: 1, vs: 'x' }]],
  ['no value', [{ n: 'a' }]],
  ['no name', [{ v: 1 }]],
  ['a name with a blank', [{ n: 'a b', v: 1 }]],
  ['a field that must be understood', [{ n: 'a', v: 1, secret_: 2 }]],
  ['a version that is not out yet', [{ bver: 11, n: 'a', v: 1 }]],
])('refused: %s', (_, pack) => {
  expect(() => resolve(pack)).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID' }));
});

test('fields that are not known are passed over, and so are those of an object’s prototype', () => {
  expect(resolve([{ n: 'a', v: 1, battery: 5, constructor: 'x' }])).toHaveLength(1);
});

test('both forms keep what they are given, data and large numbers too', () => {
  const pack = [
    { bn: 'd:', bt: 1_700_000_000.25, n: 'a', u: 'Cel', v: 21.5 },
    { n: 'b', vs: '泵' },
    { n: 'c', vb: false },
    { n: 'd', v: 2 ** 40 },
    { n: 'e', vd: Uint8Array.of(0, 255, 62) },
  ];
  const plain = (decoded: readonly { vd?: Uint8Array }[]) =>
    decoded.map(({ vd, ...rest }) => (vd ? { ...rest, vd: [...vd] } : rest));
  expect(plain(decodeSenmlJson(encodeSenmlJson(pack)))).toEqual(plain(pack));
  expect(plain(decodeSenmlCbor(encodeSenmlCbor(pack)))).toEqual(plain(pack));
});

test('a decimal fraction is a number; other tags are none', () => {
  // 4([-2, 2150]) is 21.5 (RFC 8949, 3.4.4).
  const record = (value: string) => Buffer.from(`81a2006161 02${value}`.replaceAll(' ', ''), 'hex');
  expect(decodeSenmlCbor(record('c4822119 0866'.replace(' ', '')))).toEqual([{ n: 'a', v: 21.5 }]);
  // 35 is a regular expression: nothing is built of it.
  expect(() => decodeSenmlCbor(record('d8236161'))).toThrow(SluiceError);
});

test('hostile CBOR costs an error, at once: lengths that lie, nesting, lists without end', () => {
  const began = performance.now();
  for (const wire of [
    '9bffffffffffffffff',
    '9a00ffffff',
    'bbffffffffffffffff',
    '5b00000000ffffffff41',
    '7bffffffffffffffff',
    '81'.repeat(50_000),
    '9f'.repeat(50_000),
    'c1'.repeat(50_000),
    `9f${'a0'.repeat(100_000)}ff`,
    '',
    'ff',
    'f6',
  ]) {
    expect(() => decodeSenmlCbor(Buffer.from(wire, 'hex'))).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_INVALID' }),
    );
  }
  // Milliseconds on an idle machine; what this bounds is work that multiplies, which would take minutes.
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('a value that is no number costs itself, and not the pack', () => {
  // [{n: "a", v: NaN in two bytes}, {n: "b", v: 1}], lists and maps without lengths, as Anjay may send them.
  const wire = Buffer.from('9fbf00616102f97e00ffbf00616202f93c00ffff', 'hex');
  expect(resolveRecords(decodeSenmlCbor(wire), NOW_MS).map(({ value }) => value)).toEqual([Number.NaN, 1]);
});

test('hostile JSON likewise', () => {
  for (const text of [
    '[',
    '['.repeat(100_000),
    '[{"n":"a","t":1e999,"v":1}]',
    '"x"',
    'null',
    '[null]',
    '\u0000',
  ]) {
    expect(() => decodeSenmlJson(Buffer.from(text))).toThrow(
      expect.objectContaining({ code: 'PAYLOAD_INVALID' }),
    );
  }
  expect(() => decodeSenmlJson(Uint8Array.of(0xff, 0xfe))).toThrow(SluiceError);
  expect(() => decodeSenmlJson(Buffer.alloc(10), { maxBytes: 9, maxRecords: 1 })).toThrow(
    /more than 9 bytes/,
  );
});

test('any bytes give records or an error of the catalogue', () => {
  const survives = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
    }
  };
  const field = fc.oneof(fc.double(), fc.string(), fc.boolean(), fc.constant(null), fc.constant([]));
  const label = fc.constantFrom('bn', 'bt', 'bu', 'bv', 'bs', 'n', 'u', 'v', 'vs', 'vb', 's', 't', 'x');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.dictionary(label, field)), (bytes, pack) => {
      survives(() => resolveRecords(decodeSenmlCbor(bytes), NOW_MS));
      survives(() =>
        resolveRecords(decodeSenmlCbor(Buffer.concat([Uint8Array.of(0x81, 0xa2), bytes])), NOW_MS),
      );
      survives(() => resolve(pack));
    }),
    { numRuns: 1_000 },
  );
});

test('units of SenML in our names, and from there in ours', () => {
  const convert = (unit: string, to: string, value: number) => converter(unitOfSenml(unit), to)!(value);
  expect(convert('Cel', '°C', 21.5)).toBe(21.5);
  expect(convert('%RH', '%', 55)).toBe(55);
  expect(convert('/100', '%', 55)).toBe(55);
  // By the standard "%" is a ratio.
  expect(convert('%', '%', 0.25)).toBe(25);
  expect(convert('S/m', 'µS/cm', 0.12)).toBeCloseTo(1200);
  expect(convert('l/s', 'L/min', 2)).toBe(120);
  expect(convert('l', 'm³', 500)).toBe(0.5);
  expect(convert('Pa', 'kPa', 101_325)).toBeCloseTo(101.325);
  expect(convert('m3', 'm³', 7)).toBe(7);
  expect(convert('dBW', 'dBm', -60)).toBe(-30);
  expect(unitOfSenml('toString')).toBe('toString');
});
