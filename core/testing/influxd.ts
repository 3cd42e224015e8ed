import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/** Alone it takes a second; on a busy machine its start waits for the disk. */
const UP_WITHIN_MS = 120_000;

/** A real InfluxDB 1.x (Debian's) on loopback, with its data in a temporary folder; by default on a free port. */
export async function startInfluxd({ port }: { port?: number } = {}): Promise<Influxd> {
  const influxd = new Influxd(port ?? (await freePort()));
  await influxd.start();
  return influxd;
}

export class Influxd {
  readonly port: number;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(port: number, folder = mkdtempSync(join(tmpdir(), 'sluice-influxd-'))) {
    this.port = port;
    this.#folder = folder;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when it answers. After `pause` or `kill`: on the same port, with the same data. */
  async start(): Promise<void> {
    const config = join(this.#folder, 'influxdb.conf');
    writeFileSync(config, configText(this.#folder, this.port));
    const env = { ...process.env, PATH: `${process.env.PATH}${delimiter}/usr/sbin` };
    const child = spawn('influxd', ['-config', config], { stdio: 'ignore', env });
    // Throws where there is no such program.
    await once(child, 'spawn');
    this.#process = child;
    const answers = async () => (await fetch(`${this.url}/ping`)).status === 204;
    await eventually(answers, { withinMs: UP_WITHIN_MS });
  }

  /** Ends it for good, and removes its data. */
  async stop(): Promise<void> {
    await this.pause();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Ends it until the next `start`. */
  pause(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** As a crash would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Stands still, or goes on. */
  freeze(isFrozen: boolean): void {
    this.#process?.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** The answer to an InfluxQL statement, as InfluxDB gives it. */
  async query(statement: string, database = ''): Promise<unknown> {
    const parameters = new URLSearchParams({ q: statement, db: database, epoch: 'ms' });
    const response = await fetch(`${this.url}/query`, { method: 'POST', body: parameters });
    return response.json();
  }

  /** Line protocol with times in ms, as another program would write it. */
  async write(database: string, lines: string): Promise<void> {
    const response = await fetch(`${this.url}/write?db=${database}&precision=ms`, {
      method: 'POST',
      body: lines,
    });
    if (response.status !== 204) throw new Error(await response.text());
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }
}

function configText(folder: string, port: number): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
  dir = "${join(folder, 'meta')}"
  logging-enabled = false
[data]
  dir = "${join(folder, 'data')}"
  wal-dir = "${join(folder, 'wal')}"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
[continuous_queries]
  enabled = false
`;
}
