import { describe, expect, it } from 'vitest';
import type { LedgerMark } from '../../core/ledger.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { double, type EdgeMessage, EdgeMessages } from '../testing/edge-messages.ts';
import type { HostEffect, HostInput } from './host-effect.ts';
import { stepHost } from './host-session.ts';
import { createHostState, type HostOptions, type HostState } from './host-state.ts';
import { gatewayStatuses } from './registry.ts';

const START_MS = Date.UTC(2026, 5, 1);
const OPTIONS = {
  hostId: 'sluice',
  reorderMs: 2_000,
  rebirthIntervalMs: 10_000,
  rebirthsPerS: 50,
  silenceMs: 60_000,
  maxGateways: 3,
  maxSeriesPerGateway: 6,
};

/** A host session with time in hand, and its effects in short words. */
class Bench {
  readonly host: HostState;
  readonly edge = new EdgeMessages();
  elapsedMs = 1_000;
  effects: HostEffect[] = [];

  constructor(options: Partial<HostOptions> = {}) {
    this.host = createHostState({ ...OPTIONS, ...options });
    this.step({ kind: 'connected', stateTimestampMs: START_MS });
  }

  step(input: HostInput extends infer I ? (I extends unknown ? Omit<I, 'at'> : never) : never): HostEffect[] {
    const at = { nowMs: START_MS + this.elapsedMs, monotonicMs: this.elapsedMs };
    this.effects = stepHost(this.host, { ...input, at } as HostInput);
    return this.effects;
  }

  message({ topic, bytes }: EdgeMessage): this {
    this.step({ kind: 'message', topic, bytes });
    return this;
  }

  timer(key: string): HostEffect[] {
    return this.step({ kind: 'timer', key });
  }

  /** The last step's readings as `device name=value`. */
  get readings(): string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'readings'
        ? effect.metrics.map((metric, index) => {
            const { device, name } = effect.definitions[index]!;
            return `${device} ${name}=${metric.value}`;
          })
        : [],
    );
  }

  get refusals(): string[] {
    return this.effects.flatMap((effect) =>
      effect.kind === 'refused' ? [`${effect.error.code} ${effect.readings}`] : [],
    );
  }

  get refusedInChinese(): string | undefined {
    return this.effects.find((effect) => effect.kind === 'refused')?.error.text('zh');
  }

  get rebirthRequests(): number {
    return this.effects.filter((effect) => effect.kind === 'publish' && effect.topic.includes('/NCMD/'))
      .length;
  }

  timers(kind: 'timer' | 'cancelTimer'): string[] {
    return this.effects.flatMap((effect) => (effect.kind === kind ? [effect.key] : []));
  }

  get known(): string[] {
    return gatewayStatuses(this.host).map(({ gateway }) => gateway);
  }

  get online(): string[] {
    return gatewayStatuses(this.host).flatMap(({ gateway, online, devices }) => [
      ...(online ? [gateway] : []),
      ...devices.flatMap((one) => (one.online ? [one.device] : [])),
    ]);
  }

  born(): this {
    this.message(this.edge.nbirth([double('gateway/cpu', 5, START_MS)]));
    return this.message(this.edge.dbirth('soil-1', [double('soil/moisture', 20, START_MS)]));
  }

  soil(value: number): EdgeMessage {
    return this.edge.data('soil-1', [double('soil/moisture', value, START_MS)]);
  }
}

describe('a gateway with a ledger', () => {
  const ledger = '0123456789abcdef';
  const mark = (count: number, first = 40): LedgerMark => ({ kind: 'readings', ledger, first, count });
  const numbered = (bench: Bench) =>
    bench.effects.flatMap((effect) => (effect.kind === 'readings' ? [effect.numbered] : []))[0];

  it.each<[string, Metric[], object | undefined]>([
    ['is told of', EdgeMessages.ledgerMetrics(ledger, 40, 60), { ledger, first: 40, next: 60 }],
    ['is none where it is not told of', [], undefined],
    ['is none where its id cannot be', EdgeMessages.ledgerMetrics('../../etc', 40, 60), undefined],
    ['is none where its numbers cannot be', EdgeMessages.ledgerMetrics(ledger, 60, 40), undefined],
    ['is none where its numbers are below 0', EdgeMessages.ledgerMetrics(ledger, -1, 40), undefined],
  ])('%s, and never taken for readings', (_, metrics, said) => {
    const bench = new Bench({ maxSeriesPerGateway: 50 });
    bench.message(bench.edge.nbirth(metrics));
    expect(bench.effects).toContainEqual({ kind: 'ledger', site: 'farm', gateway: 'pump-house', said });
    expect(bench.readings).toEqual([]);
  });

  it('numbers its readings, those without a value among them', () => {
    const bench = new Bench().born();
    const soil = (value: number | null) => double('soil/moisture', value, START_MS);
    bench.message(bench.edge.data('soil-1', [soil(1), soil(2)], mark(2)));
    expect(numbered(bench)).toEqual({ mark: mark(2), leftOut: [] });
    bench.message(bench.edge.data('soil-1', [soil(null), soil(2), soil(3)], mark(3)));
    expect(numbered(bench)).toEqual({
      mark: mark(3),
      positions: [1, 2],
      leftOut: [{ position: 0, code: 'VALUE_MISSING' }],
    });
    bench.message(bench.edge.data('soil-1', [soil(null)], mark(1)));
    expect(numbered(bench)).toMatchObject({ leftOut: [{ code: 'VALUE_MISSING' }] });
  });

  it('has to send again what a birth would explain, and not what another birth would not', () => {
    const bench = new Bench({ maxSeriesPerGateway: 5 }).born();
    const soil = double('soil/moisture', 1, START_MS);
    bench.message(bench.edge.data('soil-1', [soil, double('unheard/of', 1, START_MS)], mark(2)));
    expect(bench.refusals).toEqual(['METRIC_UNKNOWN 1']);
    expect(numbered(bench)).toBeUndefined();
    const full = new Bench({ maxSeriesPerGateway: 4 }).born();
    full.message(full.edge.data('soil-1', [soil, double('unheard/of', 1, START_MS)], mark(2)));
    expect(full.refusals).toEqual(['SERIES_LIMIT 1']);
    expect(numbered(full)).toMatchObject({ leftOut: [{ position: 1, code: 'SERIES_LIMIT' }] });
  });

  it.each([3, 1])('with a mark for %i of 2 readings is told so, and the readings are taken', (count) => {
    const bench = new Bench().born();
    const soil = double('soil/moisture', 1, START_MS);
    bench.message(bench.edge.data('soil-1', [soil, soil], mark(count)));
    expect(bench.refusals).toEqual(['PAYLOAD_INVALID 0']);
    expect(bench.readings).toHaveLength(2);
    expect(numbered(bench)).toBeUndefined();
  });

  it('says what it had to drop', () => {
    const bench = new Bench().born();
    const dropped: LedgerMark = { ...mark(5), kind: 'dropped', fromMs: 1, toMs: 2 };
    bench.message(bench.edge.data(undefined, [], dropped));
    expect(bench.effects).toEqual([{ kind: 'dropped', site: 'farm', gateway: 'pump-house', mark: dropped }]);
  });
});

describe('STATE', () => {
  it('subscribes first and then says that it is online', () => {
    const { effects } = new Bench();
    expect(effects.map(({ kind }) => kind)).toEqual(['subscribe', 'publish']);
    expect(effects[0]).toMatchObject({ topics: expect.arrayContaining(['spBv1.0/STATE/sluice']) });
    expect(effects[1]).toEqual({
      kind: 'publish',
      topic: 'spBv1.0/STATE/sluice',
      payload: `{"online":true,"timestamp":${START_MS}}`,
      qos: 1,
      retain: true,
    });
  });

  it('contradicts a stale will that says it is offline, with the timestamp of its own connection', () => {
    const bench = new Bench();
    const stale = Buffer.from(`{"online":false,"timestamp":${START_MS - 60_000}}`);
    bench.message({ topic: 'spBv1.0/STATE/sluice', bytes: stale });
    expect(bench.effects).toEqual([
      expect.objectContaining({ payload: `{"online":true,"timestamp":${START_MS}}` }),
    ]);
  });

  it.each(['{"online": true,"timestamp":5}', `{"online":true,"timestamp":${START_MS}}`])(
    'leaves %s alone',
    (state) => {
      const bench = new Bench();
      bench.message({ topic: 'spBv1.0/STATE/sluice', bytes: Buffer.from(state) });
      expect(bench.effects).toEqual([]);
    },
  );
});

describe('births and data', () => {
  it('takes values from births, and from data by alias with the type of the birth', () => {
    const bench = new Bench();
    bench.message(bench.edge.nbirth([double('gateway/cpu', 5, START_MS)]));
    expect(bench.readings).toEqual([' gateway/cpu=5']);
    const signed = { name: 'soil/temperature', dataType: DATA_TYPES.Int16, value: -5, timeMs: START_MS };
    bench.message(bench.edge.dbirth('soil-1', [double('soil/moisture', null, START_MS), signed]));
    expect(bench.readings).toEqual(['soil-1 soil/temperature=-5']);
    bench.message(
      bench.edge.data('soil-1', [double('soil/moisture', 21, START_MS), { ...signed, value: -7 }]),
    );
    expect(bench.readings).toEqual(['soil-1 soil/moisture=21', 'soil-1 soil/temperature=-7']);
    bench.message(bench.edge.data(undefined, [double('gateway/cpu', 6, START_MS)]));
    expect(bench.readings).toEqual([' gateway/cpu=6']);
    expect(bench.online).toEqual(['pump-house', 'soil-1']);
  });

  it('never takes bdSeq and control metrics for readings', () => {
    const bench = new Bench();
    bench.message(bench.edge.nbirth());
    expect(bench.readings).toEqual([]);
    expect(bench.effects).toEqual([
      { kind: 'presence', site: 'farm', gateway: 'pump-house', online: true },
      { kind: 'ledger', site: 'farm', gateway: 'pump-house', said: undefined },
      { kind: 'born', site: 'farm', gateway: 'pump-house' },
    ]);
  });

  it('gives the time of the payload, and failing that of arrival, to metrics without one', () => {
    const bench = new Bench();
    bench.message(bench.edge.nbirth());
    const topic = 'spBv1.0/farm/NDATA/pump-house';
    const metrics = [{ name: 'gateway/cpu', dataType: DATA_TYPES.Double, value: 1 }];
    bench.message({ topic, bytes: encodePayload({ timeMs: START_MS - 5, seq: 1, metrics }) });
    expect(bench.effects).toMatchObject([{ defaultTimeMs: START_MS - 5 }]);
    bench.message({ topic, bytes: encodePayload({ seq: 2, metrics }) });
    expect(bench.effects).toMatchObject([{ defaultTimeMs: START_MS + bench.elapsedMs }]);
  });

  it('keeps the mark of historical values', () => {
    const bench = new Bench().born();
    bench.message(
      bench.edge.data('soil-1', [{ ...double('soil/moisture', 1, START_MS), isHistorical: true }]),
    );
    expect(bench.effects).toMatchObject([{ metrics: [{ isHistorical: true }] }]);
  });

  it('asks for a birth when data comes from a node it does not know, and counts what it cannot use', () => {
    const bench = new Bench();
    bench.message(bench.soil(20));
    expect(bench.refusals).toEqual(['SENDER_UNBORN 1']);
    expect(bench.rebirthRequests).toBe(1);
    const request = bench.effects.find((effect) => effect.kind === 'publish')!;
    expect(request).toMatchObject({ topic: 'spBv1.0/farm/NCMD/pump-house', qos: 0, retain: false });
    const { seq, timeMs, metrics } = decodePayload(request.payload as Uint8Array);
    expect(seq).toBeUndefined();
    expect(timeMs).toBe(START_MS + bench.elapsedMs);
    expect(metrics).toEqual([
      { name: 'Node Control/Rebirth', timeMs, dataType: DATA_TYPES.Boolean, value: true },
    ]);
  });

  it('asks by the alias where the node gave one to its rebirth metric', () => {
    const bench = new Bench();
    const rebirth = { name: 'Node Control/Rebirth', alias: 3, dataType: DATA_TYPES.Boolean, value: false };
    const topic = 'spBv1.0/farm/NBIRTH/pump-house';
    bench.message({ topic, bytes: encodePayload({ seq: 0, metrics: [rebirth] }) });
    bench.message(bench.edge.data('soil-1', []));
    const request = bench.effects.find((effect) => effect.kind === 'publish')!;
    expect(decodePayload(request.payload as Uint8Array).metrics[0]).toMatchObject({ alias: 3, value: true });
  });

  it('asks for a birth when a device sends data before its own', () => {
    const bench = new Bench();
    bench.message(bench.edge.nbirth()).message(bench.soil(20));
    expect(bench.refusals).toEqual(['SENDER_UNBORN 1']);
    expect(bench.refusedInChinese).toMatch(/^网关 \S+ 的设备 soil-1 在/);
    expect(bench.rebirthRequests).toBe(1);
  });

  it('takes what it knows of a message with an alias it does not know, and asks for a birth', () => {
    const bench = new Bench().born();
    const strange = double('soil/ph', 7, START_MS);
    bench.message(bench.edge.data('soil-1', [double('soil/moisture', 22, START_MS), strange]));
    expect(bench.readings).toEqual(['soil-1 soil/moisture=22']);
    expect(bench.refusals).toEqual(['METRIC_UNKNOWN 1']);
    expect(bench.refusedInChinese).toMatch(/^网关 \S+ 的设备 soil-1 的别名 /);
    expect(bench.rebirthRequests).toBe(1);
  });

  it('never reads an alias that a birth gave to two metrics, says so, and takes what comes by name', () => {
    const bench = new Bench();
    bench.message(bench.edge.nbirth());
    const both = [double('soil/moisture', 20, START_MS), double('soil/temperature', 9, START_MS)];
    const send = (type: string, seq: number, metrics: readonly Metric[]) =>
      bench.message({
        topic: `spBv1.0/farm/${type}/pump-house/soil-1`,
        bytes: encodePayload({ seq, metrics }),
      });
    send('DBIRTH', 1, [...both.map((metric) => ({ ...metric, alias: 7 })), { ...both[0]!, alias: 7 }]);
    expect(bench.readings).toEqual([
      'soil-1 soil/moisture=20',
      'soil-1 soil/temperature=9',
      'soil-1 soil/moisture=20',
    ]);
    expect(bench.refusals).toEqual(['ALIAS_AMBIGUOUS 0']);
    const bare = { alias: 7, dataType: DATA_TYPES.Double, value: 21 };
    send('DDATA', 2, [bare, { ...bare, value: null }, ...both]);
    expect(bench.readings).toEqual(['soil-1 soil/moisture=20', 'soil-1 soil/temperature=9']);
    expect(bench.refusals).toEqual(['ALIAS_AMBIGUOUS 1']);
    // Another birth would bring the same again.
    expect(bench.rebirthRequests).toBe(0);
    send('DBIRTH', 3, [{ ...both[0]!, alias: 7 }]);
    send('DDATA', 4, [bare]);
    expect(bench.readings).toEqual(['soil-1 soil/moisture=21']);
    expect(bench.refusals).toEqual([]);
  });

  it('takes a metric twice in one birth, under one alias, for one metric', () => {
    const bench = new Bench();
    const cpu = { ...double('gateway/cpu', 5, START_MS), alias: 2 };
    const topic = 'spBv1.0/farm/NBIRTH/pump-house';
    bench.message({ topic, bytes: encodePayload({ seq: 0, metrics: [cpu, cpu] }) });
    expect(bench.refusals).toEqual([]);
  });

  it('takes a metric that brings its name, though no birth had it', () => {
    const bench = new Bench().born();
    const metrics = [double('Inputs/A', 3, START_MS)];
    bench.message({
      topic: 'spBv1.0/farm/DDATA/pump-house/soil-1',
      bytes: encodePayload({ seq: 2, metrics }),
    });
    expect(bench.readings).toEqual(['soil-1 Inputs/A=3']);
    expect(bench.rebirthRequests).toBe(0);
  });

  it('forgets old aliases at a new birth', () => {
    const bench = new Bench().born();
    bench.message(bench.edge.nbirth());
    expect(bench.online).toEqual(['pump-house']);
    bench.message(bench.soil(1));
    expect(bench.readings).toEqual([]);
    expect(bench.refusals).toEqual(['SENDER_UNBORN 1']);
  });

  it('never reads an alias of an earlier birth', () => {
    const bench = new Bench().born();
    bench.message(bench.edge.nbirth());
    bench.message(bench.edge.data(undefined, [double('gateway/cpu', 6, START_MS)]));
    expect(bench.readings).toEqual([]);
    expect(bench.refusals).toEqual(['METRIC_UNKNOWN 1']);
  });

  it('never reads an alias of one device as that of another', () => {
    const bench = new Bench().born();
    bench.message(bench.edge.dbirth('soil-2', [double('soil/ph', 7, START_MS)]));
    bench.message(bench.edge.data('soil-2', [double('soil/moisture', 20, START_MS)]));
    expect(bench.readings).toEqual([]);
    expect(bench.refusals).toEqual(['METRIC_UNKNOWN 1']);
  });
});

describe('deaths', () => {
  it('take the node and its devices offline', () => {
    const bench = new Bench().born();
    bench.message(bench.edge.ndeath());
    expect(bench.online).toEqual([]);
    expect(bench.effects).toEqual([
      { kind: 'presence', site: 'farm', gateway: 'pump-house', device: 'soil-1', online: false },
      { kind: 'presence', site: 'farm', gateway: 'pump-house', online: false },
    ]);
    bench.message(bench.soil(1));
    expect(bench.refusals).toEqual(['SENDER_UNBORN 1']);
  });

  it('of an earlier connection are ignored', () => {
    const bench = new Bench();
    bench.edge.bdSeq = 4;
    bench.born().message(bench.edge.ndeath(3));
    expect(bench.online).toEqual(['pump-house', 'soil-1']);
  });

  it('with bdSeq as UInt64, as sparkplug-client sends it, are compared all the same', () => {
    const bench = new Bench();
    bench.edge.bdSeq = 4;
    bench.born();
    const topic = 'spBv1.0/farm/NDEATH/pump-house';
    const bdSeq = { name: 'bdSeq', dataType: DATA_TYPES.UInt64, value: 3 };
    bench.message({ topic, bytes: encodePayload({ metrics: [bdSeq] }) });
    expect(bench.online).toEqual(['pump-house', 'soil-1']);
    bench.message({ topic, bytes: encodePayload({ metrics: [{ ...bdSeq, value: 4 }] }) });
    expect(bench.online).toEqual([]);
  });

  it('that are empty, as some peers send them, are believed', () => {
    const bench = new Bench().born();
    bench.message({ topic: 'spBv1.0/farm/NDEATH/pump-house', bytes: new Uint8Array() });
    expect(bench.online).toEqual([]);
  });

  it('of a device leave the node online', () => {
    const bench = new Bench().born();
    bench.message(bench.edge.ddeath('soil-1'));
    expect(bench.online).toEqual(['pump-house']);
    bench.message(bench.edge.dbirth('soil-1', [double('soil/moisture', 9, START_MS)]));
    expect(bench.online).toEqual(['pump-house', 'soil-1']);
    expect(bench.readings).toEqual(['soil-1 soil/moisture=9']);
  });

  it('of a node that was never seen change nothing', () => {
    const bench = new Bench().message(new EdgeMessages().ndeath());
    expect(bench.effects).toEqual([]);
  });
});

describe('sequence', () => {
  it('waits for a message that was overtaken, and asks for nothing when it comes', () => {
    const bench = new Bench().born();
    const [first, second] = [bench.soil(1), bench.soil(2)];
    bench.message(second);
    expect(bench.readings).toEqual(['soil-1 soil/moisture=2']);
    expect(bench.timers('timer')).toEqual(['reorder farm/pump-house']);
    bench.message(first);
    expect(bench.readings).toEqual(['soil-1 soil/moisture=1']);
    expect(bench.timers('cancelTimer')).toEqual(['reorder farm/pump-house']);
  });

  it('asks for a birth when a missing message does not come, and counts it', () => {
    const bench = new Bench().born();
    bench.soil(1);
    bench.message(bench.soil(2));
    bench.timer('reorder farm/pump-house');
    expect(bench.rebirthRequests).toBe(1);
    expect(bench.host.nodes.get('farm/pump-house')!.missedMessages).toBe(1);
    bench.message(bench.soil(3));
    expect(bench.readings).toEqual(['soil-1 soil/moisture=3']);
  });

  it('forgets a gap at the next birth', () => {
    const bench = new Bench().born();
    bench.soil(1);
    bench.message(bench.soil(2)).message(bench.edge.nbirth());
    expect(bench.timers('cancelTimer')).toEqual(['reorder farm/pump-house']);
    bench.timer('reorder farm/pump-house');
    expect(bench.host.nodes.get('farm/pump-house')!.missedMessages).toBe(0);
  });

  it('takes a repeated message again: the store keeps it once', () => {
    const bench = new Bench().born();
    const twice = bench.soil(4);
    bench.message(twice).message(twice);
    expect(bench.readings).toEqual(['soil-1 soil/moisture=4']);
    expect(bench.timers('timer')).toEqual([]);
  });

  it('is not followed where a node sends none, or nonsense', () => {
    const bench = new Bench().born();
    const metrics = [double('soil/moisture', 5, START_MS)];
    for (const seq of [undefined, 2 ** 40]) {
      const payload = seq === undefined ? { metrics } : { seq, metrics };
      bench.message({ topic: 'spBv1.0/farm/DDATA/pump-house/soil-1', bytes: encodePayload(payload) });
      expect(bench.readings).toEqual(['soil-1 soil/moisture=5']);
      expect(bench.timers('timer')).toEqual([]);
    }
  });
});

describe('rebirth requests', () => {
  it('go out once, and again only after an interval that doubles while they do not help', () => {
    const bench = new Bench();
    const requestedAtMs: number[] = [];
    let timerDueMs = Number.POSITIVE_INFINITY;
    for (; bench.elapsedMs < 200_000; bench.elapsedMs += 100) {
      if (bench.elapsedMs >= timerDueMs) {
        timerDueMs = Number.POSITIVE_INFINITY;
        bench.timer('rebirth farm/pump-house');
      } else {
        bench.message(bench.soil(1));
      }
      if (bench.rebirthRequests > 0) requestedAtMs.push(bench.elapsedMs);
      for (const effect of bench.effects) {
        if (effect.kind === 'timer') timerDueMs = bench.elapsedMs + effect.delayMs;
      }
    }
    const gapsS = requestedAtMs.slice(1).map((ms, index) => Math.round((ms - requestedAtMs[index]!) / 1000));
    expect(gapsS).toEqual([10, 20, 40, 80]);
  });

  it('are never spaced further than a day, which a timer can still count', () => {
    const dayMs = 86_400_000;
    const bench = new Bench({ rebirthIntervalMs: dayMs });
    for (let day = 0; day < 3; day++) {
      bench.message(bench.soil(1));
      expect(bench.rebirthRequests).toBe(1);
      bench.elapsedMs += dayMs;
    }
  });

  it('to many nodes are spread over time', () => {
    const bench = new Bench();
    bench.message(new EdgeMessages('farm', 'a').data(undefined, []));
    expect(bench.rebirthRequests).toBe(1);
    for (const [place, gateway] of ['b', 'c'].entries()) {
      bench.message(new EdgeMessages('farm', gateway).data(undefined, []));
      const timers = bench.effects.filter(({ kind }) => kind === 'timer');
      expect(timers).toEqual(place === 0 ? [{ kind: 'timer', key: 'rebirths', delayMs: 20 }] : []);
    }
    for (const left of [1, 0]) {
      bench.elapsedMs += 20;
      bench.timer('rebirths');
      expect(bench.rebirthRequests).toBe(1);
      expect(bench.timers('timer')).toHaveLength(left);
    }
  });

  it('to many nodes keep their rate where the timer comes late, and make up for a second at most', () => {
    const bench = new Bench({ rebirthsPerS: 50, maxGateways: 1_000 });
    for (let n = 0; n < 500; n++) bench.message(new EdgeMessages('farm', `g${n}`).data(undefined, []));
    bench.elapsedMs += 100;
    bench.timer('rebirths');
    expect(bench.rebirthRequests).toBe(5);
    bench.elapsedMs += 20;
    bench.timer('rebirths');
    expect(bench.rebirthRequests).toBe(1);
    bench.elapsedMs += 60_000;
    bench.timer('rebirths');
    expect(bench.rebirthRequests).toBe(51);
  });

  it('to those that were born meanwhile take no time from the others', () => {
    const bench = new Bench({ maxGateways: 200 });
    const fleet = Array.from({ length: 100 }, (_, n) => new EdgeMessages('farm', `g${n}`));
    for (const edge of fleet) bench.message(edge.data(undefined, []));
    for (const edge of fleet.slice(0, 99)) bench.message(edge.nbirth());
    bench.elapsedMs += 20;
    bench.timer('rebirths');
    expect(bench.effects).toMatchObject([{ kind: 'publish', topic: 'spBv1.0/farm/NCMD/g99' }]);
  });

  it('to one that is known go on in the same interval until they are answered, and double where births do not help', () => {
    const bench = new Bench().born();
    bench.message(bench.edge.ndeath());
    const asked = (seconds: number) => {
      bench.elapsedMs += 1_000 * seconds;
      bench.timer('rebirth farm/pump-house');
      return bench.rebirthRequests;
    };
    bench.message(bench.soil(1));
    expect(bench.rebirthRequests).toBe(1);
    for (let round = 0; round < 4; round++) expect([asked(9), asked(1)], `round ${round}`).toEqual([0, 1]);
    for (const seconds of [10, 20, 40]) {
      bench.born().message(bench.edge.data('nobody', []));
      expect([asked(seconds - 1), asked(1)], `${seconds} s`).toEqual([0, 1]);
    }
    bench.elapsedMs += 20;
    bench.born().message(bench.edge.ndeath());
    bench.message(bench.soil(1));
    expect(bench.rebirthRequests).toBe(1);
  });

  it('that wait are given up when the birth comes by itself', () => {
    const bench = new Bench();
    bench.message(new EdgeMessages('farm', 'a').data(undefined, []));
    const edge = new EdgeMessages('farm', 'b');
    bench.message(edge.data(undefined, [])).message(edge.nbirth());
    expect(bench.timers('cancelTimer')).toEqual(['rebirths']);
    bench.elapsedMs += 20;
    bench.timer('rebirths');
    expect(bench.rebirthRequests).toBe(0);
  });
});

describe('the connection', () => {
  it('lost, nobody is known to be online and no alias is trusted', () => {
    const bench = new Bench().born();
    bench.soil(1);
    bench.message(bench.soil(2));
    bench.step({ kind: 'disconnected' });
    expect(bench.online).toEqual([]);
    expect(bench.timers('cancelTimer')).toEqual(['reorder farm/pump-house']);
    bench.step({ kind: 'connected', stateTimestampMs: START_MS + 9 });
    bench.message(bench.soil(3));
    expect(bench.readings).toEqual([]);
    expect(bench.rebirthRequests).toBe(1);
  });
});

describe('a gateway that another worker takes over', () => {
  const handedOver = { kind: 'handedOver', site: 'farm', gateway: 'pump-house' } as const;

  it('is followed no more, and its aliases are not trusted should it come back', () => {
    const bench = new Bench().born();
    bench.message(bench.soil(2));
    bench.step(handedOver);
    expect(bench.online).toEqual([]);
    bench.message(bench.soil(3));
    expect(bench.readings).toEqual([]);
    expect(bench.rebirthRequests).toBe(1);
  });

  it('costs no other gateway anything', () => {
    const bench = new Bench().born();
    const before = bench.online;
    bench.step({ ...handedOver, gateway: 'other' });
    expect(bench.effects).toEqual([]);
    bench.message(new EdgeMessages('farm', 'other').nbirth());
    bench.step({ ...handedOver, gateway: 'other' });
    expect(bench.online).toEqual(before);
    bench.message(bench.soil(3));
    expect(bench.readings).toEqual(['soil-1 soil/moisture=3']);
  });

  it('is lost sight of once, however often that is said', () => {
    const bench = new Bench().born();
    bench.step(handedOver);
    bench.step(handedOver);
    expect(bench.effects.filter(({ kind }) => kind === 'presence')).toEqual([]);
    expect(bench.rebirthRequests).toBe(0);
  });
});

describe('a gateway that has nothing to say', () => {
  const REBIRTH = 'rebirth farm/pump-house';

  function reconnected(): Bench {
    const bench = new Bench().born();
    bench.step({ kind: 'disconnected' });
    bench.step({ kind: 'connected', stateTimestampMs: START_MS + 60_000 });
    return bench;
  }

  it('is asked for its birth when this host has been away, once it had time to be born by itself', () => {
    const bench = reconnected();
    expect(bench.effects).toContainEqual({ kind: 'timer', key: REBIRTH, delayMs: 10_000 });
    expect(bench.rebirthRequests).toBe(0);
    bench.elapsedMs += 10_000;
    bench.timer(REBIRTH);
    expect(bench.rebirthRequests).toBe(1);
    bench.born();
    expect(bench.online).toEqual(['pump-house', 'soil-1']);
  });

  it('is not asked where it was born meanwhile', () => {
    const bench = reconnected();
    bench.message(bench.edge.nbirth());
    expect(bench.timers('cancelTimer')).toEqual([REBIRTH]);
    bench.timer(REBIRTH);
    expect(bench.rebirthRequests).toBe(0);
  });

  it('is asked at once where it speaks after all', () => {
    const bench = reconnected();
    bench.message(bench.soil(3));
    expect(bench.rebirthRequests).toBe(1);
  });

  it('is left alone where it had gone before', () => {
    const bench = new Bench().born();
    bench.message(bench.edge.ndeath());
    bench.step({ kind: 'disconnected' });
    bench.step({ kind: 'connected', stateTimestampMs: START_MS + 60_000 });
    expect(bench.timers('timer')).toEqual([]);
  });
});

describe('garbage', () => {
  it.each([
    ['a topic of something else', 'spBv1.0/farm/HELLO/x', '', 'TOPIC_INVALID 0'],
    ['a payload that is not protobuf', 'spBv1.0/farm/NDATA/pump-house', 'hello', 'PAYLOAD_INVALID 0'],
  ])('%s is refused and disturbs nobody', (_what, topic, text, refusal) => {
    const bench = new Bench().born();
    bench.message({ topic, bytes: Buffer.from(text) });
    expect(bench.refusals).toEqual([refusal]);
    bench.message(bench.soil(3));
    expect(bench.readings).toEqual(['soil-1 soil/moisture=3']);
  });

  it('cannot fill the memory with gateways that do not exist', () => {
    const bench = new Bench();
    for (const gateway of ['a', 'b', 'c', 'd']) bench.message(new EdgeMessages('farm', gateway).nbirth());
    expect(bench.refusals).toEqual(['GATEWAY_LIMIT 0']);
    expect(bench.online).toEqual(['a', 'b', 'c']);
    // Named after a gateway, the refusal would open an account for it.
    expect(bench.effects).toEqual([expect.not.objectContaining({ gateway: expect.anything() })]);
  });

  it('of gateways that were never born makes room for births, the oldest first', () => {
    const bench = new Bench();
    const made = ['a', 'b', 'c'].map((gateway) => new EdgeMessages('farm', gateway));
    for (const edge of made) bench.message(edge.data(undefined, []));
    bench.born();
    expect(bench.online).toEqual(['pump-house', 'soil-1']);
    expect(bench.known).toEqual(['b', 'c', 'pump-house']);
    bench.message(made[1]!.nbirth());
    bench.message(new EdgeMessages('farm', 'd').nbirth());
    expect(bench.known).toEqual(['b', 'pump-house', 'd']);
    // All of them were born, so none is forgotten, even when it is gone.
    bench.message(made[1]!.ndeath()).message(new EdgeMessages('farm', 'e').nbirth());
    expect(bench.refusals).toEqual(['GATEWAY_LIMIT 0']);
    bench.message(bench.soil(4));
    expect(bench.readings).toEqual(['soil-1 soil/moisture=4']);
  });

  it('takes the place of a gateway never born with its timer and its account', () => {
    const bench = new Bench();
    for (const gateway of ['a', 'b']) bench.message(new EdgeMessages('farm', gateway).data(undefined, []));
    bench.message(new EdgeMessages('farm', 'c').nbirth()).message(new EdgeMessages('farm', 'd').nbirth());
    expect(bench.effects).toContainEqual({ kind: 'forgotten', site: 'farm', gateway: 'a' });
    bench.message(new EdgeMessages('farm', 'e').nbirth());
    expect(bench.timers('cancelTimer')).toEqual(['rebirths']);
    expect(bench.effects).toContainEqual({ kind: 'forgotten', site: 'farm', gateway: 'b' });
  });

  it('lets a gateway never born be pushed out by data only once its birth has been asked for', () => {
    const bench = new Bench();
    const data = (gateway: string) => bench.message(new EdgeMessages('farm', gateway).data(undefined, []));
    for (const gateway of ['a', 'b', 'c', 'd']) data(gateway);
    // `a` was asked at once; `b` and `c` wait for their places in the queue.
    expect(bench.known).toEqual(['b', 'c', 'd']);
    data('e');
    expect(bench.refusals).toEqual(['GATEWAY_LIMIT 0']);
    bench.elapsedMs += 20;
    bench.timer('rebirths');
    data('e');
    expect(bench.known).toEqual(['c', 'd', 'e']);
    bench.message(new EdgeMessages('farm', 'c').ndeath());
    data('f');
    expect(bench.known).toEqual(['d', 'e', 'f']);
  });

  it('cannot fill the memory with devices that do not exist', () => {
    const bench = new Bench();
    bench.message(bench.edge.nbirth());
    const value = [double('soil/moisture', 1, START_MS)];
    for (let n = 0; n < 6; n++) {
      bench.message(bench.edge.dbirth(`d${n}`, value)).message(bench.edge.ddeath(`d${n}`));
    }
    bench.message(bench.edge.dbirth('one-too-many', value));
    expect(bench.refusals).toEqual(['SERIES_LIMIT 1']);
    bench.message(bench.edge.data('one-too-many', value));
    expect(bench.refusals).toEqual(['SERIES_LIMIT 1']);
    expect(bench.rebirthRequests).toBe(0);
    bench.message(bench.edge.dbirth('d3', value));
    expect(bench.readings).toEqual(['d3 soil/moisture=1']);
  });

  it('cannot fill the memory with metrics that no birth had, and a new birth makes room', () => {
    const bench = new Bench().born();
    const payload = {
      metrics: Array.from({ length: 10 }, (_, n) => double(`made/up/${n}`, n, START_MS)),
    };
    bench.message({ topic: 'spBv1.0/farm/DDATA/pump-house/soil-1', bytes: encodePayload(payload) });
    // bdSeq, the rebirth metric, cpu and moisture are four of six.
    expect(bench.readings).toEqual(['soil-1 made/up/0=0', 'soil-1 made/up/1=1']);
    expect(bench.refusals).toEqual(['SERIES_LIMIT 8']);
    expect(bench.rebirthRequests).toBe(0);
    bench.message(bench.soil(3));
    expect(bench.readings).toEqual(['soil-1 soil/moisture=3']);
    bench.born().message(bench.edge.dbirth('soil-2', [double('soil/ec', 7, START_MS)]));
    expect(bench.readings).toEqual(['soil-2 soil/ec=7']);
  });
});
