import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../errors.ts';
import { decodePayload } from './decode-payload.ts';
import { encodePayload } from './encode-payload.ts';
import { DATA_TYPES, type Metric, type MetricValue, type PropertyValue } from './payload.ts';
import { oracleDecode, oracleEncode } from './testing/oracle.ts';

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

function decodedValue(wire: string, dataType?: number): MetricValue {
  const body = (dataType === undefined ? '' : `20 ${dataType.toString(16).padStart(2, '0')}`) + wire;
  const metric = bytesOf(body);
  const [first] = decodePayload(Buffer.concat([Buffer.from([0x12, metric.length]), metric])).metrics;
  return first!.value;
}

describe('vectors worked out by hand from the field numbers', () => {
  it('writes an NDEATH: bdSeq as Int64 and nothing else', () => {
    const death = encodePayload({ metrics: [{ name: 'bdSeq', dataType: DATA_TYPES.Int64, value: 3 }] });
    //      metric, 11 bytes · name, 5 bytes "bdSeq" · datatype 4 · long 3
    expect(hexOf(death)).toBe('120b' + '0a056264536571' + '2004' + '5803');
  });

  it('writes data in the alias form: no name, no datatype', () => {
    const metric = { alias: 7, timeMs: 1_700_000_000_000, dataType: DATA_TYPES.Double, value: 1 };
    const data = encodePayload(
      { timeMs: 1_700_000_000_000, seq: 200, metrics: [metric] },
      { omitTypes: true },
    );
    const time = '80d095ffbc31';
    expect(hexOf(data)).toBe(`08${time}1212100718${time}69000000000000f03f18c801`);
  });

  it('writes and reads a body of bytes, which the oracle sees too', () => {
    const bytes = encodePayload({ seq: 1, metrics: [], body: Uint8Array.of(1, 0, 255) });
    expect(hexOf(bytes)).toBe('18012a030100ff');
    expect([...decodePayload(bytes).body!]).toEqual([1, 0, 255]);
    expect([...oracleDecode(bytes).body]).toEqual([1, 0, 255]);
    expect(() => decodePayload(bytesOf('2a0501'))).toThrow(/past the end/);
  });

  it('writes the standard quality property as an Int32', () => {
    const metric = { alias: 1, dataType: DATA_TYPES.Boolean, value: true, properties: { Quality: 500 } };
    const bytes = encodePayload({ metrics: [metric] }, { omitTypes: true });
    expect(hexOf(bytes)).toBe(
      '1216' + '1001' + '4a10' + '0a075175616c697479' + '1205' + '0803' + '18f403' + '7001',
    );
  });

  it.each([
    ['Int8 −5 sent in 8 bits', '50 fb01', DATA_TYPES.Int8, -5],
    ['Int8 −5 sign-extended to 32 bits', '50 fbffffff0f', DATA_TYPES.Int8, -5],
    ['Int16 −5', '50 fbff03', DATA_TYPES.Int16, -5],
    ['Int32 −5', '50 fbffffff0f', DATA_TYPES.Int32, -5],
    ['Int32 −5 sign-extended to 64 bits', '50 fbffffffffffffffff01', DATA_TYPES.Int32, -5],
    ['Int32 −5 in the long field', '58 fbffffffffffffffff01', DATA_TYPES.Int32, -5],
    ['Int64 −5 in the integer field', '50 fbffffff0f', DATA_TYPES.Int64, -5],
    ['Int64 −5', '58 fbffffffffffffffff01', DATA_TYPES.Int64, -5],
    ['Int64 −2⁶³', '58 80808080808080808001', DATA_TYPES.Int64, -(2n ** 63n)],
    ['Int64 −(2⁵³−1)', '58 818080808080 80f0ff01', DATA_TYPES.Int64, -Number.MAX_SAFE_INTEGER],
    ['UInt64 2⁵³−1', '58 ffffffffffffff0f', DATA_TYPES.UInt64, Number.MAX_SAFE_INTEGER],
    ['UInt64 2⁵³', '58 8080808080808010', DATA_TYPES.UInt64, 2n ** 53n],
    ['UInt64 2⁶⁴−1', '58 ffffffffffffffffff01', DATA_TYPES.UInt64, 2n ** 64n - 1n],
    ['UInt32 2³²−5', '50 fbffffff0f', DATA_TYPES.UInt32, 4_294_967_291],
    ['Boolean in the integer field', '50 01', DATA_TYPES.Boolean, true],
    ['Float', '65 0000c03f', DATA_TYPES.Float, 1.5],
    ['an integer without a type is unsigned', '50 fbffffff0f', undefined, 4_294_967_291],
    ['a type that nobody knows', '50 05', 99, 5],
    ['is_null beside a value', '50 05 38 01', DATA_TYPES.Int32, null],
    ['no value at all', '', DATA_TYPES.Int32, null],
    ['the last of two values', '50 05 69 000000000000f03f', DATA_TYPES.Double, 1],
    ['bytes', '82 01 02 aabb', DATA_TYPES.Bytes, undefined],
    ['a data set', '8a 01 02 0801', DATA_TYPES.DataSet, undefined],
  ])('reads %s', (_what, wire, dataType, expected) => {
    expect(decodedValue(wire, dataType)).toEqual(expected);
  });

  it('takes the datatype of a bare metric from its birth', () => {
    const bare = bytesOf('12 08 10 09 50 fbffffff0f');
    expect(decodePayload(bare).metrics[0]!.value).toBe(4_294_967_291);
    const typeOf = ({ alias }: { alias?: number }) => (alias === 9 ? DATA_TYPES.Int32 : undefined);
    expect(decodePayload(bare, typeOf).metrics[0]).toEqual({ alias: 9, dataType: 3, value: -5 });
  });

  it('reads a datatype that stands behind its value', () => {
    expect(decodedValue('50 fbffffff0f 20 03')).toBe(-5);
  });
});

const int = (min: number, max: number) => fc.integer({ min, max });
const bigint64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(asDecoded);
const finite32 = fc.float({ noNaN: true });
const text = fc.string({ unit: 'grapheme', maxLength: 200 });

/** A 64-bit integer as the decoder gives it. */
function asDecoded(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

const typedValue: fc.Arbitrary<{ dataType: number; value: MetricValue }> = fc.oneof(
  fc.record({ dataType: fc.constant(DATA_TYPES.Int8), value: int(-128, 127) }),
  fc.record({ dataType: fc.constant(DATA_TYPES.Int16), value: int(-32_768, 32_767) }),
  fc.record({ dataType: fc.constant(DATA_TYPES.Int32), value: int(-(2 ** 31), 2 ** 31 - 1) }),
  fc.record({ dataType: fc.constant(DATA_TYPES.Int64), value: bigint64 }),
  fc.record({ dataType: fc.constant(DATA_TYPES.UInt32), value: int(0, 2 ** 31 - 1).map((n) => n * 2 + 1) }),
  fc.record({
    dataType: fc.constantFrom(DATA_TYPES.UInt64, DATA_TYPES.DateTime),
    value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(asDecoded),
  }),
  fc.record({ dataType: fc.constant(DATA_TYPES.Float), value: finite32 }),
  fc.record({ dataType: fc.constant(DATA_TYPES.Double), value: fc.double() }),
  fc.record({ dataType: fc.constant(DATA_TYPES.Boolean), value: fc.boolean() }),
  fc.record({ dataType: fc.constantFrom(DATA_TYPES.String, DATA_TYPES.Text), value: text }),
  fc.record({ dataType: int(1, 19), value: fc.constant(null) }),
);

const property: fc.Arbitrary<PropertyValue> = fc.oneof(
  text,
  fc.boolean(),
  fc.double({ noNaN: true }),
  int(-(2 ** 31), 2 ** 31 - 1),
  fc.constant(null),
);

const metric: fc.Arbitrary<Metric> = fc
  .tuple(
    typedValue,
    fc.record(
      {
        name: text,
        alias: fc.maxSafeNat(),
        timeMs: fc.maxSafeNat(),
        isHistorical: fc.constant(true),
        properties: fc.dictionary(text, property, { maxKeys: 4, noNullPrototype: false }),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([typed, rest]) => ({ ...rest, ...typed }));

const payload = fc.record({
  timeMs: fc.maxSafeNat(),
  seq: int(0, 255),
  metrics: fc.array(metric, { maxLength: 30 }),
});

describe('against another protobuf codec', () => {
  it('reads back whatever it wrote', () => {
    fc.assert(
      fc.property(payload, (original) => {
        expect(decodePayload(encodePayload(original))).toEqual(original);
      }),
    );
  });

  it('writes what the other reads', () => {
    fc.assert(
      fc.property(payload, (original) => {
        const theirs = oracleDecode(encodePayload(original));
        expect(Number(theirs.timestamp)).toBe(original.timeMs);
        expect(Number(theirs.seq)).toBe(original.seq);
        for (const [index, ours] of original.metrics.entries()) {
          const their = theirs.metrics[index];
          expect(their.name).toBe(ours.name);
          expect(their.alias).toBe(ours.alias?.toString());
          expect(their.datatype).toBe(ours.dataType);
          expect(theirValue(their, ours.dataType!)).toEqual(ours.value);
          expect(their.properties?.keys).toEqual(
            ours.properties && Object.keys(ours.properties).length > 0
              ? Object.keys(ours.properties)
              : undefined,
          );
        }
      }),
    );
  });

  it('reads what the other writes', () => {
    fc.assert(
      fc.property(payload, (original) => {
        const metrics = original.metrics.map((ours) => ({
          ...(ours.name === undefined ? {} : { name: ours.name }),
          datatype: ours.dataType,
          ...inTheirTerms(ours),
        }));
        const bytes = oracleEncode({ timestamp: String(original.timeMs), seq: original.seq, metrics });
        const expected = original.metrics.map(({ name, dataType, value }) =>
          name === undefined ? { dataType, value } : { name, dataType, value },
        );
        expect(decodePayload(bytes).metrics).toEqual(expected);
      }),
    );
  });
});

// biome-ignore lint/suspicious/noExplicitAny: the oracle's shape
function theirValue(metric: any, dataType: number): MetricValue {
  if (metric.isNull) return null;
  if (metric.intValue !== undefined) {
    const bits = { [DATA_TYPES.Int8]: 32, [DATA_TYPES.Int16]: 32, [DATA_TYPES.Int32]: 32 }[dataType];
    return bits ? metric.intValue | 0 : metric.intValue;
  }
  if (metric.longValue !== undefined) {
    const unsigned = BigInt(metric.longValue);
    return asDecoded(dataType === DATA_TYPES.Int64 ? BigInt.asIntN(64, unsigned) : unsigned);
  }
  return metric.floatValue ?? metric.doubleValue ?? metric.booleanValue ?? metric.stringValue;
}

function inTheirTerms({ dataType, value }: Metric): object {
  if (value === null) return { isNull: true };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (dataType === DATA_TYPES.Float) return { floatValue: value };
  if (dataType === DATA_TYPES.Double) return { doubleValue: value };
  if (typeof value === 'number' && dataType! <= 7 && dataType !== 4) return { intValue: value >>> 0 };
  return { longValue: BigInt.asUintN(64, BigInt(value!)).toString() };
}

describe('hostile bytes', () => {
  const refuse = (hex: string) => () => decodePayload(bytesOf(hex));

  it.each([
    ['a varint that never ends', '08 ffffffffffffffffffffff01', /longer than 10 bytes/],
    ['a number cut off', '08 80', /in the middle of a number/],
    ['a metric longer than the payload', '12 05 1001', /past the end/],
    ['a length of 2⁶³', '12 80808080808080808001', /past the end/],
    ['a name longer than its metric', '12 03 0a 05 41 4242424242', /past the end/],
    ['a double cut off', '12 04 69 000000', /past the end/],
    ['field number 0', '00 01', /number 0/],
    ['a group', '0b', /wire type 3/],
    ['an alias above 2⁵³', '12 0b 10 ffffffffffffffffff01', /2\^53/],
  ])('refuses %s', (_what, hex, words) => {
    expect(refuse(hex)).toThrow(words);
    expect(refuse(hex)).toThrow(SluiceError);
  });

  it('passes over unknown fields and known ones of a wrong wire type', () => {
    const strange = '09 0000000000000000' + '22 02 4142' + 'fa 7f 01 00' + '1d 00000000' + '1805';
    expect(decodePayload(bytesOf(strange))).toEqual({ seq: 5, metrics: [] });
  });

  it('does not look into nested templates, however deep', () => {
    let nested = Buffer.from([0x10, 0x01]);
    for (let depth = 0; depth < 20_000; depth++) {
      nested = Buffer.concat([Buffer.from([0x12]), varint(nested.length), nested]);
    }
    const template = Buffer.concat([Buffer.from([0x92, 0x01]), varint(nested.length), nested]);
    const bytes = Buffer.concat([Buffer.from([0x12]), varint(template.length), template]);
    expect(decodePayload(bytes).metrics).toEqual([{ value: undefined }]);
  });

  it('takes __proto__ for a property like any other', () => {
    const metric = { alias: 1, dataType: 11, value: true, properties: JSON.parse('{"__proto__":null}') };
    const decoded = decodePayload(encodePayload({ metrics: [metric] })).metrics[0]!;
    expect(Object.keys(decoded.properties!)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).engUnit).toBeUndefined();
  });

  it('leaves out nested property sets and values without a key', () => {
    const bytes = oracleEncode({
      metrics: [
        {
          alias: 1,
          properties: {
            keys: ['deep', 'unit'],
            values: [
              { type: 20, propertysetValue: { keys: ['x'], values: [] } },
              { type: 12, stringValue: '%' },
              { type: 12, stringValue: 'nobody' },
            ],
          },
        },
      ],
    });
    expect(decodePayload(bytes).metrics[0]!.properties).toEqual({ unit: '%' });
  });

  it('throws PAYLOAD_INVALID or nothing, whatever the bytes', () => {
    const mangled = fc.tuple(payload, fc.nat(), int(0, 255), fc.nat()).map(([original, at, byte, end]) => {
      const bytes = encodePayload(original);
      if (bytes.length === 0) return bytes;
      bytes[at % bytes.length] = byte;
      return bytes.subarray(0, 1 + (end % bytes.length));
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mangled), (bytes) => {
        try {
          decodePayload(bytes);
        } catch (error) {
          expect(error).toMatchObject({ code: 'PAYLOAD_INVALID' });
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('encoding', () => {
  it.each([
    ['a text as Double', { name: 'a/b', dataType: DATA_TYPES.Double, value: 'wet' }],
    ['a number as Boolean', { name: 'a/b', dataType: DATA_TYPES.Boolean, value: 1 }],
    ['a value without a datatype', { name: 'a/b', value: 1 }],
  ])('refuses %s and names the metric', (_what, wrong) => {
    expect(() => encodePayload({ metrics: [wrong] })).toThrow(/"a\/b"/);
  });

  it('hands out memory of its own, also for payloads larger than its buffer', () => {
    const metrics = Array.from({ length: 3_000 }, (_, alias) => ({
      name: `soil/moisture/p${alias}`,
      alias,
      dataType: DATA_TYPES.Double,
      value: alias / 7,
    }));
    const large = encodePayload({ metrics });
    const small = encodePayload({ seq: 1, metrics: metrics.slice(0, 1) });
    encodePayload({ seq: 2, metrics: metrics.slice(1, 2) });
    expect(decodePayload(large).metrics).toEqual(metrics);
    expect(decodePayload(small)).toEqual({ seq: 1, metrics: metrics.slice(0, 1) });
  });
});

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
