import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeMark } from '../../core/ledger.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { oracleEncode } from '../../core/sparkplug/testing/oracle.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { Accounting } from '../pipeline/accounting.ts';
import { LiveFilter } from '../pipeline/live-filter.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { RefusalLog } from '../pipeline/refusal-log.ts';
import { EdgeMessages } from '../testing/edge-messages.ts';
import { KeptLog } from '../testing/kept-log.ts';
import type { HostEffect } from './host-effect.ts';
import { stepHost } from './host-session.ts';
import { createHostState, type HostState, type MetricTable } from './host-state.ts';
import { PlainReadings, readPlainData } from './plain-data.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const OPTIONS = {
  hostId: 'sluice',
  reorderMs: 2_000,
  silenceMs: 60_000,
  rebirthIntervalMs: 10_000,
  rebirthsPerS: 50,
  maxGateways: 10,
  maxSeriesPerGateway: 100,
};
const TYPES = [
  DATA_TYPES.Double,
  DATA_TYPES.Float,
  DATA_TYPES.Int32,
  DATA_TYPES.Boolean,
  DATA_TYPES.String,
  DATA_TYPES.Double,
];

/** A host that knows aliases 1 to 6 of the device `d` by the types above, and 7 as two metrics. */
function born(): { state: HostState; table: MetricTable } {
  const state = createHostState(OPTIONS);
  step(state, 'NBIRTH', encodePayload({ seq: 0, metrics: [] }));
  const metrics: Metric[] = TYPES.map((dataType, n) => ({
    ...{ name: `irrigation/pressure/p${n}`, alias: n + 1, dataType, value: null },
  }));
  const twice = { alias: 7, dataType: DATA_TYPES.Double, value: null };
  const birth = [...metrics, { ...twice, name: 'a' }, { ...twice, name: 'b' }];
  step(state, 'DBIRTH', encodePayload({ seq: 1, metrics: birth }), 'd');
  return { state, table: state.nodes.get('farm/g')!.devices.get('d')!.metrics };
}

function step(state: HostState, type: string, bytes: Uint8Array, device?: string): HostEffect[] {
  const topic = `spBv1.0/farm/${type}/g${device === undefined ? '' : `/${device}`}`;
  return stepHost(state, { kind: 'message', topic, bytes, at: { nowMs: NOW_MS, monotonicMs: 0 } });
}

const number = fc.oneof(
  fc.double(),
  fc.double({ min: -1e3, max: 1e3, noNaN: true }),
  fc.constantFrom(20, -0, 1e308),
);
const plainMetric = fc.record(
  {
    alias: fc.constantFrom(1, 2, 6),
    timestamp: fc.oneof(fc.nat().map(String), fc.constantFrom(`${NOW_MS}`, '18446744073709551615', '0')),
    isHistorical: fc.boolean(),
    doubleValue: number,
  },
  { requiredKeys: ['alias', 'doubleValue'] },
);
const anyMetric = fc.oneof(
  { weight: 12, arbitrary: plainMetric },
  fc.record({ alias: fc.nat(9), floatValue: number }),
  fc.record(
    {
      alias: fc.nat(70_000),
      name: fc.constantFrom('irrigation/pressure/p0', 'new'),
      datatype: fc.nat(20),
      intValue: fc.nat(),
      isNull: fc.boolean(),
      properties: fc.constant({ keys: ['Quality'], values: [{ type: 3, intValue: 0 }] }),
    },
    { requiredKeys: [] },
  ),
);
const payload = fc.record(
  {
    timestamp: fc.oneof(fc.constant(`${NOW_MS}`), fc.bigInt(0n, 2n ** 64n - 1n).map(String)),
    seq: fc.nat(300).map(String),
    body: fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc
        .nat(4)
        .map((count) =>
          encodeMark({ kind: 'readings', ledger: '0123456789abcdef', first: 7, count: count + 1 }),
        ),
    ),
    metrics: fc.array(anyMetric, { maxLength: 5 }),
  },
  { requiredKeys: ['metrics'] },
);
/** Payloads as they are, and with bytes changed, left out or put in. */
const bytes = fc
  .tuple(
    payload,
    fc.array(fc.tuple(fc.nat(200), fc.nat(255), fc.constantFrom('set', 'cut', 'add')), { maxLength: 2 }),
  )
  .map(([said, changes]) => {
    const list = [...oracleEncode(said)];
    for (const [at, byte, how] of changes)
      list.splice(at, how === 'add' ? 0 : 1, ...(how === 'cut' ? [] : [byte]));
    return Uint8Array.from(list);
  });

/** Of pressures, so that some are out of range; some times cannot be right. */
const takenBytes = fc
  .array(
    fc.record(
      {
        alias: fc.constantFrom(1, 2, 6),
        timestamp: fc.constantFrom(
          ...[0, -2, -1, 1, 2, 301_000].map((atMs) => `${NOW_MS + atMs}`),
          ...['0', `${NOW_MS - 1_000_000}`],
        ),
        doubleValue: fc.oneof({ weight: 8, arbitrary: fc.constantFrom(1, 20.5, -0) }, number),
        isHistorical: fc.boolean(),
      },
      { requiredKeys: ['alias', 'doubleValue'] },
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((metrics) => oracleEncode({ metrics }));

/** A pipeline with room for 20 readings, over a store that keeps the first batch waiting for ever. */
class Taken {
  readonly accounting = new Accounting();
  readonly written: unknown[] = [];
  readonly live: unknown[] = [];
  readonly pipeline: Pipeline;

  constructor() {
    const clock = new FakeClock(NOW_MS);
    const config = { flushReadings: 8, flushMs: 250, maxPendingReadings: 20, maxAheadS: 300 };
    const { log } = new KeptLog();
    const listener = { taken: (readings: readonly unknown[]) => void this.live.push(readings), stored() {} };
    const live = new LiveFilter(listener, 900, { store: { last: async () => [] }, clock });
    this.pipeline = new Pipeline(
      { ...config, maxSeriesPerGateway: 2 },
      {
        store: {
          write: (batch) => {
            this.written.push([...batch.readings()]);
            return new Promise(() => {});
          },
        },
        ledger: { find: () => undefined, settle() {}, drop() {}, confirmAgain() {} },
        events: { keep() {} },
        letters: { keep() {}, flush() {} },
        live,
        ...{ accounting: this.accounting, refusals: new RefusalLog(log, clock), clock, log },
      },
    );
  }
}

describe('plain data', () => {
  test('is what nearly every data message is', () => {
    const { table } = born();
    const edge = new EdgeMessages('farm', 'g');
    for (let n = 0; n < 6; n++) edge.aliasOf(`p${n}`);
    const metrics = [0, 1, 5].map((n) => ({
      name: `p${n}`,
      dataType: TYPES[n]!,
      value: n + 0.5,
      timeMs: NOW_MS + n,
    }));
    const data = readPlainData(edge.data('d', metrics).bytes, table)!;
    expect(data.values).toEqual([0.5, 1.5, 5.5]);
    expect(data.timesMs).toEqual([NOW_MS, NOW_MS + 1, NOW_MS + 5]);
    expect(data.places.map(({ definition }) => definition.name)).toEqual(
      [0, 1, 5].map((n) => `irrigation/pressure/p${n}`),
    );
  });

  test('is, column by column, what the general decoder makes of the same bytes, whatever they are', () => {
    const { table } = born();
    let plain = 0;
    fc.assert(
      fc.property(bytes, (some) => {
        const data = readPlainData(some, table);
        if (!data) return;
        plain++;
        const general = decodePayload(some, ({ alias }) => TYPES[alias! - 1]);
        expect({ timeMs: data.timeMs, seq: data.seq, body: data.body && [...data.body] }).toEqual({
          ...{ timeMs: general.timeMs, seq: general.seq, body: general.body && [...general.body] },
        });
        expect(data.metrics).toEqual(general.metrics);
        expect(data.isHistorical).toBe(general.metrics[0]!.isHistorical ?? false);
        expect(data.values).toEqual(general.metrics.map(({ value }) => value));
        expect(data.timesMs).toEqual(general.metrics.map(({ timeMs }) => timeMs ?? Number.NaN));
        for (const [index, { alias, name, value, properties }] of general.metrics.entries()) {
          expect(data.places[index]!.definition).toBe(table.byAlias.get(alias!));
          expect([name, properties, typeof value]).toEqual([undefined, undefined, 'number']);
        }
      }),
      { numRuns: 3_000 },
    );
    expect(plain).toBeGreaterThan(150);
  });

  test('changes nothing of what the session says: readings, marks and refusals', () => {
    fc.assert(
      fc.property(bytes, (some) => {
        // A field that nobody knows makes the general decoder read the same message.
        const general = Uint8Array.from([0xa0, 0x06, 0x01, ...some]);
        expect(shown(step(born().state, 'DDATA', some, 'd'))).toEqual(
          shown(step(born().state, 'DDATA', general, 'd')),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  test('is taken by the pipeline as its metrics would be one by one: what is stored, live, refused, dropped and counted', () => {
    let told = 0;
    fc.assert(
      fc.property(fc.array(takenBytes, { maxLength: 12 }), (messages) => {
        const [columns, oneByOne] = [new Taken(), new Taken()];
        const { table } = born();
        for (const some of messages) {
          const plain = readPlainData(some, table);
          if (!plain) continue;
          const incoming = new PlainReadings({ site: 'farm', gateway: 'g' }, plain, NOW_MS, undefined);
          const { metrics, definitions, site, gateway, defaultTimeMs, isBirth } = incoming;
          oneByOne.pipeline.take({ site, gateway, metrics, definitions, defaultTimeMs, isBirth });
          columns.pipeline.take(incoming);
        }
        expect(columns.written).toEqual(oneByOne.written);
        expect(columns.live).toEqual(oneByOne.live);
        if (columns.live.length > 0) told++;
        expect(columns.accounting.counters()).toEqual(oneByOne.accounting.counters());
      }),
      { numRuns: 300 },
    );
    expect(told).toBeGreaterThan(50);
  });

  test('an alias that is given anew, or twice, no longer stands for what it did', () => {
    const { state, table } = born();
    const data = encodePayload(
      { metrics: [{ alias: 1, dataType: DATA_TYPES.Double, value: 1 }] },
      { omitTypes: true },
    );
    expect(readPlainData(data, table)).toBeDefined();
    const again = { name: 'other', alias: 1, dataType: DATA_TYPES.Double, value: 2 };
    step(state, 'DDATA', encodePayload({ seq: 2, metrics: [again] }), 'd');
    expect(readPlainData(data, table)).toBeUndefined();
  });
});

/** Without the words of a payload that cannot be read, which say how long it is. */
function shown(effects: readonly HostEffect[]): unknown[] {
  return effects.map((effect) => {
    if (effect.kind === 'refused') return [effect.error.code, effect.readings];
    if (effect.kind !== 'readings') return effect;
    const { site, gateway, metrics, definitions, defaultTimeMs, isBirth, numbered } = effect;
    return {
      site,
      gateway,
      metrics,
      names: definitions.map(({ name }) => name),
      defaultTimeMs,
      isBirth,
      numbered,
    };
  });
}
