import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { EVENT_METRIC } from '../../core/gateway-event.ts';
import { clockOf, qualityOf, setTags } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import { DATA_TYPES, type Metric, type PropertyValue } from '../../core/sparkplug/payload.ts';
import { FakeClock, settle } from '../../core/testing/fake-clock.ts';
import type { MetricDefinition } from '../session/host-state.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { MemoryStore } from '../testing/memory-store.ts';
import { Accounting } from './accounting.ts';
import { Pipeline } from './pipeline.ts';
import { RefusalLog } from './refusal-log.ts';

const CONFIG = {
  flushReadings: 100,
  flushMs: 250,
  maxPendingReadings: 1_000,
  maxAheadS: 300,
  maxSeriesPerGateway: 50,
};

class Bench {
  readonly clock = new FakeClock();
  readonly store = new MemoryStore();
  readonly kept = new KeptLog();
  readonly accounting = new Accounting();
  readonly pipeline: Pipeline;
  readonly #definitions = new Map<string, MetricDefinition>();

  /** Where the device stands that has no zone by its birth. */
  placed = '';

  constructor(config: Partial<typeof CONFIG> = {}) {
    const refusals = new RefusalLog(this.kept.log, this.clock);
    const unnumbered = {
      ledger: { find: () => undefined, settle() {}, drop() {}, confirmAgain() {} },
      events: { keep() {} },
      letters: { keep() {}, flush() {} },
    };
    const parts = {
      store: this.store,
      accounting: this.accounting,
      refusals,
      clock: this.clock,
      placements: { zoneOf: () => this.placed },
      ...unnumbered,
    };
    void this.store.start();
    this.pipeline = new Pipeline({ ...CONFIG, ...config }, { ...parts, log: this.kept.log });
  }

  take(
    name: string,
    value: Metric['value'],
    {
      properties = {},
      metric = {},
      gateway = 'g',
    }: {
      properties?: Record<string, PropertyValue>;
      metric?: Partial<Metric>;
      gateway?: string;
    } = {},
  ): void {
    const key = `${gateway} ${name} ${JSON.stringify(properties)}`;
    const definition = this.#definitions.get(key) ?? {
      site: 'farm',
      gateway,
      device: 'd',
      name,
      dataType: 10,
      properties,
    };
    this.#definitions.set(key, definition);
    this.pipeline.take({
      site: 'farm',
      gateway,
      metrics: [{ timeMs: this.clock.nowMs(), ...metric, value }],
      definitions: [definition],
      defaultTimeMs: this.clock.nowMs(),
      isBirth: false,
    });
  }

  /** Lets the batch become due and reads back what was stored: `measurement/field` and value. */
  async stored(): Promise<Record<string, number | string>> {
    await this.clock.advance(CONFIG.flushMs);
    const last = await this.store.last({});
    return Object.fromEntries(
      last.map(({ series, value }) => [`${series.measurement}/${series.field}`, value]),
    );
  }

  get codes(): Record<string, number> {
    return Object.fromEntries(this.accounting.of('farm', 'g').rejectedByCode);
  }
}

it('keeps no account of a gateway that is forgotten', () => {
  const bench = new Bench();
  bench.pipeline.refuse(
    'farm',
    'made-up',
    new SluiceError('SENDER_UNBORN', { sender: 'gateway made-up' }),
    3,
  );
  expect(bench.accounting.counters()).toMatchObject([{ gateway: 'made-up', received: 3, rejected: 3 }]);
  bench.pipeline.forget('farm', 'made-up');
  expect(bench.accounting.counters()).toEqual([]);
});

it('goes on after a message that holds an event and nothing else', async () => {
  const bench = new Bench();
  const { site, gateway } = { site: 'farm', gateway: 'g' };
  const started = { id: 'e1', timeMs: 1, kind: 'condition', condition: 'started', isRaised: true };
  const value = JSON.stringify({ ...started, reason: { en: 'started', zh: '已启动' } });
  bench.pipeline.take({
    ...{ site, gateway, isBirth: false, defaultTimeMs: bench.clock.nowMs() },
    metrics: [{ value }],
    definitions: [
      { site, gateway, device: '', name: EVENT_METRIC, dataType: DATA_TYPES.String, properties: {} },
    ],
    numbered: { mark: { kind: 'readings', ledger: '0123456789abcdef', first: 1, count: 1 }, leftOut: [] },
  });
  expect(await bench.stored()).toEqual({});
  bench.take('soil/moisture', 21.5);
  expect(await bench.stored()).toEqual({ 'soil/moisture': 21.5 });
  expect(bench.codes).toEqual({});
});

it('gives readings without a zone the one that their device stands in, decided anew when that changes', async () => {
  const bench = new Bench();
  const zonesOf = async () => {
    await bench.stored();
    const last = await bench.store.last({});
    return last.map(({ series, value }) => `${series.field} ${series.zone || '-'} ${value}`).sort();
  };
  bench.take('soil/moisture', 20);
  expect(await zonesOf()).toEqual(['moisture - 20']);
  bench.placed = 'north';
  // Worked out once: nothing changes until it is told.
  bench.take('soil/moisture', 21);
  expect(await zonesOf()).toEqual(['moisture - 21']);
  bench.pipeline.rebind();
  bench.take('soil/moisture', 22);
  bench.take('soil/ec', 600, { properties: { zone: 'south' } });
  expect(await zonesOf()).toEqual(['ec south 600', 'moisture - 21', 'moisture north 22']);
});

describe('from metric to reading', () => {
  it('stores numbers, booleans, big integers and foreign texts', async () => {
    const bench = new Bench();
    bench.take('soil/moisture', 21.5);
    bench.take('irrigation/valve_state/v1', true);
    bench.take('irrigation/pump_state', false);
    bench.take('Counters/Total', 2n ** 60n);
    bench.take('Mode', 'auto');
    expect(await bench.stored()).toEqual({
      'soil/moisture': 21.5,
      'irrigation/valve_state': 1,
      'irrigation/pump_state': 0,
      'foreign/Counters/Total': 2 ** 60,
      'foreign/Mode': 'auto',
    });
  });

  it('takes tags from the name, the topic and the birth, and status from the value', async () => {
    const bench = new Bench();
    const properties = { zone: 'north', link: 'a-b', class: 'intra', engUnit: '' };
    const metric = { properties: { Quality: 500, clock: 'repaired' } };
    bench.take('irrigation/valve_state/v1', 1, { properties, metric });
    await bench.stored();
    const [last] = await bench.store.last({});
    expect(setTags(last!.series)).toEqual({
      site: 'farm',
      gateway: 'g',
      device: 'd',
      point: 'v1',
      zone: 'north',
      link: 'a-b',
      class: 'intra',
    });
    expect([qualityOf(last!.status), clockOf(last!.status)]).toEqual(['uncertain', 'repaired']);
  });

  it('converts from the unit of the birth to the canonical one', async () => {
    const bench = new Bench();
    bench.take('irrigation/flow', 6, { properties: { engUnit: 'm³/h' } });
    bench.take('irrigation/pressure', 2, { properties: { engUnit: 'bar' } });
    expect(await bench.stored()).toEqual({ 'irrigation/flow': 100, 'irrigation/pressure': 200 });
  });

  it('keeps the unit of a foreign metric as it came', async () => {
    const bench = new Bench();
    bench.take('Silo/Weight', 12, { properties: { engUnit: 't' } });
    await bench.stored();
    expect((await bench.store.series({}))[0]).toMatchObject({ measurement: 'foreign', unit: 't' });
  });

  it('keeps a foreign metric without a unit that is too long to be one, and says so', async () => {
    const bench = new Bench();
    bench.take('Silo/Weight', 12, { properties: { engUnit: 't'.repeat(33) } });
    expect(await bench.stored()).toEqual({ 'foreign/Silo/Weight': 12 });
    expect((await bench.store.series({}))[0]).toMatchObject({ unit: '' });
    expect(bench.kept.texts()).toEqual([expect.stringMatching(/"t{32}…" of "Silo\/Weight"/)]);
  });

  it.each<[string, string, Metric['value'], Parameters<Bench['take']>[2], RegExp]>([
    ['UNIT_UNCONVERTIBLE', 'soil/moisture', 1, { properties: { engUnit: 'furlong' } }, /"furlong"/],
    ['UNIT_UNCONVERTIBLE', 'soil/moisture', 1, { properties: { engUnit: '%'.repeat(33) } }, /"%{32}…"/],
    ['VALUE_OUT_OF_RANGE', 'soil/moisture', 100.1, {}, /100\.1 % is outside .* 0 to 100/],
    ['VALUE_NOT_A_NUMBER', 'soil/moisture', Number.NaN, {}, /got NaN/],
    ['VALUE_NOT_A_NUMBER', 'soil/moisture', Number.POSITIVE_INFINITY, {}, /got Infinity/],
    ['VALUE_NOT_A_NUMBER', 'soil/moisture', 'wet', {}, /got "wet"/],
    ['METRIC_TYPE_UNSUPPORTED', 'Table', undefined, { metric: { dataType: DATA_TYPES.DataSet } }, /DataSet/],
    ['METRIC_NAME_INVALID', 'a\u0000b', 1, {}, /control characters/],
    ['METRIC_NAME_INVALID', 'pump \u202enepo evlav', 1, {}, /control characters/],
    ['METRIC_NAME_INVALID', 'x'.repeat(257), 1, {}, /256/],
    ['TEXT_TOO_LONG', 'Note', 'x'.repeat(20_000), {}, /20000 characters/],
    ['TIME_IMPOSSIBLE', 'soil/moisture', 1, { metric: { timeMs: 0 } }, /1970-01-01.*gateway g/],
    ['TIME_IMPOSSIBLE', 'soil/moisture', 1, { metric: { timeMs: 2 ** 60 } }, /ms, which cannot be right/],
    [
      'TIME_IMPOSSIBLE',
      'soil/moisture',
      1,
      { metric: { timeMs: Date.UTC(2026, 5, 1, 0, 6) } },
      /300 s ahead/,
    ],
  ])('refuses with %s: %s = %s', async (code, name, value, more, words) => {
    const bench = new Bench();
    bench.take(name, value, more);
    bench.take('soil/ph', 7);
    expect(await bench.stored()).toEqual({ 'soil/ph': 7 });
    expect(bench.codes).toEqual({ [code]: 1 });
    expect(bench.kept.texts()).toEqual([expect.stringMatching(words)]);
  });

  it('takes times up to the set bound ahead, and old ones since 2020', async () => {
    const bench = new Bench();
    bench.take('soil/moisture', 1, { metric: { timeMs: bench.clock.nowMs() + 300_000 } });
    bench.take('soil/moisture', 2, { metric: { timeMs: Date.UTC(2020, 0, 1) } });
    await bench.stored();
    expect(bench.store.size).toBe(2);
  });

  it('leaves out a zone that cannot be an id, says so, and keeps the reading', async () => {
    const bench = new Bench();
    bench.take('soil/moisture', 20, { properties: { zone: '北区 1' } });
    expect(await bench.stored()).toEqual({ 'soil/moisture': 20 });
    expect(bench.kept.texts()).toEqual([expect.stringContaining('zone id "北区 1"')]);
  });

  it('shortens a zone that would fill the log', async () => {
    const bench = new Bench();
    bench.take('soil/moisture', 20, { properties: { zone: 'z'.repeat(1_000) } });
    await bench.stored();
    expect(bench.kept.texts()).toEqual([expect.stringMatching(/zone id "z{64}…"/)]);
  });

  it('gives a gateway no more series than it may have', async () => {
    const bench = new Bench({ maxSeriesPerGateway: 2 });
    for (const name of ['A', 'B', 'C', 'A']) bench.take(name, 1);
    bench.take('C', 1, { gateway: 'other' });
    await bench.stored();
    expect(bench.codes).toEqual({ SERIES_LIMIT: 1 });
    expect(bench.store.size).toBe(3);
  });

  it('writes one line for many refusals, and the count with the next', async () => {
    const bench = new Bench();
    for (let n = 0; n < 1_000; n++) bench.take('soil/moisture', -1);
    expect(bench.kept.lines).toHaveLength(1);
    await bench.clock.advance(60_000);
    bench.take('soil/moisture', -1);
    expect(bench.kept.lines.map(({ details }) => details.count)).toEqual([1, 1_000]);
    expect(bench.codes).toEqual({ VALUE_OUT_OF_RANGE: 1_001 });
  });
});

describe('a message that nobody can read', () => {
  it('is told of as one refusal, and counted as no reading', async () => {
    const bench = new Bench();
    for (let n = 0; n < 3; n++) bench.pipeline.refuse('farm', 'g', new SluiceError('PAYLOAD_INVALID'), 0);
    await bench.clock.advance(60_000);
    bench.pipeline.refuse('farm', 'g', new SluiceError('PAYLOAD_INVALID'), 0);
    expect(bench.kept.lines.map(({ details }) => details.count)).toEqual([1, 3]);
    expect(bench.accounting.counters()).toMatchObject([{ received: 0, rejected: 0 }]);
  });
});

describe('writing', () => {
  it('waits for others no longer than flushMs', async () => {
    const bench = new Bench();
    bench.take('soil/moisture', 1);
    await bench.clock.advance(249);
    expect(bench.store.writes).toBe(0);
    await bench.clock.advance(1);
    expect(bench.store.writes).toBe(1);
  });

  it('begins at once with a full batch, and fills the next one meanwhile', async () => {
    const bench = new Bench();
    const sizes: number[] = [];
    let go = () => {};
    bench.store.beforeWrite = (batch: ReadingBatch) => {
      sizes.push(batch.length);
      return new Promise((resolve) => {
        go = resolve;
      });
    };
    for (let n = 0; n < 350; n++)
      bench.take('soil/moisture', n % 100, { metric: { timeMs: bench.clock.nowMs() + n } });
    expect(sizes).toEqual([100]);
    go();
    await settle();
    expect(sizes).toEqual([100, 250]);
    go();
    await settle();
    expect(bench.store.size).toBe(350);
    expect(bench.accounting.counters()).toMatchObject([{ received: 350, stored: 350, inFlight: 0 }]);
  });

  it('keeps everything while the store is away, in order, and writes it when it is back', async () => {
    const bench = new Bench();
    bench.store.isAway = true;
    for (let n = 0; n < 10; n++) {
      bench.take('soil/moisture', n, { metric: { timeMs: bench.clock.nowMs() } });
      await bench.clock.advance(1_000);
    }
    expect(bench.accounting.counters()).toMatchObject([{ received: 10, stored: 0, inFlight: 10 }]);
    expect(bench.pipeline.trouble()).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    bench.store.isAway = false;
    await bench.clock.advance(20_000);
    const [series] = await bench.store.query({
      measurement: 'soil',
      field: 'moisture',
      fromMs: 0,
      toMs: 1e15,
      maxPoints: 99,
    });
    expect(series!.value).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(bench.accounting.counters()).toMatchObject([{ received: 10, stored: 10, inFlight: 0 }]);
    expect(bench.pipeline.trouble()).toBeUndefined();
    expect(bench.kept.texts()).toEqual([
      expect.stringContaining('Readings wait for it'),
      'the store answers again',
    ]);
  });

  it('tells when it is crowded and when there is room, and drops only what comes past the bound', async () => {
    const bench = new Bench();
    bench.store.isAway = true;
    let calls = 0;
    for (let n = 0; n < 499; n++) bench.take('soil/moisture', 1);
    expect(bench.pipeline.isCrowded).toBe(false);
    bench.take('soil/moisture', 1);
    expect(bench.pipeline.isCrowded).toBe(true);
    bench.pipeline.whenRoom(() => calls++);
    const firstMs = bench.clock.nowMs() + 1;
    for (let n = 0; n < 503; n++) bench.take('soil/moisture', 1, { metric: { timeMs: firstMs + n } });
    expect(bench.accounting.counters()).toMatchObject([{ received: 1_003, dropped: 3, inFlight: 1_000 }]);
    expect(bench.accounting.of('farm', 'g')).toMatchObject({
      droppedFromMs: firstMs + 500,
      droppedToMs: firstMs + 502,
    });
    await bench.clock.advance(5_000);
    expect(calls).toBe(0);
    bench.store.isAway = false;
    await bench.clock.advance(20_000);
    expect(calls).toBe(1);
    expect(bench.accounting.counters()).toMatchObject([{ stored: 1_000, inFlight: 0 }]);
  });

  it('bounds texts by their length as well', async () => {
    const bench = new Bench({ maxPendingReadings: 100_000 });
    bench.store.isAway = true;
    const text = 'x'.repeat(4_096);
    const sendTexts = (count: number) => {
      for (let n = 0; n < count; n++) bench.take('Note', text, { metric: { timeMs: bench.clock.nowMs() } });
    };
    sendTexts(2_047);
    expect(bench.pipeline.isCrowded).toBe(false);
    sendTexts(1);
    expect(bench.pipeline.isCrowded).toBe(true);
    sendTexts(2_049);
    expect(bench.accounting.counters()).toMatchObject([{ dropped: 1, inFlight: 4_096 }]);
    bench.store.isAway = false;
    await bench.clock.advance(20_000);
    sendTexts(2_047);
    expect(bench.pipeline.isCrowded).toBe(false);
  });

  it('lets nobody in as long as it is crowded, batch after batch', async () => {
    const bench = new Bench();
    const answers: (() => void)[] = [];
    bench.store.beforeWrite = () => new Promise((resolve) => answers.push(resolve));
    for (let n = 0; n < 1_000; n++) bench.take('soil/moisture', 1);
    let calls = 0;
    bench.pipeline.whenRoom(() => calls++);
    answers[0]!();
    await settle();
    expect([bench.pipeline.pendingReadings, calls]).toEqual([900, 0]);
    answers[1]!();
    await settle();
    expect([bench.pipeline.pendingReadings, calls]).toEqual([0, 1]);
  });

  it('counts what the database refuses, in its words, and stores the rest of the batch', async () => {
    const bench = new Bench();
    bench.store.refuse = ({ value }) => value === 13;
    for (const value of [12, 13, 14])
      bench.take('soil/moisture', value, { metric: { timeMs: bench.clock.nowMs() + value } });
    await bench.stored();
    expect(bench.store.size).toBe(2);
    expect(bench.codes).toEqual({ STORE_REFUSED: 1 });
    expect(bench.accounting.counters()).toMatchObject([{ received: 3, stored: 2, rejected: 1 }]);
  });

  it('does not write a batch for ever that makes the store fail for good', async () => {
    const bench = new Bench();
    bench.store.beforeWrite = () => {
      throw new SluiceError('INTERNAL', { reason: 'a bug' });
    };
    bench.take('soil/moisture', 1);
    await bench.stored();
    expect(bench.codes).toEqual({ INTERNAL: 1 });
    bench.store.beforeWrite = () => {};
    bench.take('soil/moisture', 2);
    expect(await bench.stored()).toEqual({ 'soil/moisture': 2 });
  });

  it('writes what is left when it stops', async () => {
    const bench = new Bench();
    bench.take('soil/moisture', 1);
    await bench.pipeline.stop();
    expect(bench.store.size).toBe(1);
  });

  it('stops though the store never answers', async () => {
    const bench = new Bench();
    bench.store.beforeWrite = () => new Promise(() => {});
    for (let n = 0; n < 500; n++) bench.take('soil/moisture', 1);
    expect(bench.pipeline.isCrowded).toBe(true);
    let letIn = 0;
    bench.pipeline.whenRoom(() => letIn++);
    const stopped = bench.pipeline.stop();
    await bench.clock.advance(2_000);
    await stopped;
    expect(letIn).toBe(1);
    expect(bench.kept.texts().at(-1)).toContain('may be lost');
  });

  it('stops without the store, and says that it could not store what came', async () => {
    const bench = new Bench();
    bench.store.isAway = true;
    bench.take('soil/moisture', 1);
    await bench.clock.advance(1_000);
    bench.take('soil/moisture', 1);
    await bench.pipeline.stop();
    expect(bench.accounting.counters()).toMatchObject([{ received: 2, dropped: 2, inFlight: 0 }]);
    expect(bench.kept.texts().at(-1)).toMatch(/not stored.*only gateways with a ledger/);
  });
});

describe('the account', () => {
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 400 }), gateway: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ advanceMs: fc.integer({ min: 0, max: 3_000 }) }) },
    { weight: 2, arbitrary: fc.record({ away: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ refuseUnknown: fc.integer({ min: 0, max: 20 }) }) },
  );

  it('balances at every moment, and says stored only of what the store has', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 40 }), async (actions) => {
        const bench = new Bench();
        let serial = 0;
        bench.store.refuse = ({ value }) => value === 13;
        const check = () => {
          let stored = 0;
          for (const account of bench.accounting.counters()) {
            const { received, rejected, dropped, inFlight } = account;
            expect(account.stored + rejected + dropped + inFlight).toBe(received);
            for (const count of [received, account.stored, rejected, dropped, inFlight]) {
              expect(count).toBeGreaterThanOrEqual(0);
            }
            stored += account.stored;
          }
          expect(bench.store.size).toBe(stored);
          expect(bench.accounting.counters().reduce((sum, { inFlight }) => sum + inFlight, 0)).toBe(
            bench.pipeline.pendingReadings,
          );
          expect(bench.pipeline.pendingReadings).toBeLessThanOrEqual(CONFIG.maxPendingReadings);
        };
        for (const one of actions) {
          if ('take' in one) {
            for (let n = 0; n < one.take; n++) {
              // Every eleventh is out of range; 13 is what the store refuses.
              const value = serial % 11 === 0 ? 200 : serial % 20;
              const timeMs = Date.UTC(2026, 0, 1) + serial++;
              bench.take('soil/moisture', value, { metric: { timeMs }, gateway: `g${one.gateway}` });
            }
          } else if ('advanceMs' in one) await bench.clock.advance(one.advanceMs);
          else if ('away' in one) bench.store.isAway = one.away;
          else bench.pipeline.refuse('farm', 'g0', new SluiceError('SENDER_UNBORN'), one.refuseUnknown);
          check();
        }
        await bench.pipeline.stop();
        check();
        expect(bench.pipeline.pendingReadings).toBe(0);
      }),
      { numRuns: 30 },
    );
  });
});
