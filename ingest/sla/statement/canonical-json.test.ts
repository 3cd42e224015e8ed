import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, canonicalPieces, type Json } from './canonical-json.ts';

test('writes the examples of RFC 8785', () => {
  // 3.2.2 and 3.2.4
  const sample = JSON.parse(
    String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
  );
  const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`;
  expect(canonicalJson(sample)).toBe(expected);
  // 3.2.3: by UTF-16 code units, so the emoji stands before what has a lower code point than it
  const names = ['\u20ac', '\r', '\ufb33', '1', '\u{1f600}', '\u0080', '\u00f6'];
  const sorted = Object.keys(JSON.parse(canonicalJson(Object.fromEntries(names.map((name) => [name, 1])))));
  expect(sorted).toEqual(['1', '\r', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33']);
});

test('writes numbers as appendix B does', () => {
  const bits = (hex: string) => Buffer.from(hex, 'hex').readDoubleBE();
  for (const [hex, text] of [
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
  ] as const)
    expect(canonicalJson(bits(hex))).toBe(text);
});

test('what has no such text is refused, and what is not there is left out', () => {
  expect(() => canonicalJson(Number.NaN)).toThrow(RangeError);
  expect(() => canonicalJson([Number.POSITIVE_INFINITY])).toThrow(RangeError);
  expect(() => canonicalJson({ '\ud800': 1 })).toThrow(RangeError);
  expect(() => canonicalJson('\udead')).toThrow(RangeError);
  expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
});

test('in pieces it is the same text, and reads back as the same value', async () => {
  const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 3 }) as fc.Arbitrary<Json>;
  const run = fc.asyncProperty(fc.dictionary(fc.string(), json), fc.array(json), async (object, list) => {
    const { several: _, ...others } = object;
    let text = '';
    for await (const piece of canonicalPieces(others, { several: each(list) })) text += piece;
    expect(text).toBe(canonicalJson({ ...others, several: list }));
    expect(canonicalJson(JSON.parse(text))).toBe(text);
  });
  await fc.assert(run, { numRuns: 50 });
});

async function* each<T>(list: readonly T[]): AsyncGenerator<T> {
  yield* list;
}
