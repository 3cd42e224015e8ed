import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { RunningProcess } from './process.ts';

/** The settings of the demonstration farm, as a plain object to change for a test. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into settings, wrong ones among them
export type Settings = any;

export interface Farm {
  readonly process: RunningProcess;
  readonly url: string;
  readonly mqttPort: number;
  readonly dataFolder: string;
  readonly configFile: string;
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

/** `deploy/farm.yaml` on free ports, with its files in a temporary folder. */
export async function demoSettings(): Promise<{ settings: Settings; folder: string; mqttPort: number }> {
  const folder = temporaryFolder();
  const settings = parse(readFileSync('deploy/farm.yaml', 'utf8'));
  const mqttPort = await freePort();
  settings.broker = {
    listeners: [
      { protocol: 'mqtt', port: mqttPort },
      { protocol: 'ws', port: await freePort() },
    ],
  };
  settings.ingest.broker = { url: `mqtt://127.0.0.1:${mqttPort}` };
  settings.ingest.http = { port: await freePort() };
  settings.gateway.broker = { url: `mqtt://127.0.0.1:${mqttPort}` };
  for (const bus of settings.gateway.buses) bus.port = join(folder, 'data/sim', bus.id);
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
  const configFile = join(folder, 'farm.yaml');
  const dataFolder = join(folder, 'data');
  writeFileSync(configFile, stringify(settings));
  const process = new RunningProcess('deploy/start.ts', ['--config', configFile, '--data', dataFolder]);
  const [, url] = await process.prints(/(http:\/\/\S+)\/\s/);
  return { process, url: url!, mqttPort, dataFolder, configFile };
}

export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}

/** Waits until `/api/v1/last` has a reading for which `accept` is true, and returns it. */
export function lastReading(
  farm: Pick<Farm, 'url'>,
  query: string,
  accept: (reading: LastReply['readings'][number]) => boolean = () => true,
  withinMs = 20_000,
): Promise<LastReply['readings'][number]> {
  return eventually(
    async () => (await getJson<LastReply>(`${farm.url}/api/v1/last?${query}`)).readings.find(accept),
    { withinMs },
  );
}
