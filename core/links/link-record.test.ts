import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LatencyHistogram } from '../latency-histogram.ts';
import { decodeLinkRecord, encodeLinkRecord, type Flow, type LinkRecord, totalOf } from './link-record.ts';
import { isExact, type Measures, noMeasures } from './measures.ts';

const count = fc.nat({ max: 10_000 });
const histogram = fc.array(fc.double({ min: -1_000, max: 60_000, noNaN: true }), { maxLength: 20 });

function histogramOf(values: readonly number[]): LatencyHistogram {
  const made = new LatencyHistogram();
  for (const value of values) made.add(value);
  return made;
}

const flow = fc
  .record({
    sourcePort: fc.nat({ max: 65_535 }),
    ends: fc.tuple(count, count, count),
    invalid: fc.tuple(count, count, count),
    trips: histogram,
    others: fc.tuple(histogram, histogram, histogram),
    counts: fc.tuple(count, count, count, count, count),
    jitterNs: count,
  })
  .map(({ sourcePort, ends, invalid, trips, others, counts, jitterNs }): Flow => {
    const [lost, late, notSent] = ends;
    const [stall, clockStep, socket] = invalid;
    const [duplicates, reordered, lostForward, lostReturn, kernelStamped] = counts;
    const received = trips.length;
    const sum = stall + clockStep + socket;
    const scheduled = received + lost + late + notSent + sum;
    const [forward, back, variation] = others.map(histogramOf) as [
      LatencyHistogram,
      LatencyHistogram,
      LatencyHistogram,
    ];
    return {
      ...{ sourcePort, roundTrip: histogramOf(trips), forward, back, variation },
      account: { scheduled, received, lost, late, notSent, invalid: sum, excluded: 0 },
      invalidBy: { stall, clockStep, socket },
      ...{ duplicates, reordered, lostForward, lostReturn, kernelStamped },
      ...{ oneWayErrorMs: 0, jitterMs: jitterNs / 1e6 },
    };
  });

const record = fc
  .record({
    fromMs: fc.integer({ min: 1_577_836_800_000, max: 4_102_444_800_000 }),
    lastsMs: fc.integer({ min: 1, max: 300_000 }),
    flows: fc.array(flow, { minLength: 1, maxLength: 4 }),
    gaps: fc.array(fc.tuple(count, count, count), { maxLength: 3 }),
    ttl: fc.tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 }), count),
  })
  .map(({ fromMs, lastsMs, flows, gaps, ttl: [ttlForward, ttlReturn, pathChanges] }): LinkRecord => {
    const toMs = fromMs + lastsMs;
    const told = gaps.map(([at, lasts, probes]) => ({
      fromMs: fromMs + at,
      toMs: fromMs + at + lasts,
      probes,
    }));
    return { fromMs, toMs, flows, gaps: told, ttlForward, ttlReturn, pathChanges };
  });

/** Histograms hold nothing that can be compared but their bytes. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_, part) => (part instanceof LatencyHistogram ? part.toText() : part)),
  );
}

test('a record comes back as it was written', () => {
  fc.assert(
    fc.property(record, (one) => {
      expect(plain(decodeLinkRecord(encodeLinkRecord(one)))).toEqual(plain(one));
    }),
  );
});

test('the bytes are those of the description', () => {
  const measures: Measures = noMeasures();
  Object.assign(measures.account, { scheduled: 3, received: 1, lost: 2 });
  measures.roundTrip.add(20);
  measures.jitterMs = 0.5;
  const one: LinkRecord = {
    ...{ fromMs: 1_000, toMs: 61_000, ttlForward: 63, ttlReturn: 64, pathChanges: 1 },
    flows: [{ ...measures, sourcePort: 5 }],
    gaps: [{ fromMs: 1_500, toMs: 2_500, probes: 3 }],
  };
  const trip = Buffer.from(measures.roundTrip.toBytes());
  const empty = '020100';
  const expected = Buffer.concat([
    // version · 1000 · 60000 · 63 · 64 · 1, one gap: 500 · 1000 · 3, one flow: port 5
    Buffer.from('01e807e0d4033f4001' + '01f403e80703' + '0105', 'hex'),
    // 1 received, 2 lost · nothing invalid · no counts · no one-way error · jitter 500 000 ns
    Buffer.from('010200000000' + '000000' + '0000000000' + '00' + 'a0c21e', 'hex'),
    Buffer.from([trip.length]),
    trip,
    Buffer.from(empty.repeat(3), 'hex'),
  ]);
  expect(Buffer.from(encodeLinkRecord(one), 'base64').toString('hex')).toBe(expected.toString('hex'));
});

test('flows add up, and the sum is exact where they are', () => {
  fc.assert(
    fc.property(record, ({ flows }) => {
      expect(flows.every(isExact)).toBe(true);
      const total = totalOf({ flows });
      expect(isExact(total)).toBe(true);
      expect(total.account.lost).toBe(flows.reduce((sum, one) => sum + one.account.lost, 0));
    }),
  );
});

test('what is cut, goes on, or is something else is refused and named', () => {
  const text = encodeLinkRecord({
    ...{ fromMs: 1, toMs: 2, gaps: [], ttlForward: 0, ttlReturn: 0, pathChanges: 0 },
    flows: [{ ...noMeasures(), sourcePort: 0 }],
  });
  const bytes = Buffer.from(text, 'base64');
  for (let length = 0; length < bytes.length; length++)
    expect(() => decodeLinkRecord(bytes.subarray(0, length).toString('base64'))).toThrow(RangeError);
  const longer = Buffer.concat([bytes, Buffer.from([0])]).toString('base64');
  expect(() => decodeLinkRecord(longer)).toThrow(/goes on/);
  expect(() => decodeLinkRecord('AA==')).toThrow(/version 0/);
});

test('one that says it received more than it timed is refused: its figures would not hold', () => {
  const measures = noMeasures();
  measures.account.received = 2;
  measures.roundTrip.add(1);
  const text = encodeLinkRecord({
    ...{ fromMs: 1, toMs: 2, gaps: [], ttlForward: 0, ttlReturn: 0, pathChanges: 0 },
    flows: [{ ...measures, sourcePort: 0 }],
  });
  expect(() => decodeLinkRecord(text)).toThrow(/without a time/);
});
