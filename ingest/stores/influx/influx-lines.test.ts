import fc from 'fast-check';
import { expect, it } from 'vitest';
import { packStatus, seriesKey } from '../../../core/reading.ts';
import { batchOf, type Row } from '../contract.suite.ts';
import { RowReader } from '../rows.ts';
import { InfluxLines } from './influx-lines.ts';
import { decodeName, encodeField, encodeName } from './names.ts';

const KEY = { site: 'farm', gateway: 'g', device: 'd1', unit: '' };
const MOISTURE = seriesKey({ ...KEY, measurement: 'soil', field: 'moisture', zone: 'north' });
const EC = seriesKey({ ...KEY, measurement: 'soil', field: 'ec', zone: 'north' });
const BAD = packStatus('bad', 'unsynced');

function linesOf(batches: readonly (readonly Row[])[], explicitUntilMs = Number.NEGATIVE_INFINITY): string[] {
  const reader = new RowReader('influx');
  const lines = new InfluxLines(reader.table, () => explicitUntilMs);
  return batches.flatMap((rows) => {
    const read = reader.read(batchOf(rows));
    return [...lines.bodies(read)].flatMap(({ text }) => text.split(/\n(?!c")/));
  });
}

it('puts what one device said at one time into one line, with its tags in order', () => {
  const other = { ...MOISTURE, device: 'd2', zone: '' };
  expect(
    linesOf([
      [
        [MOISTURE, 5, 21.5],
        [other, 5, 1],
        [EC, 5, -0],
        [MOISTURE, 6, 1e21],
      ],
    ]),
  ).toEqual([
    'soil,device=d1,gateway=g,site=farm,zone=north moisture=21.5,ec=-0 5',
    'soil,device=d2,gateway=g,site=farm moisture=1 5',
    'soil,device=d1,gateway=g,site=farm,zone=north moisture=1e+21 6',
  ]);
});

it('writes a status where there is one, and where one may be left behind', () => {
  const head = 'soil,device=d1,gateway=g,site=farm,zone=north';
  expect(
    linesOf([
      [
        [EC, 5, 1],
        [EC, 6, 2, BAD],
      ],
      [
        [EC, 5, 3],
        [EC, 6, 4],
        [EC, 7, 5],
      ],
    ]),
  ).toEqual([
    `${head} ec=1 5`,
    `${head} ec=2,ec_status=${BAD}i 6`,
    `${head} ec=3,ec_status=0i 5`,
    `${head} ec=4,ec_status=0i 6`,
    `${head} ec=5 7`,
  ]);
  expect(
    linesOf(
      [
        [
          [EC, 5, 1],
          [EC, 6, 2],
        ],
      ],
      5,
    ),
  ).toEqual([`${head} ec=1,ec_status=0i 5`, `${head} ec=2 6`]);
});

it('keeps two values of one field at one time apart, in their order', () => {
  const head = 'soil,device=d1,gateway=g,site=farm,zone=north';
  expect(
    linesOf([
      [
        [EC, 5, 1],
        [EC, 5, 2],
      ],
    ]),
  ).toEqual([`${head} ec=1 5`, `${head} ec=2 5`]);
});

it('cuts a large batch into bodies that hold every value once, those of one series and time in their order', () => {
  const keys = Array.from({ length: 6 }, (_, n) => ({
    ...MOISTURE,
    device: `d${n >> 1}`,
    field: `f${n & 1}`,
  }));
  const row = fc.tuple(fc.nat(5), fc.constantFrom(5, 6, 7), fc.nat(99), fc.constantFrom(0, 0, 0, BAD));
  const rows = fc.array(row, { minLength: 1, maxLength: 40, size: 'max' });
  fc.assert(
    fc.property(rows, fc.constantFrom(1, 500), (some, repeats) => {
      const all = Array.from({ length: repeats }, () => some).flat();
      const reader = new RowReader('influx');
      const read = reader.read(batchOf(all.map(([key, ...rest]): Row => [seriesKey(keys[key]!), ...rest])));
      const bodies = [...new InfluxLines(reader.table, () => Number.NEGATIVE_INFINITY).bodies(read)];
      let next = 0;
      const found = bodies.flatMap(({ text, from, to }) => {
        expect(from).toBe(next);
        next = to;
        const lines = text.split('\n');
        expect(lines.length).toBeLessThanOrEqual(5_000);
        return lines.flatMap((line) => {
          const [head, fields = '', timeMs] = line.split(' ');
          const values = fields.split(',').filter((field) => !field.includes('_status'));
          return values.map((field) => `${head} ${timeMs} ${field}`);
        });
      });
      expect(next).toBe(all.length);
      const sent = all.map(([key, timeMs, value]) => {
        const { device, field } = keys[key]!;
        return `soil,device=${device},gateway=g,site=farm,zone=north ${timeMs} ${field}=${value}`;
      });
      const placeOf = (line: string) => line.slice(0, line.indexOf('=', line.lastIndexOf(' ')));
      expect(Object.groupBy(found, placeOf)).toEqual(Object.groupBy(sent, placeOf));
    }),
    { numRuns: 60 },
  );
});

it('gives a text that is longer than a body may be one to itself', () => {
  const long = 'x'.repeat(3_000_000);
  const reader = new RowReader('influx');
  const rows = reader.read(
    batchOf([
      [EC, 5, 1],
      [EC, 6, long],
      [MOISTURE, 6, long],
      [EC, 7, 2],
    ]),
  );
  const bodies = [...new InfluxLines(reader.table, () => Number.NEGATIVE_INFINITY).bodies(rows)];
  expect(bodies.map(({ from, to }) => [from, to])).toEqual([
    [0, 2],
    [2, 4],
  ]);
});

it('writes texts beside numbers, and escapes what would end them', () => {
  const odd = seriesKey({ ...KEY, measurement: 'my, soil', field: 'a b,c=d "e"' });
  expect(linesOf([[[odd, 5, 'say "a\\b"\nc']]])).toEqual([
    'my\\,\\ soil,device=d1,gateway=g,site=farm a\\ b\\,c\\=d\\ "e"_text="say \\"a\\\\b\\"\nc",a\\ b\\,c\\=d\\ "e"_status=16i 5',
  ]);
});

it('gives names back, and leaves ordinary ones alone', () => {
  for (const name of ['moisture', '土壤 湿度', '100%', 'a.b/c', '"x"']) expect(encodeField(name)).toBe(name);
  expect(['time', 'zone', 'x_status', 'x_text', 'a\\b', '#x', '%41'].map(encodeField)).toEqual([
    'tim%65',
    'zon%65',
    'x_statu%73',
    'x_tex%74',
    'a%5Cb',
    '%23x',
    '%2541',
  ]);
  const name = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[%\\#2345AFtime_statusx]*$/));
  fc.assert(
    fc.property(name, (one) => decodeName(encodeField(one)) === one && decodeName(encodeName(one)) === one),
  );
});
