import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { checkConfig } from '../../core/config.ts';
import { LatencyHistogram } from '../../core/latency-histogram.ts';
import { type Measures, mergeMeasures, noMeasures } from '../../core/links/measures.ts';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { freeUdpPort } from '../../core/testing/free-udp-port.ts';
import { type Measurement, medianOfThree } from '../../core/testing/median-of-three.ts';
import { LinkConfig } from '../../firmware-sim/links/link-config.ts';
import { SimulatedLinks } from '../../firmware-sim/links/simulated-links.ts';
import { Agent } from '../e2e/links/agent.ts';
import { EvidenceBroker } from '../e2e/links/evidence-broker.ts';
import { networkProblem, SecondNetwork } from '../e2e/links/second-network.ts';
import { NotMeasured } from './not-measured.ts';
import { usageOf } from './process-usage.ts';

const WITHIN = { withinMs: 120_000, everyMs: 250 };
const LOOPBACK = '127.0.0.1';

interface PlannedBench {
  readonly link: string;
  readonly address?: string;
  readonly port: number;
  readonly ratePerS: number;
  readonly spacing?: 'poisson' | 'periodic';
}

/** Settings of a gateway that probes these links, and of one that answers. */
function agentOf(mqttPort: number, links: readonly PlannedBench[], recordS: number): object {
  return {
    ...gatewayOf('gz', mqttPort),
    drivers: [
      {
        ...{ driver: 'links', id: 'backbone', recordS },
        links: links.map(({ link, address = LOOPBACK, port, ratePerS, spacing = 'poisson' }) => ({
          ...{ link, class: 'inter', to: 'sh' },
          probes: [
            { kind: 'stamp', address, port, ratePerS, spacing, reflector: 'stateful', timeoutMs: 1_000 },
          ],
        })),
      },
    ],
  };
}

function reflectorOf(port: number, listen = LOOPBACK, allow = LOOPBACK): object {
  const driver = { driver: 'stamp-reflector', port, listen: [listen], allow: [allow], counting: 'stateful' };
  return { ...gatewayOf('sh', 1), drivers: [driver] };
}

function gatewayOf(gateway: string, mqttPort: number) {
  const broker = { url: `mqtt://127.0.0.1:${mqttPort}` };
  return { site: 'backbone', gateway, broker, outbox: { confirm: 'sent' } };
}

/** Things that are started one after the other and stopped in reverse, whatever happens between. */
async function withParts<T>(
  run: (keep: <P extends { stop(): unknown }>(part: P) => P) => Promise<T>,
): Promise<T> {
  const parts: { stop(): unknown }[] = [];
  try {
    return await run((part) => {
      parts.push(part);
      return part;
    });
  } finally {
    for (const part of parts.reverse()) await part.stop();
  }
}

async function startBroker(keep: <P extends { stop(): unknown }>(part: P) => P) {
  const mqttPort = await freePort();
  const broker = keep(new EvidenceBroker());
  await broker.start(mqttPort);
  return { broker, mqttPort };
}

async function startReflector(
  keep: <P extends { stop(): unknown }>(part: P) => P,
  config: object,
  command: readonly string[] = [],
): Promise<Agent> {
  const reflector = keep(new Agent(config, command));
  await eventually(() => /reflector answers/.test(reflector.said), WITHIN);
  return reflector;
}

/** Keeps one core busy, and where it can be pinned always the same. */
function busyCore(): { stop(): void } {
  const loop = [process.execPath, '-e', 'for (;;);'];
  const pinned = process.platform === 'linux' ? ['taskset', '-c', '0', ...loop] : loop;
  const child: ChildProcess = spawn(pinned[0]!, pinned.slice(1), { stdio: 'ignore' });
  return { stop: () => child.kill('SIGKILL') };
}

/** Both directions together, ms. */
const DELAYS_MS = { near: 2, far: 20, abroad: 180 } as const;
const ACCURACY_S = 10;

/** Round trips at the median against what simulated links impose, the worst of three links; idle, and with one core kept busy. */
export async function benchLinksAccuracy(): Promise<Measurement[]> {
  const notes: string[] = [];
  const what = 'links: median of the round trip off what was imposed, at most';
  const idle = await medianOfThree(`${what}, idle`, 'ms', () => accuracy(false, notes));
  const idleNotes = notes.splice(0);
  const busy = await medianOfThree(`${what}, one core busy`, 'ms', () => accuracy(true, notes));
  return [
    { ...idle, notes: idleNotes },
    { ...busy, notes },
  ];
}

function accuracy(isBusy: boolean, notes: string[]): Promise<number> {
  return withParts(async (keep) => {
    const { broker, mqttPort } = await startBroker(keep);
    const port = await freeUdpPort();
    await startReflector(keep, reflectorOf(port));
    const configs = Object.entries(DELAYS_MS).map(([id, ms]) => {
      const half = { delayMs: ms / 2 };
      const at = { listen: { port: 0 }, to: { port } };
      return checkConfig(LinkConfig, { id, ...at, there: half, back: half } as unknown as LinkConfig);
    });
    const simulated = new SimulatedLinks(configs, 1, createLog('warn'));
    await simulated.open();
    keep({ stop: () => simulated.close() });
    if (isBusy) keep(busyCore());
    const links = configs.map(({ id }) => ({ link: id, port: simulated.port(id), ratePerS: 100 }));
    keep(new Agent(agentOf(mqttPort, links, 5)));
    const enough = ACCURACY_S * 100;
    await eventually(() => links.every(({ link }) => broker.total(link).account.scheduled >= enough), WITHIN);
    const off = Object.entries(DELAYS_MS).map(([link, imposedMs]) => {
      // The exact median of each record; the histograms know values to 1 %, which is more than what is asked here.
      const medians = (broker.values(link, 'latency') as number[]).toSorted((a, b) => a - b);
      return medians[medians.length >> 1]! - imposedMs;
    });
    const reports = await simulated.reports();
    const errors = reports.map(({ id, there, back }) => `${id} ${shown(there.error.p50! + back.error.p50!)}`);
    const { account } = sumOf(links.map(({ link }) => broker.total(link)));
    const offs = Object.keys(DELAYS_MS).map((link, at) => `${link} ${shown(off[at]!)}`);
    notes.push(
      `off by ${offs.join(', ')} ms; of which the simulator gave ${errors.join(', ')} ms; ${accountNote(account)}`,
    );
    return Math.max(...off.map(Math.abs));
  });
}

const SIDE_S = 10;
const SIDE_PER_S = 100;

/** STAMP and fping on the same path in the same seconds: between two network namespaces where they may be made, else on loopback. */
export async function benchLinksFping(): Promise<Measurement[]> {
  await promisify(execFile)('fping', ['--version']).catch(() => {
    throw new NotMeasured('fping not found (on Debian: apt install fping)');
  });
  const notes: string[] = [];
  const p99: number[] = [];
  const path = networkProblem() === undefined ? 'a pair of veth' : 'loopback';
  const median = await medianOfThree(
    `links: median of STAMP above that of fping, on ${path}`,
    'ms',
    async () => {
      const { stamp, fping } = await sideBySide(path === 'loopback');
      notes.push(
        `STAMP p50 ${shown(stamp.p50)}, p99 ${shown(stamp.p99)}; fping p50 ${shown(fping.p50)}, p99 ${shown(fping.p99)} ms; ${stamp.note}`,
      );
      p99.push(stamp.p99 / fping.p99);
      return stamp.p50 - fping.p50;
    },
  );
  const runs = p99.map((one) => Math.round(one * 100) / 100);
  const ratio = {
    ...{ what: 'links: 99th percentile of STAMP, of that of fping', unit: '×', runs },
    ...{ median: runs.toSorted((a, b) => a - b)[1]!, peakMemoryMB: median.peakMemoryMB },
  };
  return [{ ...median, notes }, ratio];
}

function sideBySide(isLoopback: boolean) {
  return withParts(async (keep) => {
    const { broker, mqttPort } = await startBroker(keep);
    const port = await freeUdpPort();
    let [address, ours] = [LOOPBACK, LOOPBACK];
    let command: readonly string[] = [];
    if (!isLoopback) {
      const network = new SecondNetwork();
      network.open();
      keep({ stop: () => network.close() });
      [address, ours, command] = [network.theirs.v4, network.ours.v4, network.command];
    }
    await startReflector(keep, reflectorOf(port, address, ours), command);
    const link = { link: 'side', address, port, ratePerS: SIDE_PER_S, spacing: 'periodic' } as const;
    const agent = keep(new Agent(agentOf(mqttPort, [link], 1)));
    await eventually(() => /births are out/.test(agent.said), WITHIN);
    const count = SIDE_S * SIDE_PER_S;
    const args = ['-q', '-C', `${count}`, '-p', `${1_000 / SIDE_PER_S}`, address];
    const { stderr } = await promisify(execFile)('fping', args, { maxBuffer: 1_000_000 });
    const trips = stderr.split(' : ')[1]!.trim().split(/\s+/).map(Number).filter(Number.isFinite);
    await eventually(() => broker.total('side').account.scheduled >= count, WITHIN);
    const { roundTrip, account } = broker.total('side');
    const fping = new LatencyHistogram();
    for (const trip of trips) fping.add(trip);
    const figures = (histogram: LatencyHistogram) => ({
      p50: histogram.quantile(0.5),
      p99: histogram.quantile(0.99),
    });
    return { stamp: { ...figures(roundTrip), note: accountNote(account) }, fping: figures(fping) };
  });
}

const MANY = { links: 1_000, ratePerS: 1 };
const QUICK = { links: 50, ratePerS: 20 };
const LOAD_S = 40;

/** One agent on one core: 1 000 links at a probe a second and 50 at 20, what it costs, and what it could not measure. */
export async function benchLinksAgent(): Promise<Measurement[]> {
  if (process.platform !== 'linux') throw new NotMeasured('a process is bound to one core on Linux only');
  return withParts(async (keep) => {
    const { broker, mqttPort } = await startBroker(keep);
    const port = await freeUdpPort();
    await startReflector(keep, reflectorOf(port), ['taskset', '-c', '1']);
    const links = [MANY, QUICK].flatMap(({ links: count, ratePerS }, of) =>
      Array.from({ length: count }, (_, at) => ({ link: `l${of}-${at}`, port, ratePerS })),
    );
    const agent = keep(new Agent(agentOf(mqttPort, links, 10), ['taskset', '-c', '0']));
    await eventually(() => /births are out/.test(agent.said), WITHIN);
    // What it takes to start is not what it takes to run.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const before = usageOf(agent.child.pid!);
    const fromMs = performance.now();
    await new Promise((resolve) => setTimeout(resolve, LOAD_S * 1_000));
    const after = usageOf(agent.child.pid!);
    const cpu = (100 * (after.cpuMs - before.cpuMs)) / (performance.now() - fromMs);
    const totals = links.map(({ link }) => broker.total(link));
    const total = sumOf(totals);
    const silent = totals.filter(({ account }) => account.scheduled === 0).length;
    const { roundTrip, account } = total;
    const notes = [
      `${accountNote(account)}; ${silent} links without a record`,
      `round trip p50 ${shown(roundTrip.quantile(0.5))}, p99 ${shown(roundTrip.quantile(0.99))} ms; invalid: ${JSON.stringify(total.invalidBy)}`,
      `resident ${after.nowMB} MB now, ${after.peakMB} MB at most`,
    ];
    const what = 'links: one agent, 1 000 links at 1/s and 50 at 20/s, of one core';
    return [
      { what, median: Math.round(cpu * 10) / 10, unit: '%', runs: [cpu], peakMemoryMB: after.peakMB, notes },
    ];
  });
}

function sumOf(totals: readonly Measures[]): Measures {
  const sum = noMeasures();
  for (const total of totals) mergeMeasures(sum, total);
  return sum;
}

function accountNote({ scheduled, received, lost, late, notSent, invalid }: Measures['account']): string {
  const share = (count: number) => `${((100 * count) / scheduled).toFixed(2)} %`;
  return `${scheduled} scheduled, ${received} received, lost ${share(lost)}, late ${share(late)}, not sent ${share(notSent)}, invalid ${share(invalid)}`;
}

function shown(ms: number): string {
  return ms.toFixed(3);
}
