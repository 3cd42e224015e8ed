import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LedgerMark } from '../../../core/ledger.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { double, type EdgeMessage, EdgeMessages } from '../../testing/edge-messages.ts';
import { KeptLog } from '../../testing/kept-log.ts';
import type { HostEffect, HostInput } from '../host-effect.ts';
import { stepHost } from '../host-session.ts';
import { createHostState, type HostState } from '../host-state.ts';
import { gatewayStatuses } from '../registry.ts';
import { BirthCache } from './birth-cache.ts';

const OPTIONS = {
  ...{ hostId: 'sluice', reorderMs: 2_000, rebirthIntervalMs: 10_000, rebirthsPerS: 50 },
  ...{ maxGateways: 3, maxSeriesPerGateway: 50, silenceMs: 60_000 },
};
const BIRTHS = 'a1b2c3d4e5f6';
const MARK: LedgerMark = { kind: 'readings', ledger: '0123456789abcdef', first: 0, count: 1 };

type Input = HostInput extends infer I ? (I extends unknown ? Omit<I, 'at'> : never) : never;

/** One run of ingest on a folder: its host session with timers, and the births that it keeps. */
class Run {
  readonly clock: FakeClock;
  readonly host: HostState;
  readonly cache: BirthCache;
  readonly said: string[] = [];
  readonly asked: string[] = [];
  readonly #log = new KeptLog();
  readonly #timers = new Map<string, () => void>();

  constructor(folder: string, clock: FakeClock, options = OPTIONS) {
    this.clock = clock;
    this.host = createHostState(options);
    this.cache = new BirthCache(folder, { host: this.host, clock, log: this.#log.log });
  }

  async start(): Promise<this> {
    await this.cache.start();
    onTestFinished(() => this.cache.stop());
    this.step({ kind: 'connected', stateTimestampMs: this.clock.nowMs() });
    return this;
  }

  get logged() {
    return this.#log.lines;
  }

  /** The effects of one input in short words. */
  step(input: Input): string[] {
    const at = { nowMs: this.clock.nowMs(), monotonicMs: this.clock.monotonicMs() };
    const effects = stepHost(this.host, { ...input, at } as HostInput);
    for (const effect of effects) this.#carryOut(effect);
    return effects.flatMap((effect) => {
      if (effect.kind === 'refused') return [effect.error.code];
      if (effect.kind !== 'readings') return [];
      return effect.metrics.map(({ value }, at) => `${effect.definitions[at]!.name}=${value}`);
    });
  }

  message({ topic, bytes }: EdgeMessage): string[] {
    return this.step({ kind: 'message', topic, bytes });
  }

  #carryOut(effect: HostEffect): void {
    if (effect.kind === 'born' || effect.kind === 'presence' || effect.kind === 'forgotten')
      this.cache.changed(effect.site, effect.gateway);
    if (effect.kind === 'publish' && effect.topic.includes('/NCMD/')) this.asked.push(effect.topic);
    if (effect.kind === 'timer' || effect.kind === 'cancelTimer') this.#timers.get(effect.key)?.();
    if (effect.kind !== 'timer') return;
    const fire = () => this.step({ kind: 'timer', key: effect.key });
    this.#timers.set(effect.key, this.clock.after(effect.delayMs, fire));
  }

  get presence(): string[] {
    return gatewayStatuses(this.host).flatMap(({ gateway, presence, devices }) => [
      `${gateway} ${presence}`,
      ...devices.map((one) => `${one.device} ${one.presence}`),
    ]);
  }
}

function ours(gateway = 'pump-house', births: string | undefined = BIRTHS) {
  const edge = new EdgeMessages('farm', gateway);
  edge.births = births;
  const soil = (value: number) => edge.data('soil-1', [double('soil/moisture', value, Date.now())], MARK);
  const births1 = () => [
    edge.nbirth([double('gateway/cpu', 5, 0)]),
    edge.dbirth('soil-1', [{ ...double('soil/moisture', 20, 0), properties: { engUnit: '%' } }]),
  ];
  return { edge, soil, births: births1 };
}

/** What is known a while after a gateway was born, once ingest has been killed and started again. */
async function restarted(gateway: ReturnType<typeof ours>, more: readonly EdgeMessage[] = []) {
  const folder = temporaryFolder();
  const clock = new FakeClock();
  const first = await new Run(folder, clock).start();
  for (const message of [...gateway.births(), ...more]) first.message(message);
  await clock.advance(2_000);
  return { folder, clock, run: await new Run(folder, clock).start() };
}

describe('after kill -9', () => {
  it('data goes on under the births that it names, without a request', async () => {
    const gateway = ours();
    const { run, clock } = await restarted(gateway);
    expect(run.presence).toEqual(['pump-house unknown', 'soil-1 unknown']);
    expect(run.message(gateway.soil(31))).toEqual(['soil/moisture=31']);
    expect(
      run.host.nodes.get('farm/pump-house')!.devices.get('soil-1')!.metrics.byName.get('soil/moisture'),
    ).toMatchObject({
      properties: { engUnit: '%' },
      dataType: DATA_TYPES.Double,
    });
    expect(run.presence).toEqual(['pump-house online', 'soil-1 online']);
    await clock.advance(300_000);
    expect(run.asked).toEqual([]);
  });

  it('data under other births is not taken, and the births are asked for', async () => {
    const gateway = ours();
    const { run } = await restarted(gateway);
    gateway.edge.births = '000000000000';
    expect(run.message(gateway.soil(31))).toEqual(['SENDER_UNBORN']);
    expect(run.asked).toHaveLength(1);
    gateway.births().map((message) => run.message(message));
    expect(run.message(gateway.soil(32))).toEqual(['soil/moisture=32']);
  });

  it.each(['told no fingerprint', 'tells none any more'])(
    'a gateway that %s has to be born again',
    async (when) => {
      const gateway = ours('pump-house', when === 'told no fingerprint' ? undefined : BIRTHS);
      const { run, clock } = await restarted(gateway);
      gateway.edge.births = undefined;
      expect(run.presence[0]).toBe('pump-house unknown');
      expect(run.message(gateway.soil(31))).toEqual(['SENDER_UNBORN']);
      await clock.advance(5_000);
      expect(run.asked).toHaveLength(1);
    },
  );

  it('one that stays silent is asked, and counts as gone when it does not answer', async () => {
    const { run, clock } = await restarted(ours());
    await clock.advance(59_000);
    expect(run.asked).toHaveLength(0);
    await clock.advance(2_000);
    expect(run.asked).toHaveLength(1);
    expect(run.presence).toEqual(['pump-house unknown', 'soil-1 unknown']);
    await clock.advance(3_600_000);
    expect(run.asked).toHaveLength(2);
    expect(run.presence).toEqual(['pump-house offline', 'soil-1 offline']);
  });

  it('a device that stays silent while its gateway speaks is asked after', async () => {
    const gateway = ours();
    const { run, clock } = await restarted(gateway);
    run.message(gateway.edge.data(undefined, [double('gateway/cpu', 6, 0)], MARK));
    expect(run.presence).toEqual(['pump-house online', 'soil-1 unknown']);
    await clock.advance(61_000);
    expect(run.asked).toHaveLength(1);
  });

  it('what died before is known to be dead, until it speaks', async () => {
    const gateway = ours();
    const { run } = await restarted(gateway, [gateway.edge.ndeath()]);
    expect(run.presence).toEqual(['pump-house offline', 'soil-1 offline']);
    run.message(gateway.soil(31));
    expect(run.presence).toEqual(['pump-house online', 'soil-1 online']);
  });

  it('the death of one that has spoken is believed, whatever its bdSeq is by now', async () => {
    const gateway = ours();
    const { run } = await restarted(gateway);
    run.message(gateway.soil(31));
    run.message(gateway.edge.ndeath(7));
    expect(run.presence).toEqual(['pump-house offline', 'soil-1 offline']);
    expect(run.message(gateway.soil(32))).toEqual(['SENDER_UNBORN']);
  });

  it('gateways that are there no longer make room for new ones, and nobody else does', async () => {
    const folder = temporaryFolder();
    const clock = new FakeClock();
    const first = await new Run(folder, clock).start();
    for (const name of ['g1', 'g2', 'g3']) {
      ours(name)
        .births()
        .map((message) => first.message(message));
      await clock.advance(2_000);
    }
    const run = await new Run(folder, clock).start();
    run.message(ours('g1').soil(1));
    expect(run.message(ours('new').soil(1))).toEqual(['GATEWAY_LIMIT']);
    run.message(ours('new').edge.nbirth());
    await clock.advance(2_000);
    expect([...(await new Run(folder, clock).start()).host.nodes.keys()].sort()).toEqual([
      'farm/g1',
      'farm/g3',
      'farm/new',
    ]);
  });
});

it('a lost connection to the broker is no reason for new births either', async () => {
  const gateway = ours();
  const { run, clock } = await restarted(gateway);
  run.message(gateway.soil(31));
  run.step({ kind: 'disconnected' });
  expect(run.presence).toEqual(['pump-house unknown', 'soil-1 unknown']);
  run.step({ kind: 'connected', stateTimestampMs: 0 });
  expect(run.message(gateway.soil(32))).toEqual(['soil/moisture=32']);
  await clock.advance(300_000);
  expect(run.asked).toEqual([]);
});

it('a damaged file is put aside with a word, and gateways are asked', async () => {
  const gateway = ours();
  const { folder, clock } = await restarted(gateway);
  const other = temporaryFolder();
  writeFileSync(join(other, 'births.db'), Buffer.alloc(20_000, 'no database'));
  const run = await new Run(other, clock).start();
  expect(JSON.stringify(run.logged)).toContain('STATE_DAMAGED');
  expect(run.message(gateway.soil(1))).toEqual(['SENDER_UNBORN']);
  expect(run.asked).toHaveLength(1);
  expect(folder).not.toBe(other);
});

it('births that another run has kept are never taken for those of a gateway that was reborn while the file lagged', async () => {
  const gateway = ours();
  const { run } = await restarted(gateway);
  // In the same alias another metric, as after new settings: only the fingerprint shows it.
  const changed = new EdgeMessages('farm', 'pump-house');
  changed.births = '00000000ffff';
  changed.aliasOf('gateway/cpu');
  const ec = changed.data('soil-1', [double('soil/ec', 1200, 0)], MARK);
  expect(run.message(ec)).toEqual(['SENDER_UNBORN']);
});
