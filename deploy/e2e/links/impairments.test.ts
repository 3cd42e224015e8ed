import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { totalOf } from '../../../core/links/link-record.ts';
import { isExact, type Measures } from '../../../core/links/measures.ts';
import { createLog } from '../../../core/log.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { freeUdpPort } from '../../../core/testing/free-udp-port.ts';
import { type Impairment, LinkConfig } from '../../../firmware-sim/links/link-config.ts';
import type { LinkReport } from '../../../firmware-sim/links/link-report.ts';
import { SimulatedLinks } from '../../../firmware-sim/links/simulated-links.ts';
import { Agent } from './agent.ts';
import { EvidenceBroker } from './evidence-broker.ts';
import { imposedOn } from './imposed.ts';

const SEED = 20261123;
const EVERY_MS = 20;
const PROBES = 300;
/** A probe that is held back is overtaken by nine others: no stall of a busy machine makes up for that. */
const HELD_BACK_MS = 9.5 * EVERY_MS;

type Parts = { readonly there?: Partial<Impairment>; readonly back?: Partial<Impairment> };

const LINKS: Readonly<Record<string, Parts>> = {
  clean: {},
  delay: { there: { delayMs: 12 }, back: { delayMs: 8 } },
  asymmetry: { there: { delayMs: 30 }, back: { delayMs: 5, loss: { share: 0.1 } } },
  uniform: { there: { delayMs: 5, jitter: { shape: 'uniform', ms: 10 } } },
  normal: { there: { delayMs: 15, jitter: { shape: 'normal', ms: 2 } } },
  'heavy-tail': { there: { delayMs: 5, jitter: { shape: 'heavy-tail', ms: 1 } } },
  loss: { there: { loss: { share: 0.15 } }, back: { loss: { share: 0.05 } } },
  bursts: { there: { loss: { share: 0.1, meanBurst: 5 } }, back: { loss: { share: 0.1, meanBurst: 4 } } },
  duplicates: { there: { duplicateShare: 0.1 }, back: { duplicateShare: 0.2 } },
  reordering: { there: { reorder: { share: 0.05, byMs: HELD_BACK_MS } } },
};

const broker = new EvidenceBroker();
const agents: Agent[] = [];
let simulated: SimulatedLinks | undefined;
let configs = new Map<string, LinkConfig>();
let reports = new Map<string, LinkReport>();

/** Sender, simulated links and reflector on loopback: one agent probes them all at once, and its evidence comes by MQTT. */
beforeAll(async () => {
  const [mqttPort, reflectorPort] = [await freePort(), await freeUdpPort()];
  const at = (port: number) => ({ address: '127.0.0.1', port });
  configs = new Map(
    Object.entries(LINKS).map(([id, parts]) => {
      const whole = { id, listen: at(0), to: at(reflectorPort), ...parts };
      return [id, checkConfig(LinkConfig, whole as unknown as LinkConfig)];
    }),
  );
  const links = new SimulatedLinks([...configs.values()], SEED, createLog('silent'));
  simulated = links;
  await links.open();
  await broker.start(mqttPort);
  const common = { site: 'backbone', broker: { url: `mqtt://127.0.0.1:${mqttPort}` } };
  const reflector = new Agent({
    ...{ ...common, gateway: 'sh' },
    drivers: [{ driver: 'stamp-reflector', port: reflectorPort, counting: 'stateful' }],
  });
  agents.push(reflector);
  // A probe that comes before it answers is lost, and nothing has imposed that.
  await eventually(() => /reflector answers/.test(reflector.said));
  const agent = new Agent({
    ...{ ...common, gateway: 'gz', outbox: { confirm: 'sent' } },
    drivers: [
      {
        ...{ driver: 'links', id: 'backbone', recordS: 1 },
        links: [...configs.keys()].map((link) => ({
          ...{ link, class: 'inter', to: 'sh' },
          probes: [
            {
              ...{ kind: 'stamp', address: '127.0.0.1', port: links.port(link) },
              ...{ ratePerS: 1_000 / EVERY_MS, spacing: 'periodic', reflector: 'stateful' },
              timeoutMs: 500,
            },
          ],
        })),
      },
    ],
  });
  agents.push(agent);
  await eventually(
    () => {
      if (agent.child.exitCode !== null) throw new Error(agent.said);
      const scheduled = [...configs.keys()].map((link) => broker.total(link).account.scheduled);
      return Math.min(...scheduled) >= PROBES;
    },
    { withinMs: 50_000, everyMs: 250 },
  );
  reports = new Map((await links.reports()).map((one) => [one.id, one]));
}, 60_000);

afterAll(async () => {
  await Promise.all(agents.map((one) => one.stop()));
  await simulated?.close();
  await broker.stop();
});

/** What was measured, and what the model imposed on as many probes. Records are whole, so those are the first of the flow. */
function compare(link: string) {
  const measured = broker.total(link);
  const { scheduled, notSent, invalid } = measured.account;
  const sent = broker.records(link).map((record) => {
    const { account } = totalOf(record);
    return account.scheduled - account.notSent;
  });
  const imposed = imposedOn(configs.get(link)!, SEED, sent, EVERY_MS);
  expect(isExact(measured)).toBe(true);
  expect(scheduled).toBeGreaterThanOrEqual(PROBES);
  // A stalled machine makes probes invalid; where it stalls all the time, this test says nothing.
  expect(invalid + notSent).toBeLessThan(scheduled / 4);
  return { measured, imposed, report: reports.get(link)! };
}

/** Equal where every probe was sent and valid; what became of the others may be missing, and nothing is ever added. */
function expectCount(
  what: keyof Measures | 'lost',
  count: number,
  imposed: number,
  { account }: Measures,
): void {
  expect(count, what).toBeLessThanOrEqual(imposed);
  expect(count, what).toBeGreaterThanOrEqual(imposed - account.invalid - account.notSent);
}

describe('each link as its agent measures it, against what was imposed', () => {
  it.each(Object.keys(LINKS))(
    '%s: every probe that is lost was dropped, and every one that was dropped is lost',
    (link) => {
      const { measured, imposed, report } = compare(link);
      const { account } = measured;
      expectCount('lost', account.lost, imposed.lost, measured);
      expect(account.late).toBe(0);
      // The simulator has seen the same probes, and some more by now.
      expect(report.there.arrived).toBeGreaterThanOrEqual(account.scheduled - account.notSent);
      expect(report.there.lost).toBeGreaterThanOrEqual(imposed.lostForward);
      expect(report.there.refused + report.there.failed + report.strangers).toBe(0);
    },
  );

  it.each(['loss', 'bursts', 'asymmetry'])('%s: a stateful reflector shows on which way', (link) => {
    const { measured, imposed } = compare(link);
    expect(imposed.received).toBeLessThan(measured.account.scheduled);
    if (measured.account.invalid + measured.account.notSent > 0) {
      expect(measured.lostForward).toBeLessThanOrEqual(imposed.lostForward);
      expect(measured.lostReturn).toBeLessThanOrEqual(imposed.lostReturn);
    } else {
      const { lostForward, lostReturn } = imposed;
      expect(measured).toMatchObject({ lostForward, lostReturn });
    }
  });

  it.each(Object.keys(LINKS).filter((link) => !['uniform', 'heavy-tail', 'normal'].includes(link)))(
    '%s: duplicates and what was overtaken are counted as they were imposed',
    (link) => {
      const { measured, imposed } = compare(link);
      expectCount('duplicates', measured.duplicates, imposed.duplicates, measured);
      expectCount('reordered', measured.reordered, imposed.reordered, measured);
      if (link === 'duplicates') expect(imposed.duplicates).toBeGreaterThan(50);
      if (link === 'reordering') expect(imposed.reordered).toBeGreaterThan(5);
    },
  );

  it('bursts: the evidence tells each run of losses', () => {
    const { measured, imposed } = compare('bursts');
    const told = broker.records('bursts').flatMap(({ gaps }) => gaps.map(({ probes }) => probes));
    expect(imposed.gaps.length).toBeGreaterThan(3);
    const sum = (lengths: readonly number[]) => lengths.reduce((total, one) => total + one, 0);
    // A run that reaches over the end of a record is told in two parts.
    expect(sum(told)).toBeGreaterThan(0.5 * (sum(imposed.gaps) - measured.account.invalid));
    expect(Math.max(...told)).toBeLessThanOrEqual(Math.max(...imposed.gaps));
  });

  // Never less than what was imposed, but for the 1 % to which histograms know values; not much more at the median.
  it.each([
    ['delay', 20],
    ['asymmetry', 35],
    ['uniform', 10],
    ['normal', 15],
    ['heavy-tail', 5.4],
  ])('%s: the round trip at the median is %d ms', (link, imposedMs) => {
    const { measured, report } = compare(link);
    const { imposed, added } = report.there;
    const backMs = report.back.imposed.p50!;
    expect(imposed.p50! + backMs).toBeGreaterThan(0.93 * imposedMs);
    expect(imposed.p50! + backMs).toBeLessThan(1.07 * imposedMs);
    expect(added.p50!).toBeGreaterThanOrEqual(0.98 * imposed.p50!);
    expect(measured.roundTrip.quantile(0.5)).toBeGreaterThan(0.9 * imposedMs);
    expect(measured.roundTrip.quantile(0.5)).toBeLessThan(imposedMs + 20);
  });

  it('delay: no probe is faster than what was imposed', () => {
    const { measured } = compare('delay');
    expect(measured.roundTrip.quantile(0)).toBeGreaterThan(0.985 * 20);
  });
});
