import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { type Influxd, startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { Random } from '../../firmware-sim/farm/random.ts';
import type { LoadReport } from '../../firmware-sim/load/load-fleet.ts';
import { gatewayId, loadReading } from '../../firmware-sim/load/load-reading.ts';
import type { Completeness } from '../../ingest/ledger/completeness.ts';
import { getJson } from '../e2e/farm.ts';
import { DeliveryRig, POLL_MS } from './delivery-rig.ts';

/*
 * What was measured is in the store once, as it was, whatever was killed or frozen on the way. More of it:
 *
 *     SLUICE_CHAOS_TRACE=1 SLUICE_CHAOS_SEED=7 SLUICE_CHAOS_SECONDS=600 npx vitest run deploy/chaos
 *
 * SLUICE_CHAOS_CONFIRM=sent switches the gateway's ledger off, and then it fails.
 */
const SEED = Number(process.env.SLUICE_CHAOS_SEED ?? 1);
const SECONDS = Number(process.env.SLUICE_CHAOS_SECONDS ?? 15);
const CONFIRM = process.env.SLUICE_CHAOS_CONFIRM === 'sent' ? 'sent' : 'host';
const SETTLED_WITHIN_MS = 60_000;
/** Answers that a gateway may lose at each end of a time in which it was dead or frozen: the one on its way, and its time. */
const EDGE_MS = 1_000;

const trace = (text: string) =>
  process.env.SLUICE_CHAOS_TRACE && process.stderr.write(`${new Date().toISOString()} ${text}\n`);

interface Span {
  readonly fromMs: number;
  toMs: number;
}

/** Breaks one thing after another and mends it; says when the gateway was away. */
async function strike(rig: DeliveryRig, influxd: Influxd | undefined, random: () => number) {
  const away: Span[] = [];
  const done: string[] = [];
  const targets = ['gateway', 'broker', 'ingest', ...(influxd ? (['influxd'] as const) : [])] as const;
  const untilMs = Date.now() + SECONDS * 1_000;
  while (Date.now() < untilMs) {
    await sleep(300 + random() * 1_500);
    const target = targets[Math.floor(random() * targets.length)]!;
    const isKill = random() < 0.6;
    const span = { fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
    if (target === 'gateway') away.push(span);
    done.push(`${isKill ? 'kill' : 'freeze'} ${target}`);
    trace(done.at(-1)!);
    const kill = () => (target === 'influxd' ? influxd!.kill() : rig.kill(target));
    const run = () => (target === 'influxd' ? influxd!.start() : rig.run(target));
    const freeze = (isFrozen: boolean) =>
      target === 'influxd' ? influxd!.freeze(isFrozen) : rig.freeze(target, isFrozen);
    await (isKill ? kill() : freeze(true));
    await sleep(200 + random() * 3_000);
    await (isKill ? run() : freeze(false));
    span.toMs = Date.now();
  }
  return { away, done };
}

function completeness(rig: DeliveryRig, site: string, gateway: string): Promise<Completeness> {
  return getJson(`${rig.url}/api/v1/gateways/${site}/${gateway}/completeness`);
}

/** Of the gateway: each answer of its slave once, in order, at its time; the ones it could not hear excepted. */
async function checkGateway(rig: DeliveryRig, away: readonly Span[]): Promise<string> {
  const account = await eventually(
    async () => {
      const now = await completeness(rig, 'farm', 'shed');
      // Until the gateway is back, ingest does not know how much there is.
      const isBack = await rig.hasStored(rig.answers.slice(-2));
      if (!isBack || now.inFlight > 0 || now.produced === 0)
        throw new Error(`not settled: ${JSON.stringify(now)}`);
      return now;
    },
    { withinMs: SETTLED_WITHIN_MS, everyMs: 250 },
  );
  const stored = await rig.countedReadings();
  const answered = new Map(rig.answers.map(({ value, timeMs }) => [value, timeMs]));
  const extra = [...stored].filter(([value, timesMs]) => !answered.has(value) || timesMs.length > 1);
  expect(extra, 'values that no slave sent, or that are stored under two times').toEqual([]);
  const late = [...stored].filter(([value, [timeMs]]) => Math.abs(timeMs! - answered.get(value)!) > EDGE_MS);
  const isAway = (atMs: number) =>
    away.some(({ fromMs, toMs }) => atMs > fromMs - EDGE_MS && atMs < toMs + EDGE_MS);
  expect(
    late.filter(([, [timeMs]]) => !isAway(timeMs!)),
    'stored under another time than they were made at',
  ).toEqual([]);
  const missing = rig.answers.filter(({ value, timeMs }) => !stored.has(value) && !isAway(timeMs));
  // The gateway may be closing its port when the slave is taken away.
  expect(missing.slice(0, -1), 'answered by the slave, and not in the store').toEqual([]);
  const times = [...stored].sort(([a], [b]) => a - b).map(([, [timeMs]]) => timeMs!);
  expect(times, 'in the order in which they were made').toEqual([...times].sort((a, b) => a - b));
  expect(account).toMatchObject({ dropped: 0, rejected: 0, inFlight: 0, missing: [], share: 1 });
  expect(account.stored).toBe(account.produced);
  return `${rig.answers.length} answers of the slave, ${stored.size} stored; ${account.produced} numbers of the gateway`;
}

/** Of the fleet: the plan says what each number is. */
async function checkFleet(rig: DeliveryRig, { plan, produced }: LoadReport): Promise<string> {
  for (let gateway = 0; gateway < plan.gateways; gateway++) {
    const expected = new Map<string, number>();
    for (let number = 0; number < produced / plan.gateways; number++) {
      const { device, point, timeMs, value } = loadReading(plan, gateway, number);
      expected.set(`${device} ${point} ${timeMs}`, value);
    }
    const stored = new Map<string, number>();
    for (const { tags, timeMs, value } of await rig.stored('load', gatewayId(gateway), 'soil', 'moisture')) {
      for (const [at, one] of value.entries()) stored.set(`${tags.device} ${tags.point} ${timeMs[at]}`, one);
    }
    expect(stored, `gateway ${gateway} of the fleet`).toEqual(expected);
    const account = await completeness(rig, 'load', gatewayId(gateway));
    expect(account).toMatchObject({ produced: expected.size, stored: expected.size, inFlight: 0 });
  }
  return `${produced} readings of the fleet`;
}

async function chaos(influxd?: Influxd): Promise<void> {
  const rig = await DeliveryRig.start({ influxd, seed: SEED, seconds: SECONDS, confirm: CONFIRM });
  await eventually(async () => (await completeness(rig, 'farm', 'shed')).stored > 20, { withinMs: 30_000 });
  const generator = new Random(SEED, 'chaos');
  const { away, done } = await strike(rig, influxd, () => generator.next());
  trace('all mended');
  // The gateway has come up, and hears its slave again.
  const heard = rig.answers.length;
  await eventually(() => rig.answers.length > heard + 10, { withinMs: 30_000, everyMs: POLL_MS });
  await rig.endOfMeasuring();
  const report = await rig.fleetReport(SETTLED_WITHIN_MS);
  const told = [await checkGateway(rig, away), await checkFleet(rig, report)];
  expect(done.length).toBeGreaterThan(2);
  if (process.env.SLUICE_CHAOS_TRACE) trace(`${done.join(', ')}; ${told.join('; ')}`);
}

const LIMIT_MS = (SECONDS + 240) * 1_000;

test('the embedded store has everything once, as it was, and says so', () => chaos(), LIMIT_MS);

describeWith('influxd')('with InfluxDB', () => {
  test(
    'the store has everything once, as it was, and says so',
    async () => {
      const influxd = await startInfluxd();
      onTestFinished(() => influxd.stop());
      await chaos(influxd);
    },
    LIMIT_MS,
  );
});
