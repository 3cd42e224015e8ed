import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SluiceError } from '../errors.ts';
import { decodeContent, encodeContent } from './content.ts';
import { FORMATS } from './content-format.ts';
import { parseLinks } from './link-format.ts';
import { resourceType } from './objects.ts';
import { formatPath, type Path, parsePath } from './path.ts';
import { decodeTlv, encodeTlvInstance, encodeTlvMultiple, encodeTlvResource } from './tlv.ts';
import { RESOURCE_TYPES, readTextValue, readTlvValue, writeTlvValue } from './value.ts';

const bytes = (text: string) => Buffer.from(text.replace(/\s/g, ''), 'hex');
const content = (format: number | undefined, payload: Uint8Array, path: string) =>
  decodeContent({
    format,
    payload,
    path: parsePath(path) ?? [],
    typeOf: resourceType,
    nowMs: Date.UTC(2026, 10, 22),
  }).map((one) => [formatPath(one.path), one.value]);

/** LwM2M 1.0, section 6.4.3.1: the device object as a client answers to a read of /3/0. */
const DEVICE = bytes(`
  c80014 4f70656e204d6f62696c6520416c6c69616e6365
  c80116 4c69676874776569676874204d324d20436c69656e74
  c80209 333435303030313233
  c303 312e30
  8606 410001 410105
  880708 42000ed8 42011388
  8708 41007d 42010384
  c10964
  c10a0f
  830b 410000
  c40d 5182428f
  c60e 2b30323a3030
  c11055`);
const DEVICE_VALUES = [
  ['/3/0/0', 'Open Mobile Alliance'],
  ['/3/0/1', 'Lightweight M2M Client'],
  ['/3/0/2', '345000123'],
  ['/3/0/3', '1.0'],
  ['/3/0/6/0', 1],
  ['/3/0/6/1', 5],
  ['/3/0/7/0', 3800],
  ['/3/0/7/1', 5000],
  ['/3/0/8/0', 125],
  ['/3/0/8/1', 900],
  ['/3/0/9', 100],
  ['/3/0/10', 15],
  ['/3/0/11/0', 0],
  ['/3/0/13', 1367491215],
  ['/3/0/14', '+02:00'],
  ['/3/0/16', 'U'],
];

test('TLV: the example of the standard, bare and within its object instance', () => {
  expect(DEVICE).toHaveLength(121);
  expect(content(FORMATS.tlv, DEVICE, '/3/0')).toEqual(DEVICE_VALUES);
  // 6.4.3.2: 08 00 79 goes before it for a read of /3; some clients wrap /3/0 as well.
  const wrapped = Buffer.concat([bytes('080079'), DEVICE]);
  expect(content(FORMATS.tlv, wrapped, '/3')).toEqual(DEVICE_VALUES);
  expect(content(FORMATS.legacyTlv, wrapped, '/3/0')).toEqual(DEVICE_VALUES);
});

test('TLV: what clients send for one resource', () => {
  expect(content(FORMATS.tlv, bytes('c1 09 47'), '/3/0/9')).toEqual([['/3/0/9', 71]]);
  expect(content(FORMATS.tlv, bytes('e4 1644 41ac0000'), '/3303/0/5700')).toEqual([['/3303/0/5700', 21.5]]);
  expect(content(FORMATS.tlv, bytes('e8 1644 08 4035800000000000'), '/3303/0/5700')).toEqual([
    ['/3303/0/5700', 21.5],
  ]);
  // Resource instances without the resource around them.
  expect(content(FORMATS.tlv, bytes('4100 01 4101 05'), '/3/0/6')).toEqual([
    ['/3/0/6/0', 1],
    ['/3/0/6/1', 5],
  ]);
});

test('TLV: several instances of an object', () => {
  const one = encodeTlvInstance(0, [encodeTlvResource(5700, writeTlvValue(18.25, 'float'))]);
  const two = encodeTlvInstance(300, [encodeTlvResource(5700, writeTlvValue(-0.1, 'float'))]);
  expect(content(FORMATS.tlv, Buffer.concat([one, two]), '/3303')).toEqual([
    ['/3303/0/5700', 18.25],
    ['/3303/300/5700', -0.1],
  ]);
  const voltages = new Map([3800, 5000].map((value, id) => [id, writeTlvValue(value, 'integer')]));
  expect(Buffer.from(encodeTlvMultiple(7, voltages)).toString('hex')).toBe('88070842000ed842011388');
});

test.each([
  ['a value that is cut off', 'c4 09 47'],
  ['a length that is cut off', 'c8 09'],
  ['an instance in an instance', '0800 0408 0001 00'.replaceAll(' ', '')],
  ['a resource in a resource', '8306 c10001'],
  ['a resource instance in an object instance', '0300 410001'],
])('TLV: refused: %s', (_, wire) => {
  expect(() => decodeTlv(bytes(wire), [3, 0])).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID' }));
});

test('numbers of every length, signed; others are refused', () => {
  expect(readTlvValue(bytes('ff'), 'integer')).toBe(-1);
  expect(readTlvValue(bytes('ff9c'), 'integer')).toBe(-100);
  expect(readTlvValue(bytes('80000000'), 'integer')).toBe(-(2 ** 31));
  expect(readTlvValue(bytes('0000000100000000'), 'time')).toBe(2 ** 32);
  expect(readTlvValue(bytes('15'), 'float')).toBe(21);
  expect(() => readTlvValue(bytes('000000'), 'integer')).toThrow(SluiceError);
  expect(() => readTlvValue(bytes(''), 'float')).toThrow(SluiceError);
  expect(() => readTlvValue(bytes('02'), 'boolean')).toThrow(SluiceError);
  const hex = (value: number) => Buffer.from(writeTlvValue(value, 'integer')).toString('hex');
  expect([127, 128, -128, -129, 32_768, 2 ** 31].map(hex)).toEqual([
    '7f',
    '0080',
    '80',
    'ff7f',
    '00008000',
    '0000000080000000',
  ]);
});

test('text: numbers, booleans, and what is neither', () => {
  const text = (value: string, type: 'float' | 'boolean' | 'string') =>
    readTextValue(Buffer.from(value), type);
  expect(text('21.5', 'float')).toBe(21.5);
  expect(text('-1e3\n', 'float')).toBe(-1000);
  expect(text('1', 'boolean')).toBe(true);
  expect(text('0', 'boolean')).toBe(false);
  expect(() => text('', 'float')).toThrow(SluiceError);
  expect(() => text('0x10', 'float')).toThrow(SluiceError);
  expect(() => text('Infinity', 'float')).toThrow(SluiceError);
});

test('one value in every format that clients answer with', () => {
  const of = (format: number | undefined, payload: Uint8Array) => content(format, payload, '/3303/0/5700');
  const expected = [['/3303/0/5700', 21.5]];
  expect(of(FORMATS.text, Buffer.from('21.5'))).toEqual(expected);
  expect(of(undefined, Buffer.from('21.5'))).toEqual(expected);
  expect(of(FORMATS.cbor, bytes('f94d60'))).toEqual(expected);
  expect(of(FORMATS.senmlJson, Buffer.from('[{"bn":"/3303/0/5700","v":21.5}]'))).toEqual(expected);
  expect(of(FORMATS.senmlJson, Buffer.from('[{"bn":"/3303/0/","n":"5700","v":21.5}]'))).toEqual(expected);
  expect(of(FORMATS.senmlCbor, encodeContent(FORMATS.senmlCbor, [3303, 0, 5700], 21.5, 'float')!)).toEqual(
    expected,
  );
  expect(of(FORMATS.lwm2mJson, Buffer.from('{"bn":"/3303/0/5700","e":[{"v":21.5}]}'))).toEqual(expected);
  expect(of(FORMATS.legacyJson, Buffer.from('{"bn":"/3303/0/","e":[{"n":"5700","v":21.5}]}'))).toEqual(
    expected,
  );
  expect(() => of(9_999, Buffer.from('21.5'))).toThrow(/content format 9999/);
});

test('what is written: TLV, text and SenML', () => {
  const hex = (format: number, value: boolean | number) =>
    Buffer.from(encodeContent(format, [3306, 0, 5850], value, 'boolean')!).toString('hex');
  expect(hex(FORMATS.tlv, true)).toBe('e116da01');
  expect(hex(FORMATS.text, true)).toBe('31');
  expect(Buffer.from(hex(FORMATS.senmlJson, true), 'hex').toString()).toBe(
    '[{"bn":"/3306/0/5850","vb":true}]',
  );
  expect(encodeContent(FORMATS.link, [3306, 0, 5850], true, 'boolean')).toBeUndefined();
});

test('a registration in each form that clients were seen to send', () => {
  const parse = (text: string) => parseLinks(Buffer.from(text));
  const wakaama = parse('</>;rt="oma.lwm2m";ct=110,</1/0>,</3/0>,</10>;ver="1.1"');
  expect(wakaama).toMatchObject({ root: '', formats: [110], paths: ['/1/0', '/3/0', '/10'] });
  expect(wakaama.versions.get('/10')).toBe('1.1');
  expect(parse('</10>;ver=1.1').versions.get('/10')).toBe('1.1');
  expect(parse('</>;rt="oma.lwm2m";ct="60 110 112 11542 11543", </1/0>').formats).toEqual([
    60, 110, 112, 11542, 11543,
  ]);
  expect(parse('</lwm2m>;rt="oma.lwm2m",</lwm2m/3/0>,</lwm2m/3303/0>')).toMatchObject({
    root: '/lwm2m',
    paths: ['/3/0', '/3303/0'],
  });
  // An update names its objects below the root of the registration, with or without the link of the root.
  expect(parseLinks(Buffer.from('</lwm2m/3/0>'), '/lwm2m')).toMatchObject({ paths: ['/3/0'] });
  expect(parse('</3/0>;title="a, b; c",</3303>,</>;hb')).toMatchObject({ paths: ['/3/0', '/3303'] });
  expect(parse('</3/0>;a= ;b = "x" , </4/0>;c=')).toMatchObject({ paths: ['/3/0', '/4/0'] });
  expect(parse('')).toMatchObject({ paths: [] });
  expect(() => parse('3/0')).toThrow(SluiceError);
  expect(() => parse('</3/0')).toThrow(SluiceError);
  expect(() => parse('</1/0>,'.repeat(1_001))).toThrow(/1000 links/);
});

test('any bytes give values or an error of the catalogue, and soon', () => {
  const paths: Path[] = [[3], [3, 0], [3303, 0, 5700], [3, 0, 6, 0], []];
  const formats = [...Object.values(FORMATS), undefined, 7];
  const survives = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
    }
  };
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.constantFrom(...paths),
      fc.constantFrom(...formats),
      fc.constantFrom(...RESOURCE_TYPES),
      (payload, path, format, type) => {
        survives(() => decodeContent({ format, payload, path, typeOf: () => type, nowMs: 0 }));
        survives(() => parseLinks(payload));
        survives(() => parseLinks(Buffer.from(`</3/0>;${Buffer.from(payload).toString('latin1')}`)));
      },
    ),
    { numRuns: 3_000 },
  );
  // Text that a careless pattern would try in every way there is.
  const began = performance.now();
  survives(() => parseLinks(Buffer.from(`</3/0>${';a '.repeat(5_000)}<`)));
  survives(() => parseLinks(Buffer.from(`</3/0>${' '.repeat(50_000)}<`)));
  survives(() => parseLinks(Buffer.from(`</3/0>;b=${' '.repeat(50_000)}x"`)));
  survives(() => parseLinks(Buffer.from(`</3/0>;b=${' '.repeat(50_000)}"`)));
  survives(() => parseLinks(Buffer.from(`</3/0>${';b= '.repeat(15_000)}"`)));
  expect(performance.now() - began).toBeLessThan(1_000);
});
