import { eventually } from '../../core/testing/eventually.ts';
import type { Measurement } from '../../core/testing/median-of-three.ts';
import type { FleetOrder, FleetReport } from './fleet-order.ts';
import { NotMeasured } from './not-measured.ts';
import type { ProcessUsage } from './process-usage.ts';
import { Rig } from './rig.ts';

export interface PathOptions {
  /** How long each of the sustained runs publishes. */
  readonly seconds: number;
  /** The checkout whose broker and ingest are measured; absent: this one. */
  readonly code?: string;
}

type Outcome = Extract<FleetReport, { kind: 'done' }>;

/** 2 000 series. With 100 messages under way of each gateway, the fleet waits for confirmations and not for its window. */
const FLEET = { gateways: 100, seriesPerGateway: 20, windowMessages: 100, isNumbered: true } as const;
const BACKLOG = { ...FLEET, readingsPerMessage: 20, messagesPerGateway: 500, isBacklog: true };
/** 200 000 readings for each second of the run: about what it manages. TCP alone would let millions pile up before it. */
const PLAIN_MESSAGES_PER_S = 100;
/** Bounds that nothing of the fleet is beyond: what most readings of a farm are. */
const JUDGED = {
  ...{
    measurement: 'irrigation',
    field: 'pressure',
    scope: {},
    forS: 600,
    severity: 'warning',
    enabled: true,
  },
  rule: { kind: 'bounds', low: { raise: 0.1, clear: 0.2 }, high: { raise: 39, clear: 38 } },
  why: 'bench',
};
/** The fleet counts its times up from an hour ago, and all of it is to be judged as what is now. */
const LIVE_WITHIN_S = 7_200;
const IDLE_GATEWAYS = 5_000;
const SETTLE_MS = 5_000;

/**
 * The whole path: 100 gateways, each with a connection and a ledger of its own, in one process; our broker in a second;
 * ingest with its store in a third (InfluxDB a fourth); all of them on this machine, so the load generator's share of the processors
 * is part of the figure. The clock runs from the first message to the last confirmation that a gateway got, and then the
 * store is read back over HTTP: a run in which one reading is missing fails.
 */
export const PATH_BENCHES: Readonly<Record<string, (options: PathOptions) => Promise<Measurement>>> = {
  embedded: (options) =>
    sustained('embedded store, 20 readings in a message', 'embedded', { readingsPerMessage: 20 }, options),
  judged: (options) =>
    sustained(
      'embedded store, 20 in a message, each judged by bounds',
      'embedded',
      { readingsPerMessage: 20 },
      options,
      (rig) => rig.post('/api/v1/thresholds', JUDGED),
    ),
  single: (options) =>
    sustained('embedded store, 1 reading in a message', 'embedded', { readingsPerMessage: 1 }, options),
  influx: (options) =>
    sustained('InfluxDB, 20 readings in a message', 'influx', { readingsPerMessage: 20 }, options),
  plain: plainPipeline,
  backlog: recoverBacklog,
  idle: idleGateways,
  first: firstReading,
};

async function withRig<T>(code: string | undefined, run: (rig: Rig) => Promise<T>): Promise<T> {
  const rig = new Rig(code);
  try {
    return await run(rig);
  } catch (error) {
    process.stderr.write(rig.said);
    throw error;
  } finally {
    await rig.stop();
  }
}

function sustained(
  what: string,
  store: 'embedded' | 'influx',
  order: Pick<FleetOrder, 'readingsPerMessage'>,
  { code, seconds }: PathOptions,
  prepare?: (rig: Rig) => Promise<void>,
): Promise<Measurement> {
  return withRig(code, async (rig) => {
    await rig.startBroker();
    await rig.startIngest(store, { liveWithinS: LIVE_WITHIN_S });
    await prepare?.(rig);
    const go = await rig.startFleet({ ...FLEET, ...order, seconds });
    const before = rig.usage();
    const outcome = await go();
    const after = rig.usage();
    const found = await rig.countStored(outcome.fromMs, outcome.toMs);
    const rate = (outcome.readings * 1000) / outcome.elapsedMs;
    const notes = [countNote(outcome, found), ...cpuNotes(before, after, outcome.readings)];
    if (order.readingsPerMessage > 1) {
      notes.push(`${shown((outcome.messages * 1000) / outcome.elapsedMs)} messages/s`);
    }
    assertWhole(what, outcome, found);
    return measured(what, rate, 'readings/s', after, notes);
  });
}

/** As people write it, on the same load but without numbers, which nobody would confirm: as fast as TCP allows. */
function plainPipeline({ code, seconds }: PathOptions): Promise<Measurement> {
  return withRig(code, async (rig) => {
    await rig.startBroker();
    const influxd = await rig.startInfluxd();
    await influxd.query('CREATE DATABASE plain');
    const plain = await rig.startPlain(influxd.url);
    const messagesPerGateway = Math.ceil(seconds * PLAIN_MESSAGES_PER_S);
    const go = await rig.startFleet({
      ...FLEET,
      isNumbered: false,
      readingsPerMessage: 20,
      messagesPerGateway,
    });
    const before = rig.usage();
    const startMs = performance.now();
    const { readings } = await go();
    const { found, elapsedMs } = await untilStill(
      async () => pointsIn(await influxd.query(COUNT, 'plain')),
      startMs,
    );
    const after = rig.usage();
    plain.kill('SIGKILL');
    const lost = readings - found;
    const notes = [
      `${shown(readings)} sent, ${shown(found)} read back, ${shown(lost)} lost without a word`,
      ...cpuNotes(before, after, found),
    ];
    return measured('plain pipeline into InfluxDB', (found * 1000) / elapsedMs, 'readings/s', after, notes);
  });
}

const COUNT = 'SELECT count("pressure") FROM "irrigation"';

function pointsIn(answer: unknown): number {
  const { results } = answer as { results?: { series?: { values: number[][] }[] }[] };
  return results?.[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

/** Until the count no longer grows; `elapsedMs` is when it last grew. */
async function untilStill(count: () => Promise<number>, startMs: number) {
  let found = 0;
  let grewMs = performance.now();
  while (performance.now() - grewMs < SETTLE_MS) {
    const now = await count();
    if (now > found) grewMs = performance.now();
    found = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return { found, elapsedMs: grewMs - startMs };
}

function recoverBacklog({ code }: PathOptions): Promise<Measurement> {
  const what = 'a backlog of 1 000 000 readings';
  return withRig(code, async (rig) => {
    await rig.startBroker();
    await rig.startIngest('embedded');
    const go = await rig.startFleet(BACKLOG);
    const before = rig.usage();
    const outcome = await go();
    const after = rig.usage();
    const found = await rig.countStored(outcome.fromMs, outcome.toMs);
    assertWhole(what, outcome, found);
    const live = `live readings meanwhile were confirmed after ${outcome.oldestLiveMs} ms at most`;
    const notes = [countNote(outcome, found), live, ...cpuNotes(before, after, outcome.readings)];
    return measured(what, outcome.elapsedMs, 'ms', after, notes);
  });
}

/** Connected, born with 20 metrics, and silent. */
async function idleGateways({ code }: PathOptions): Promise<Measurement> {
  if (process.platform !== 'linux') throw new NotMeasured('the memory of a process is told on Linux only');
  return withRig(code, async (rig) => {
    await rig.startBroker();
    await rig.startIngest('embedded');
    await settled();
    const before = rig.usage();
    await rig.startFleet({ ...FLEET, gateways: IDLE_GATEWAYS, readingsPerMessage: 20 });
    await settled();
    const after = rig.usage();
    const kilobytes = (name: string) =>
      ((after.get(name)?.nowMB ?? 0) - (before.get(name)?.nowMB ?? 0)) * (1000 / IDLE_GATEWAYS);
    const notes = ['broker', 'ingest'].map((name) => `${name}: ${shown(kilobytes(name))} kB for each`);
    const both = kilobytes('broker') + kilobytes('ingest');
    return measured('memory of a gateway with 20 series, of 5 000', both, 'kB', after, notes);
  });
}

/** From starting the process of ingest to a reading that is read over HTTP, of a gateway that was there before it. */
function firstReading({ code }: PathOptions): Promise<Measurement> {
  return withRig(code, async (rig) => {
    await rig.startBroker();
    // Nobody confirms anything until ingest is there, which takes long on a busy machine.
    const go = await rig.startFleet({ ...BACKLOG, gateways: 1, stallMs: 120_000 });
    // It says something new every second, by which ingest learns of it and asks for its births.
    void go();
    const startMs = performance.now();
    await rig.startIngest('embedded');
    const upMs = performance.now() - startMs;
    await eventually(
      async () => {
        const { readings } = await rig.get<{ readings: unknown[] }>('/api/v1/last?measurement=irrigation');
        return readings.length > 0;
      },
      { everyMs: 5 },
    );
    const elapsedMs = performance.now() - startMs;
    const notes = [`all of ingest up after ${shown(upMs)} ms`];
    return measured('start of ingest to a reading over HTTP', elapsedMs, 'ms', rig.usage(), notes);
  });
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
}

function assertWhole(what: string, { readings, unconfirmed }: Outcome, found: number): void {
  if (unconfirmed > 0) throw new Error(`${what}: ${unconfirmed} readings were never confirmed`);
  if (found !== readings) throw new Error(`${what}: ${readings} readings were sent and ${found} are stored`);
}

function countNote({ readings, elapsedMs }: Outcome, found: number): string {
  return `${shown(readings)} readings in ${shown(elapsedMs / 1000)} s, ${shown(found)} read back`;
}

/** Processor time by process: other work on the machine changes it less than it changes the rate. */
function cpuNotes(
  before: ReadonlyMap<string, ProcessUsage>,
  after: ReadonlyMap<string, ProcessUsage>,
  readings: number,
): string[] {
  if (after.size === 0) return ['processor time and memory: told on Linux only'];
  let sum = 0;
  const notes = Array.from(after, ([name, { cpuMs, peakMB }]) => {
    const usPerReading = ((cpuMs - (before.get(name)?.cpuMs ?? 0)) * 1000) / readings;
    sum += usPerReading;
    return `${name}: ${usPerReading.toFixed(3)} µs of processor time for a reading, ${peakMB} MB at most`;
  });
  return [...notes, `together: ${sum.toFixed(3)} µs for a reading`];
}

function measured(
  what: string,
  figure: number,
  unit: string,
  usage: ReadonlyMap<string, ProcessUsage>,
  notes: readonly string[],
): Measurement {
  const rounded = Math.round(figure);
  const peakMemoryMB = usage.get('ingest')?.peakMB ?? usage.get('plain pipeline')?.peakMB ?? 0;
  return { what, median: rounded, unit, runs: [rounded], peakMemoryMB, notes };
}

function shown(figure: number): string {
  return figure.toLocaleString('en', { maximumFractionDigits: figure < 100 ? 2 : 0 });
}
