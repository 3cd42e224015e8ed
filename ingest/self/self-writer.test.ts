import { describe, expect, it } from 'vitest';
import type { Completeness } from '../../core/completeness.ts';
import type { Link } from '../../core/links/mesh.ts';
import { createLog } from '../../core/log.ts';
import { findQuantity } from '../../core/quantities.ts';
import { type Reading, setTags } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { GatewayCounters, GatewayStatus } from '../http/sources.ts';
import type { LinkFigures } from '../sla/budget/link-counts.ts';
import type { SelfConfig } from './config.ts';
import { SelfWriter } from './self-writer.ts';

const DAY_MS = 86_400_000;
const CONFIG: SelfConfig = { enabled: true, everyS: 60, completeness: { raisePct: 99, clearPct: 99.5 } };
const NO_LEDGER = { ledger: 'none', share: null, inFlight: 0, dropped: 0 };

const POP = { network: 'west', site: 'backbone', name: { en: 'x', zh: 'x' } };
const LINK: Link = {
  id: 'cq1_sh1',
  from: { ...POP, id: 'cq1', gateway: 'agent-1' },
  to: { ...POP, id: 'sh1', gateway: 'agent-2' },
  class: 'inter',
  objective: { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 },
  probes: [],
  behind: [],
};

function gatewayStatus(parts: Partial<GatewayStatus>): GatewayStatus {
  const presence = { online: true, presence: 'online', sinceMs: 0, lastSeenMs: 0 } as const;
  return { site: 'farm', gateway: 'g', ...presence, devices: [], missedMessages: 0, ...parts };
}

function rig({
  gateways = [] as readonly GatewayStatus[],
  completeness = NO_LEDGER as Partial<Completeness>,
  counters = [] as readonly Partial<GatewayCounters>[],
  links = [] as readonly Link[],
  figures = undefined as LinkFigures | (() => never) | undefined,
}) {
  const clock = new FakeClock();
  const written: Reading[][] = [];
  let failure: Error | undefined;
  const writer = new SelfWriter(CONFIG, {
    clock,
    log: createLog('silent'),
    awayS: 60,
    store: {
      async write(batch: ReadingBatch) {
        if (failure) throw failure;
        written.push([...batch.readings()]);
        return { stored: batch.length, rejected: [] };
      },
    },
    gateways: () => gateways,
    counters: () => counters as GatewayCounters[],
    completeness: () => completeness as Completeness,
    letters: { counts: () => [{ site: 'farm', gateway: 'g', waiting: 2, more: 1 }] } as never,
    mesh: () => ({
      version: '',
      recordS: 60,
      pops: new Map(),
      links: new Map(links.map((one) => [one.id, one])),
    }),
    judged: () => [],
    figures: () => (typeof figures === 'function' ? figures() : () => figures),
    budgets: {
      ofLink: async () =>
        ({
          budgets: [
            { kind: 'loss', days30: { spent: 0.25 } },
            { kind: 'latency', days30: { spent: null } },
          ],
        }) as never,
    },
  });
  /** What is written of the next minute: `measurement/field{tags}` and its value. */
  async function minute(): Promise<Record<string, number>> {
    const before = written.length;
    await clock.advance(60_000);
    await eventually(() => written.length > before);
    return Object.fromEntries(
      written.at(-1)!.map((one) => {
        const tags = Object.values(setTags(one)).join(',');
        return [`${one.measurement}/${one.field}{${tags}}`, one.value as number];
      }),
    );
  }
  return { clock, writer, written, minute, fail: (error: Error | undefined) => (failure = error) };
}

describe('what ingest writes of itself', () => {
  it('tells presence, completeness and what is missing of each gateway, with the bounds that they are held to', async () => {
    const clock = new FakeClock();
    const lastSeenMs = clock.nowMs() - 30_000;
    const device = { device: 'meter', online: true, presence: 'online', sinceMs: 0, lastSeenMs } as const;
    const { writer, minute } = rig({
      gateways: [
        gatewayStatus({ gateway: 'up', devices: [device] }),
        gatewayStatus({
          gateway: 'down',
          online: false,
          presence: 'offline',
          sinceMs: clock.nowMs(),
          lastSeenMs,
        }),
      ],
      completeness: { ledger: 'l', share: 0.9997, inFlight: 2, dropped: 1 },
    });
    await writer.start();
    const points = await minute();
    expect(points).toMatchObject({
      'gateway/online{farm,up}': 1,
      'gateway/away{farm,up}': 0,
      'gateway/online{farm,down}': 0,
      'gateway/away{farm,down}': 60,
      'gateway/missing{farm,down}': 3,
      'threshold/gateway_away_high{farm,down}': 60,
      'threshold/gateway_completeness_low{farm,down}': 99,
      'threshold/gateway_completeness_low_clear{farm,down}': 99.5,
      'device/online{farm,up,meter}': 1,
      'device/silent{farm,up,meter}': 90,
    });
    expect(points['gateway/completeness{farm,down}']).toBeCloseTo(99.97);
    await writer.stop();
  });

  it('does not call offline what it has not heard of since its own start, nor misses what has gone for a month', async () => {
    const clock = new FakeClock();
    const gone = {
      online: false,
      presence: 'offline',
      sinceMs: clock.nowMs() - 31 * DAY_MS,
      lastSeenMs: 0,
    } as const;
    const unheard = {
      online: false,
      presence: 'unknown',
      sinceMs: clock.nowMs(),
      lastSeenMs: clock.nowMs(),
    } as const;
    const { writer, minute } = rig({
      gateways: [
        gatewayStatus({ gateway: 'gone', ...gone }),
        gatewayStatus({ gateway: 'unheard', ...unheard }),
      ],
    });
    await writer.start();
    const points = await minute();
    expect(Object.keys(points).some((name) => name.includes('gone'))).toBe(false);
    expect(points).not.toHaveProperty('gateway/online{farm,unheard}');
    expect(points).not.toHaveProperty('gateway/completeness{farm,unheard}');
    expect(points['gateway/away{farm,unheard}']).toBe(60);
    await writer.stop();
  });

  it('says of a link what its last hour and its budget say, by where it starts and ends', async () => {
    // A hundred records of 600 probes, one lost in each tenth: half of what the objective allows.
    const blocks = {
      probes: Array(100).fill(600),
      bad: Array.from({ length: 100 }, (_, n) => (n % 10 === 0 ? 9 : 0)),
    };
    const figures: LinkFigures = {
      share: (kind) => ({
        probes: 60_000,
        bad: kind === 'loss' ? 90 : 6_000,
        badRecords: 10,
        knownMs: 3_600_000,
      }),
      blocks: (kind) => (kind === 'loss' ? blocks : { probes: blocks.probes, bad: Array(100).fill(60) }),
    };
    const { writer, minute } = rig({ links: [LINK], figures });
    await writer.start();
    const tags = '{backbone,agent-1,cq1,sh1,cq1_sh1,inter}';
    const points = await minute();
    expect(points).toMatchObject({
      [`sla/loss${tags}`]: 0.0015,
      [`sla/slow${tags}`]: 0.1,
      // Twice as many are slow as may be, and surely so.
      [`sla/verdict${tags}`]: 2,
      [`sla/loss_spent${tags}`]: 0.25,
      [`threshold/sla_loss_burn_1h_high${tags}`]: 14.4,
      'threshold/link_latency_high{backbone,agent-1,cq1_sh1,inter}': 30,
    });
    expect(points[`sla/loss_burn_1h${tags}`]).toBeCloseTo(0.5);
    expect(points[`sla/latency_burn_3d${tags}`]).toBeCloseTo(2);
    expect(points).not.toHaveProperty(`sla/latency_spent${tags}`);
    await writer.stop();
  });

  it('writes only what the catalogue names', async () => {
    const { writer, minute, written } = rig({
      gateways: [gatewayStatus({ devices: [{ device: 'd', ...gatewayStatus({}) }] })],
      completeness: { ledger: 'l', share: 1, inFlight: 0, dropped: 0 },
      counters: [
        {
          site: 'farm',
          gateway: 'g',
          received: 9,
          stored: 7,
          rejected: 1,
          dropped: 0,
          repeated: 0,
          deferred: 0,
          inFlight: 1,
        },
      ],
      links: [LINK],
      figures: {
        share: () => ({ probes: 1, bad: 0, badRecords: 0, knownMs: 1 }),
        blocks: () => ({ probes: [1], bad: [0] }),
      },
    });
    await writer.start();
    expect(await minute()).toMatchObject({
      'pipeline/received{farm,g}': 9,
      'pipeline/in_flight{farm,g}': 1,
      'pipeline/letters{farm,g}': 3,
    });
    const names = written.flat().filter(({ measurement }) => measurement !== 'threshold');
    expect(names.filter(({ measurement, field }) => !findQuantity(measurement, field))).toEqual([]);
    await writer.stop();
  });

  it('says what it can where one part cannot, and that it cannot', async () => {
    const { writer, minute } = rig({
      gateways: [gatewayStatus({})],
      links: [LINK],
      figures: () => {
        throw new Error('not open');
      },
    });
    await writer.start();
    expect(await minute()).toMatchObject({ 'gateway/online{farm,g}': 1 });
    await eventually(() => writer.trouble() !== undefined);
    await writer.stop();
  });

  it('goes on after a minute that the store did not take, and says so meanwhile', async () => {
    const { writer, minute, fail, clock } = rig({ gateways: [gatewayStatus({})] });
    await writer.start();
    fail(new Error('away'));
    await clock.advance(60_000);
    await eventually(() => writer.trouble() !== undefined);
    fail(undefined);
    expect(await minute()).toMatchObject({ 'gateway/online{farm,g}': 1 });
    await eventually(() => writer.trouble() === undefined);
    await writer.stop();
  });
});
