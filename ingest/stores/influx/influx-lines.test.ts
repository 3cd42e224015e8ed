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
    return lines.write(read, rows.keys()).map(({ text }) => text);
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
