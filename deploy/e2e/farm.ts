import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { RunningProcess } from './process.ts';

/** The answer of `/api/v1/query`. */
export interface QueryReply {
  readonly series: readonly { readonly timeMs: readonly number[]; readonly value: readonly number[] }[];
}

/** The settings of the demonstration farm, as a plain object to change for a test. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into settings, wrong ones among them
export type Settings = any;

export interface Farm {
  readonly process: RunningProcess;
  readonly url: string;
  readonly mqttPort: number;
  readonly dataFolder: string;
}

export interface LastReply {
  readonly nowMs: number;
  readonly readings: readonly {
    readonly measurement: string;
    readonly field: string;
    readonly unit: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly timeMs: number;
    readonly value: number | string;
    readonly quality: string;
    readonly clock: string;
    readonly stale: boolean;
  }[];
}

const SAMPLES = {
  simulator: 'firmware-sim/sample.yaml',
  broker: 'broker/sample.yaml',
  ingest: 'ingest/sample.yaml',
  gateway: 'gateway/sample.yaml',
};

/** The demonstration farm on free ports, not yet started; a service that is deleted from it does not run. */
export async function demoSettings(
  folder = temporaryFolder(),
): Promise<{ settings: Settings; folder: string; mqttPort: number }> {
  const services = Object.entries(SAMPLES);
  const settings: Settings = Object.fromEntries(
    services.map(([service, file]) => [service, parse(readFileSync(file, 'utf8'))]),
  );
  const mqttPort = await freePort();
  settings.broker.listeners = [
    { protocol: 'mqtt', port: mqttPort },
    { protocol: 'ws', port: await freePort() },
  ];
  settings.ingest.broker.url = `mqtt://127.0.0.1:${mqttPort}`;
  settings.ingest.http.port = await freePort();
  settings.ingest.http.signIn = 'off';
  settings.ingest.zones = resolve('ingest', settings.ingest.zones);
  settings.gateway.broker.url = `mqtt://127.0.0.1:${mqttPort}`;
  return { settings, folder, mqttPort };
}

/** Starts the whole of Sluice through the same program that `npm start` runs. */
export async function startFarm(
  change: (settings: Settings, folder: string) => void = () => {},
): Promise<Farm> {
  const { settings, folder, mqttPort } = await demoSettings();
  change(settings, folder);
  return startWith(settings, folder, mqttPort);
}

export async function startWith(settings: Settings, folder: string, mqttPort: number): Promise<Farm> {
  const process = run(settings, folder);
  const [, url] = await process.prints(/(http:\/\/\S+)\/\s/);
  return { process, url: url!, mqttPort, dataFolder: join(folder, 'data') };
}

/** Starts it without waiting for anything. */
export function run(settings: Settings, folder: string, name = 'sluice.yaml'): RunningProcess {
  const file = writeSettings(settings, folder, name);
  return new RunningProcess('deploy/start.ts', ['--config', file, '--data', join(folder, 'data')]);
}

/** Each service's settings in a file of its own; returns the one that names them. */
export function writeSettings(settings: Settings, folder: string, name = 'sluice.yaml'): string {
  const files: Record<string, string> = {};
  for (const [service, part] of Object.entries(settings)) {
    files[service] = `${service}-of-${name}`;
    writeFileSync(join(folder, files[service]), typeof part === 'string' ? part : stringify(part));
  }
  writeFileSync(join(folder, name), stringify(files));
  return join(folder, name);
}

/** Waits until `/api/v1/last` has a reading for which `accept` is true, and returns it. */
export function lastReading(
  farm: Pick<Farm, 'url'>,
  query: string,
  accept: (reading: LastReply['readings'][number]) => boolean = () => true,
  withinMs = 120_000,
): Promise<LastReply['readings'][number]> {
  return eventually(
    async () => (await getJson<LastReply>(`${farm.url}/api/v1/last?${query}`)).readings.find(accept),
    { withinMs },
  );
}
