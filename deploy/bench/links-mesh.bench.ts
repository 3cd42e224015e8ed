import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { freeUdpPort } from '../../core/testing/free-udp-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import type { Measurement } from '../../core/testing/median-of-three.ts';
import type { MeshOrder } from './mesh-process.ts';
import { NotMeasured } from './not-measured.ts';
import { usageOf } from './process-usage.ts';

const POPS = 30;
const POPS_PER_PROCESS = 10;
const LINKS = POPS * (POPS - 1);
const RECORD_S = 10;
const RUN_S = 60;
const WITHIN = { withinMs: 240_000, everyMs: 1_000 };

interface Matrix {
  readonly links: readonly {
    readonly id: string;
    readonly verdict: string | null;
    readonly p50: number | null;
    readonly p95: number | null;
    readonly samples: number;
    readonly account: Readonly<Record<'scheduled' | 'lost' | 'late' | 'notSent' | 'invalid', number>>;
  }[];
}

/**
 * Thirty points of presence on thirty loopback addresses, each with an agent that takes its part of one mesh file over
 * MQTT: how long until every one of 870 cells has evidence and a verdict, and what it costs.
 */
export async function benchLinksMesh(): Promise<Measurement[]> {
  if (process.platform !== 'linux') throw new NotMeasured('only Linux has all of 127.0.0.0/8 on loopback');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-mesh-'));
  const children: ChildProcess[] = [];
  try {
    const reflectorPort = await freeUdpPort();
    const pops = Array.from({ length: POPS }, (_, at) => ({ id: `p${at}`, address: `127.0.1.${at + 1}` }));
    const { host, brokerUrl, url } = await startHost(folder);
    children.push(host);
    await eventually(async () => (await fetch(`${url}/api/health`)).ok, WITHIN);
    const startMs = performance.now();
    for (let at = 0; at < POPS; at += POPS_PER_PROCESS) {
      const order: MeshOrder = {
        ...{ folder, brokerUrl, reflectorPort },
        pops: pops.slice(at, at + POPS_PER_PROCESS),
      };
      const child = fork(join(import.meta.dirname, 'mesh-process.ts'), [JSON.stringify(order)]);
      children.push(child);
      await once(child, 'message');
    }
    const upMs = performance.now() - startMs;
    // Only now, for what is probed before its reflector answers is lost, and rightly so.
    writeFileSync(join(folder, 'mesh.yaml'), JSON.stringify(meshOf(pops, reflectorPort)));
    const whole = await eventually(async () => {
      const matrix = await getJson<Matrix>(`${url}/api/v1/links/matrix`);
      return matrix.links.length === LINKS && matrix.links.every(({ samples }) => samples > 0) && matrix;
    }, WITHIN);
    const wholeMs = performance.now() - startMs - upMs;
    const before = children.map(({ pid }) => usageOf(pid!));
    await new Promise((resolve) => setTimeout(resolve, RUN_S * 1_000));
    const after = children.map(({ pid }) => usageOf(pid!));
    const askedMs = performance.now();
    const matrix = await getJson<Matrix>(`${url}/api/v1/links/matrix`);
    const tookMs = performance.now() - askedMs;
    const cpu = after.map(({ cpuMs, nowMB }, at) => ({
      percent: Math.round((cpuMs - before[at]!.cpuMs) / (10 * RUN_S)),
      nowMB,
    }));
    const notes = [
      `30 agents up after ${seconds(upMs)} s, then the mesh; verdicts when each cell had evidence: ${told(whole)}`,
      `${RUN_S} s later: ${told(matrix)}; ${account(matrix)}; the matrix takes ${Math.round(tookMs)} ms`,
      ...cpu.map(
        ({ percent, nowMB }, at) =>
          `${at === 0 ? 'broker and ingest' : `${POPS_PER_PROCESS} agents`}: ${percent} % of a core, ${nowMB} MB`,
      ),
    ];
    const figure = seconds(wholeMs);
    const peakMemoryMB = after[0]!.peakMB;
    return [
      {
        ...{ what: `links: mesh of ${POPS}, from the file to evidence in all ${LINKS} cells`, unit: 's' },
        ...{ median: figure, runs: [figure], peakMemoryMB, notes },
      },
    ];
  } finally {
    for (const child of children.reverse()) {
      const exited = once(child, 'exit');
      child.kill();
      const impatient = setTimeout(() => child.kill('SIGKILL'), 15_000);
      if (child.exitCode === null && child.signalCode === null) await exited;
      clearTimeout(impatient);
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Broker and ingest in one process. */
async function startHost(folder: string) {
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  const brokerUrl = `mqtt://127.0.0.1:${mqttPort}`;
  const files = {
    'mesh.yaml': { site: 'backbone', recordS: RECORD_S },
    'broker.yaml': { listeners: [{ protocol: 'mqtt', port: mqttPort }] },
    'ingest.yaml': { broker: { url: brokerUrl }, http: { port: httpPort, signIn: 'off' }, mesh: 'mesh.yaml' },
    'sluice.yaml': { broker: 'broker.yaml', ingest: 'ingest.yaml' },
  };
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), JSON.stringify(content));
  const args = ['deploy/start.ts', '--config', join(folder, 'sluice.yaml'), '--data', join(folder, 'data')];
  const host = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return { host, brokerUrl, url: `http://127.0.0.1:${httpPort}` };
}

function meshOf(pops: MeshOrder['pops'], reflectorPort: number): object {
  return {
    ...{ site: 'backbone', recordS: RECORD_S, probes: [{ kind: 'stamp', ratePerS: 1, timeoutMs: 1_000 }] },
    networks: { east: {}, west: {}, south: {} },
    pops: Object.fromEntries(
      pops.map(({ id, address }, at) => {
        const network = ['east', 'west', 'south'][at % 3];
        return [id, { network, address4: address, reflectorPort }];
      }),
    ),
    meshes: [{}],
  };
}

function told({ links }: Matrix): string {
  const counts = Map.groupBy(links, ({ verdict }) => verdict ?? 'none');
  return Array.from(counts, ([verdict, of]) => `${of.length} ${verdict}`).join(', ');
}

function account({ links }: Matrix): string {
  const sum = (key: keyof Matrix['links'][number]['account']) =>
    links.reduce((total, one) => total + one.account[key], 0);
  const scheduled = sum('scheduled');
  const share = (key: 'lost' | 'late' | 'notSent' | 'invalid') =>
    `${key} ${((100 * sum(key)) / scheduled).toFixed(2)} %`;
  const medians = links.flatMap(({ p50 }) => (p50 === null ? [] : [p50])).sort((a, b) => a - b);
  return `${scheduled} probes, ${share('lost')}, ${share('late')}, ${share('notSent')}, ${share('invalid')}; median of the cells' medians ${medians[medians.length >> 1]} ms`;
}

function seconds(ms: number): number {
  return Math.round(ms / 100) / 10;
}
