import { execFile } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';

/** What can be known of the machine. Each gives `undefined` where it cannot be had this time. */
export interface Machine {
  /** Per cent since the last call. */
  cpu(): number | undefined;
  memory(): number;
  disk(folder: string): Promise<number | undefined>;
  /** The hottest sensor, °C; absent where there is none. */
  readonly temperature: (() => number | undefined) | undefined;
  /** Of the modem, else of Wi-Fi, dBm; absent where there is neither. */
  readonly signal: (() => Promise<number | undefined>) | undefined;
}

const ASK_TIMEOUT_MS = 5_000;
const SIGNAL_REFRESH_S = 30;
/** Best first: the figure that an operator's coverage map is about. */
const MODEM_FIGURES = [
  ['5g', 'rsrp'],
  ['lte', 'rsrp'],
  ['umts', 'rscp'],
  ['umts', 'rssi'],
  ['gsm', 'rssi'],
] as const;

export function findMachine(root = '/', searchPath = process.env.PATH ?? ''): Machine {
  const zones = thermalZones(root);
  const mmcli = program('mmcli', searchPath);
  return {
    cpu: cpuMeter(),
    memory: () => 100 * (1 - freemem() / totalmem()),
    disk: diskInUse,
    temperature: zones.length > 0 ? () => hottest(zones) : undefined,
    signal: mmcli
      ? modemSignal(mmcli)
      : wifiSignal(root) !== undefined
        ? async () => wifiSignal(root)
        : undefined,
  };
}

function cpuMeter(): () => number | undefined {
  const read = () => {
    const times = cpus().map(({ times: one }) => one);
    const idle = times.reduce((sum, one) => sum + one.idle, 0);
    return { idle, all: times.reduce((sum, one) => sum + one.user + one.nice + one.sys + one.irq, idle) };
  };
  let before = read();
  return () => {
    const now = read();
    const allMs = now.all - before.all;
    const busy = 1 - (now.idle - before.idle) / allMs;
    before = now;
    return allMs > 0 ? Math.min(100, Math.max(0, 100 * busy)) : undefined;
  };
}

/** As `df` counts: what is kept for root is in use. */
async function diskInUse(folder: string): Promise<number | undefined> {
  try {
    const { blocks, bavail } = await statfs(folder);
    return blocks > 0 ? 100 * (1 - bavail / blocks) : undefined;
  } catch {
    return undefined;
  }
}

function thermalZones(root: string): string[] {
  const folder = join(root, 'sys/class/thermal');
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith('thermal_zone'))
      .map((name) => join(folder, name, 'temp'));
  } catch {
    return [];
  }
}

function hottest(zones: readonly string[]): number | undefined {
  // A sensor that is asleep refuses to be read.
  const degrees = zones.flatMap((file) => {
    const text = textOf(file);
    return text !== undefined && /^-?\d+\s*$/.test(text) ? [Number(text) / 1_000] : [];
  });
  return degrees.length > 0 ? Math.max(...degrees) : undefined;
}

/** `wlan0: 0000   54.  -56.  -256        0 …`: status, quality, level in dBm. */
function wifiSignal(root: string): number | undefined {
  const [, level] =
    /^\s*\w+:\s+\d+\s+[\d.]+\s+(-\d+)/m.exec(textOf(join(root, 'proc/net/wireless')) ?? '') ?? [];
  return level === undefined ? undefined : Number(level);
}

/** ModemManager measures only after it was told to; that takes a right which not every user has. */
function modemSignal(mmcli: string): () => Promise<number | undefined> {
  let isSetUp = false;
  return async () => {
    if (!isSetUp) {
      isSetUp = true;
      await ask(mmcli, ['-m', 'any', `--signal-setup=${SIGNAL_REFRESH_S}`]);
    }
    return modemLevel(await ask(mmcli, ['-m', 'any', '--signal-get', '-J']));
  };
}

/** `{"modem":{"signal":{"lte":{"rsrp":"-103.00",…},"gsm":{"rssi":"--"},…}}}`, in dBm; `undefined` where none is known. */
export function modemLevel(json: string | undefined): number | undefined {
  try {
    const { modem } = JSON.parse(json ?? '{}') as {
      modem?: { signal?: Record<string, Record<string, string>> };
    };
    const levels = MODEM_FIGURES.map(([radio, figure]) => Number(modem?.signal?.[radio]?.[figure] ?? 'none'));
    return levels.find((level) => Number.isFinite(level) && level < 0);
  } catch {
    return undefined;
  }
}

function ask(file: string, parameters: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(file, [...parameters], { timeout: ASK_TIMEOUT_MS }, (error, stdout) =>
      resolve(error ? undefined : stdout),
    );
  });
}

function program(name: string, searchPath: string): string | undefined {
  return searchPath
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
