import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CLOCK_STATES,
  clockOf,
  packStatus,
  QUALITIES,
  qualityOf,
  type Reading,
  seriesIdentity,
  seriesKey,
} from './reading.ts';
import { ReadingBatch, SeriesTable } from './reading-batch.ts';

const anyId = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
const anyReading: fc.Arbitrary<Reading> = fc
  .record({
    device: anyId,
    point: fc.oneof(fc.constant(''), anyId),
    value: fc.oneof(fc.double({ noNaN: true }), fc.string()),
    timeMs: fc.integer({ min: 0, max: 4e12 }),
    quality: fc.constantFrom(...QUALITIES),
    clock: fc.constantFrom(...CLOCK_STATES),
  })
  .map(({ device, point, ...rest }) => ({
    ...seriesKey({ measurement: 'soil', field: 'moisture', unit: '%', device, point }),
    ...rest,
  }));

const moisture = seriesKey({ measurement: 'soil', field: 'moisture', unit: '%', site: 'a', device: 'b' });

describe('a batch', () => {
  it('gives back every reading as it came, past any number of rows', () => {
    fc.assert(
      fc.property(fc.array(anyReading, { maxLength: 300 }), (readings) => {
        const batch = new ReadingBatch(new SeriesTable(), 1);
        for (const reading of readings) batch.pushReading(reading);
        expect(batch.length).toBe(readings.length);
        expect([...batch.readings()]).toEqual(readings);
      }),
    );
  });

  it('takes any stretch of rows from another', () => {
    fc.assert(
      fc.property(fc.array(anyReading, { maxLength: 100 }), fc.nat(100), fc.nat(100), (readings, a, b) => {
        const [from, to] = [Math.min(a, b, readings.length), Math.min(Math.max(a, b), readings.length)];
        const table = new SeriesTable();
        const source = new ReadingBatch(table);
        for (const reading of readings) source.pushReading(reading);
        const target = new ReadingBatch(table);
        target.pushRows(source, from, to);
        expect([...target.readings()]).toEqual(readings.slice(from, to));
      }),
    );
  });

  it('forgets texts and numbers alike when it is cleared', () => {
    const batch = new ReadingBatch(new SeriesTable());
    batch.pushReading({ ...moisture, value: 'wet', timeMs: 1, quality: 'good', clock: 'synced' });
    batch.clear();
    batch.pushReading({ ...moisture, value: 31, timeMs: 2, quality: 'good', clock: 'synced' });
    expect([...batch.readings()].map(({ value, timeMs }) => [value, timeMs])).toEqual([[31, 2]]);
  });
});

describe('a table of series', () => {
  it('numbers each identity once, from 0, in the order of coming', () => {
    const table = new SeriesTable();
    const other = { ...moisture, device: 'c' };
    expect([moisture, other, { ...moisture }].map((key) => table.intern(key).id)).toEqual([0, 1, 0]);
    expect(table.get(1)).toEqual({ ...other, id: 1 });
    expect([table.size, [...table].length]).toEqual([2, 2]);
    expect(() => table.get(2)).toThrow(RangeError);
  });

  it('keeps apart series that differ in any one tag, and no series by its unit', () => {
    const tags = ['site', 'gateway', 'device', 'point', 'zone', 'link', 'class'] as const;
    const identities = tags.map((tag) => {
      return seriesIdentity(seriesKey({ measurement: 'soil', field: 'moisture', unit: '%', [tag]: 'x' }));
    });
    expect(new Set(identities).size).toBe(tags.length);
    expect(seriesIdentity({ ...moisture, unit: '1' } as typeof moisture)).toBe(seriesIdentity(moisture));
  });
});

describe('quality and clock', () => {
  it('share a byte without mixing', () => {
    for (const quality of QUALITIES) {
      for (const clock of CLOCK_STATES) {
        const status = packStatus(quality, clock);
        expect([qualityOf(status), clockOf(status), status < 256]).toEqual([quality, clock, true]);
      }
    }
  });

  it('of a byte that nobody packed are the worst', () => {
    expect([qualityOf(3), clockOf(12)]).toEqual(['bad', 'unsynced']);
  });
});
