import { describe, expect, it } from 'vitest';
import { asSluiceError } from '../../core/errors.ts';
import type { GatewayEvent } from '../../core/gateway-event.ts';
import { createLog } from '../../core/log.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { stepHost } from '../session/host-session.ts';
import { createHostState } from '../session/host-state.ts';
import { double, type EdgeMessage, EdgeMessages } from '../testing/edge-messages.ts';
import { CommandDesk } from './command-desk.ts';
import type { CommandRecord, CommandWish } from './command-record.ts';

const VALVE = 'irrigation/valve_state/v1';
const EVENT: Metric = { name: 'Event', dataType: DATA_TYPES.String, value: null };
const OPEN: CommandWish = {
  ...{ id: 'one', site: 'farm', gateway: 'pump-house', device: 'valves', metric: VALVE },
  ...{ value: true, leaseS: 600, validForS: 30, issuer: 'api' },
};

class Bench {
  readonly clock = new FakeClock();
  readonly folder = temporaryFolder();
  readonly host = createHostState({
    ...{ hostId: 'sluice', reorderMs: 2_000, rebirthIntervalMs: 10_000, rebirthsPerS: 50, silenceMs: 60_000 },
    ...{ maxGateways: 10, maxSeriesPerGateway: 100 },
  });
  readonly edge = new EdgeMessages();
  readonly sent: { topic: string; metric: Metric }[] = [];
  readonly changes: string[] = [];
  desk = this.#create();

  #create(): CommandDesk {
    return new CommandDesk(
      { maxLeaseS: 3_600, keepDays: 400 },
      {
        ...{ folder: this.folder, clock: this.clock, log: createLog('silent'), host: this.host },
        publish: (topic, payload) => this.sent.push({ topic, metric: decodePayload(payload).metrics[0]! }),
        changed: ({ id, state }: CommandRecord) => this.changes.push(`${id} ${state}`),
      },
    );
  }

  static async started(): Promise<Bench> {
    const bench = new Bench();
    await bench.desk.start();
    bench.take(bench.edge.nbirth([double('gateway/cpu', 5, 0), EVENT]));
    bench.take(
      bench.edge.dbirth('valves', [
        { name: VALVE, dataType: DATA_TYPES.Boolean, value: false, properties: { writable: true } },
        { name: 'irrigation/pump_frequency', dataType: DATA_TYPES.Double, value: 0 },
        { name: 'irrigation/flow', dataType: DATA_TYPES.Double, value: 0, properties: { writable: false } },
        { name: 'Mode', dataType: DATA_TYPES.String, value: 'auto' },
        { name: 'Steps', dataType: DATA_TYPES.Int32, value: 0 },
      ]),
    );
    bench.take(bench.edge.dbirth('gone', []));
    bench.take(bench.edge.ddeath('gone'));
    return bench;
  }

  take({ topic, bytes }: EdgeMessage): void {
    const at = { nowMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() };
    stepHost(this.host, { kind: 'message', topic, bytes, at });
  }

  /** As after `kill -9`: everything is on the disk, and the timers are gone. */
  async restart(): Promise<void> {
    await this.desk.stop();
    this.desk = this.#create();
    await this.desk.start();
  }

  answer(outcome: 'applied' | 'refused', gateway = 'pump-house'): void {
    const event: GatewayEvent = {
      ...{ id: `e-${outcome}`, kind: 'command', command: 'one', outcome, device: 'valves', metric: VALVE },
      ...{
        value: true,
        issuer: 'api',
        timeMs: this.clock.nowMs(),
        leaseEndsMs: this.clock.nowMs() + 600_000,
      },
    };
    this.desk.take([{ site: 'farm', gateway, event, text: '' }]);
  }

  codeOf(change: Partial<CommandWish>): string {
    try {
      this.desk.submit({ ...OPEN, ...change });
      return 'taken';
    } catch (thrown) {
      return asSluiceError(thrown).code;
    }
  }
}

describe('a command', () => {
  it('goes out as a DCMD with its lease and expiry, every two seconds until it is answered', async () => {
    const bench = await Bench.started();
    const record = bench.desk.submit(OPEN);
    expect(record).toMatchObject({ id: 'one', state: 'pending' });
    expect(bench.sent).toEqual([
      {
        topic: 'spBv1.0/farm/DCMD/pump-house/valves',
        metric: expect.objectContaining({
          ...{ name: VALVE, value: true, dataType: DATA_TYPES.Boolean },
          properties: expect.objectContaining({
            ...{ commandId: 'one', leaseMs: 600_000, issuer: 'api' },
            expiresAtMs: bench.clock.nowMs() + 30_000,
          }),
        }),
      },
    ]);
    await bench.clock.advance(4_000);
    expect(bench.sent).toHaveLength(3);
    bench.answer('applied');
    await bench.clock.advance(60_000);
    expect(bench.sent).toHaveLength(3);
    expect(bench.desk.get('one')).toMatchObject({ state: 'applied', answer: { outcome: 'applied' } });
    expect(bench.changes).toEqual(['one pending', 'one applied']);
  });

  it('is repeated no more once another for the same point is taken, also after kill -9: an opening that was lost never follows its close', async () => {
    const bench = await Bench.started();
    bench.desk.submit(OPEN);
    bench.desk.submit({ ...OPEN, id: 'close', value: false, leaseS: 0 });
    bench.sent.length = 0;
    const ids = () => new Set(bench.sent.map(({ metric }) => metric.properties?.commandId));
    await bench.clock.advance(10_000);
    expect(ids()).toEqual(new Set(['close']));
    await bench.restart();
    bench.sent.length = 0;
    await bench.clock.advance(10_000);
    expect(ids()).toEqual(new Set(['close']));
    await bench.clock.advance(60_000);
    expect(bench.desk.get('one')).toMatchObject({ state: 'unanswered', isReplaced: true });
    bench.answer('applied');
    expect(bench.desk.get('one')).toMatchObject({ state: 'applied', isLate: true });
  });

  it('goes on where another point is asked for', async () => {
    const bench = await Bench.started();
    bench.desk.submit(OPEN);
    bench.desk.submit({ ...OPEN, id: 'pump', metric: 'irrigation/pump_frequency', value: 30 });
    bench.sent.length = 0;
    await bench.clock.advance(4_000);
    expect(new Set(bench.sent.map(({ metric }) => metric.name)).size).toBe(2);
  });

  it('opens nothing at a node that announces no leases, as nobody would close it; closing reaches it', async () => {
    const bench = await Bench.started();
    bench.take(bench.edge.nbirth([double('gateway/cpu', 5, 0)]));
    const writable = { writable: true };
    bench.take(
      bench.edge.dbirth('valves', [
        { name: VALVE, dataType: DATA_TYPES.Boolean, value: false, properties: writable },
      ]),
    );
    expect(bench.codeOf({})).toBe('COMMAND_LEASE_UNKNOWN');
    expect(bench.codeOf({ value: false, leaseS: 0 })).toBe('taken');
  });

  it('goes on after ingest was killed, and ends in one state', async () => {
    const bench = await Bench.started();
    bench.desk.submit(OPEN);
    await bench.restart();
    expect(bench.sent).toHaveLength(2);
    bench.answer('applied');
    bench.answer('refused');
    await bench.restart();
    expect(bench.desk.get('one')).toMatchObject({ state: 'applied' });
    expect(bench.sent).toHaveLength(2);
  });

  it('ends as unanswered, and a late answer is the truth', async () => {
    const bench = await Bench.started();
    bench.desk.submit(OPEN);
    await bench.clock.advance(44_000);
    expect(bench.sent).toHaveLength(15);
    expect(bench.desk.get('one')!.state).toBe('pending');
    await bench.clock.advance(1_000);
    expect(bench.desk.get('one')!.state).toBe('unanswered');
    await bench.restart();
    bench.answer('applied');
    expect(bench.desk.get('one')).toMatchObject({ state: 'applied', isLate: true });
    expect(bench.changes).toEqual(['one pending', 'one unanswered', 'one applied']);
  });

  it('that ran out while ingest was down ends as unanswered, and does not go out again', async () => {
    const bench = await Bench.started();
    bench.desk.submit(OPEN);
    await bench.desk.stop();
    await bench.clock.advance(60_000);
    await bench.restart();
    expect(bench.sent).toHaveLength(1);
    expect(bench.desk.get('one')!.state).toBe('unanswered');
  });

  it('is answered by its own gateway only', async () => {
    const bench = await Bench.started();
    bench.desk.submit(OPEN);
    bench.answer('applied', 'another');
    expect(bench.desk.get('one')!.state).toBe('pending');
  });

  it('with the id of another is refused, and with its own is the same', async () => {
    const bench = await Bench.started();
    bench.desk.submit(OPEN);
    expect(bench.desk.submit(OPEN).submittedMs).toBe(bench.clock.nowMs());
    expect(bench.sent).toHaveLength(1);
    for (const change of [{ value: false, leaseS: 0 }, { leaseS: 601 }, { issuer: 'mqtt:eve' }]) {
      expect(bench.codeOf(change)).toBe('COMMAND_ID_TAKEN');
    }
  });

  it('is found by place, state and time, newest first', async () => {
    const bench = await Bench.started();
    for (const id of ['one', 'two', 'three']) {
      bench.desk.submit({ ...OPEN, id });
      await bench.clock.advance(1_000);
    }
    bench.answer('applied');
    const ids = (filter: object) => bench.desk.find({ limit: 10, ...filter }).map(({ record }) => record.id);
    expect(ids({})).toEqual(['three', 'two', 'one']);
    expect(ids({ state: 'applied' })).toEqual(['one']);
    expect(ids({ gateways: ['other'] })).toEqual([]);
    const [first] = bench.desk.find({ limit: 1 });
    expect(ids({ after: first!.place })).toEqual(['two', 'one']);
  });

  it.each<[string, Partial<CommandWish>]>([
    ['taken', { value: 1 }],
    ['taken', { value: false, leaseS: 0 }],
    ['taken', { metric: 'irrigation/pump_frequency', value: 45 }],
    ['taken', { metric: 'Steps', value: 3 }],
    ['taken', { device: '', metric: 'gateway/cpu', value: 0, leaseS: 0 }],
    ['ID_INVALID', { id: 'a b' }],
    ['COMMAND_TARGET_UNKNOWN', { gateway: 'other' }],
    ['COMMAND_TARGET_UNKNOWN', { device: 'other' }],
    ['COMMAND_TARGET_UNKNOWN', { metric: 'irrigation/valve_state/v9' }],
    ['COMMAND_TARGET_OFFLINE', { device: 'gone' }],
    ['COMMAND_NOT_WRITABLE', { metric: 'irrigation/flow', value: 5 }],
    ['COMMAND_VALUE_IMPOSSIBLE', { value: 2 }],
    ['COMMAND_VALUE_IMPOSSIBLE', { metric: 'Mode', value: 1 }],
    ['COMMAND_VALUE_IMPOSSIBLE', { metric: 'Steps', value: 1.5 }],
    ['COMMAND_VALUE_IMPOSSIBLE', { metric: 'irrigation/pump_frequency', value: 401 }],
    ['COMMAND_VALUE_IMPOSSIBLE', { metric: 'irrigation/pump_frequency', value: Number.NaN }],
    ['COMMAND_LEASE_INVALID', { leaseS: 0 }],
    ['COMMAND_LEASE_INVALID', { leaseS: 0.5 }],
    ['COMMAND_LEASE_INVALID', { leaseS: 3_601 }],
    ['COMMAND_LEASE_INVALID', { leaseS: -1 }],
    ['COMMAND_LEASE_INVALID', { value: false, leaseS: Number.NaN }],
    ['REQUEST_INVALID', { validForS: 0 }],
    ['REQUEST_INVALID', { validForS: 3_601 }],
  ])('is %s: %j', async (code, change) => {
    const bench = await Bench.started();
    expect(bench.codeOf(change)).toBe(code);
    expect(bench.sent).toHaveLength(code === 'taken' ? 1 : 0);
  });

  it('does not reach a gateway that is offline', async () => {
    const bench = await Bench.started();
    bench.take(bench.edge.ndeath());
    expect(bench.codeOf({})).toBe('COMMAND_TARGET_OFFLINE');
  });

  it('waits its turn where too many are under way', async () => {
    const bench = await Bench.started();
    for (let n = 0; n < 1_000; n++) bench.desk.submit({ ...OPEN, id: `c${n}` });
    expect(bench.codeOf({})).toBe('COMMANDS_FULL');
  });
});
