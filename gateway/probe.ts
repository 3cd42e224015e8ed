import { dirname, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Clock, delay, systemClock } from '../core/clock.ts';
import { loadConfig } from '../core/config.ts';
import { asSluiceError, type Language, reasonOf, SluiceError } from '../core/errors.ts';
import { FolderLock } from '../core/folder-lock.ts';
import type { EventReason } from '../core/gateway-event.ts';
import { createLog } from '../core/log.ts';
import { findQuantity } from '../core/quantities.ts';
import { terminalLanguage } from '../core/terminal-language.ts';
import { GatewayConfig } from './config.ts';
import { type Driver, type DriverContext, GATEWAY_ITSELF, type Outcome, type TraceLine } from './driver.ts';
import { createDriver } from './drivers/create-driver.ts';
import { gatewayFolder } from './gateway-folder.ts';
import { type ProbeReading, probeDevice, readingsOf } from './probe-device.ts';

export interface ProbeOptions {
  readonly configFile: string;
  /** Id of a device, or of a driver for what it tells of the gateway itself. */
  readonly device: string;
  readonly dataFolder: string;
  /** How long to listen for a device that speaks when it likes. */
  readonly listenMs: number;
  readonly language: Language;
  readonly clock: Clock;
  /** One line for the person at the terminal. */
  readonly print: (line: string) => void;
}

const LISTEN_S = 10;
const LISTEN_AGAIN_MS = 250;
const KNOWN = '--probe CONFIG DEVICE [--data FOLDER] [--for SECONDS]';
export const PROBE_USAGE = `
  ${KNOWN}
                  talk to one device once, and show what goes over the wire
`;
const ARROWS = { sent: '→', received: '←', note: '·' } as const;
/** As wide as `→ 01 03 00 00 00 03 05 CB`, so that what most requests mean stands in one column. */
const HEX_WIDTH = 36;

const WORDS = {
  en: { readings: 'Readings', none: 'No readings', noValue: 'no value', listening: 'Listening for up to' },
  zh: { readings: '读数', none: '没有读数', noValue: '无值', listening: '正在监听，最长' },
} as const;
const QUALITIES: Readonly<Record<string, Readonly<Record<Language, string>>>> = {
  good: { en: 'good', zh: '良好' },
  uncertain: { en: 'uncertain', zh: '存疑' },
  bad: { en: 'bad', zh: '坏值' },
};

/**
 * `--probe CONFIG DEVICE`: talks to one device once and prints what went over the wire. Exit status: 0 where it gave
 * readings and nothing failed, else 1.
 */
export async function runProbe(parameters: readonly string[]): Promise<void> {
  const language = terminalLanguage();
  const print = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const options = { ...parseProbeOptions(parameters), language, clock: systemClock, print };
    process.exitCode = (await probe(options)) ? 0 : 1;
  } catch (thrown) {
    process.stderr.write(`gateway: ${asSluiceError(thrown).text(language)}\n`);
    process.exitCode = 1;
  }
}

/** Whether the device gave readings and nothing failed. Throws `PROBE_DEVICE_UNKNOWN`, `PROBE_LINE_IN_USE`, `CONFIG_…`. */
export async function probe(options: ProbeOptions): Promise<boolean> {
  const { clock, print, language } = options;
  const config = loadConfig(GatewayConfig, options.configFile);
  const startedMs = clock.monotonicMs();
  const trace = ({ direction, bytes, text }: TraceLine) => {
    const hex = bytes ? (Buffer.from(bytes).toString('hex').toUpperCase().match(/../g)?.join(' ') ?? '') : '';
    const afterMs = `${Math.round(clock.monotonicMs() - startedMs)} ms`.padStart(9);
    // Text that is what the bytes spell is not printed twice.
    const isSpelled = bytes !== undefined && text.startsWith(Buffer.from(bytes).toString('latin1'));
    print(
      `${afterMs}  ${ARROWS[direction]} ${isSpelled ? text : `${hex.padEnd(HEX_WIDTH)} ${text}`}`.trimEnd(),
    );
  };
  const delivered: Outcome[] = [];
  const { driver, devices } = findDriver(config, options, contextOf(config, options, trace, delivered));
  const release = claim(config, options);
  const abort = new AbortController();
  try {
    await driver.start?.(abort.signal);
    const { readings, errors } = await talk(driver, devices, options, abort.signal, delivered);
    print('');
    print(readings.length > 0 ? `${WORDS[language].readings}:` : WORDS[language].none);
    for (const one of readings) print(`  ${readingText(one, language)}`);
    for (const error of errors) print(`${error.code ?? ''}: ${error[language]}`);
    return readings.length > 0 && errors.length === 0;
  } finally {
    abort.abort();
    await driver.stop();
    release();
  }
}

interface Said {
  readonly readings: readonly ProbeReading[];
  readonly errors: readonly EventReason[];
}

/** Asks everything once; where nothing was said yet, as a receiver or a sleeping device does, listens for a while. */
async function talk(
  driver: Driver,
  devices: readonly string[],
  { clock, listenMs, print, language }: ProbeOptions,
  signal: AbortSignal,
  delivered: readonly Outcome[],
): Promise<Said> {
  const endMs = clock.monotonicMs() + listenMs;
  for (let turn = 0; ; turn++) {
    const readings: ProbeReading[] = [];
    const errors: EventReason[] = [];
    for (const device of devices) {
      // Tracing is on all the time here, between the questions too.
      const report = await probeDevice(driver, device, clock, signal, () => {});
      readings.push(...report.readings);
      errors.push(...report.errors);
    }
    for (const outcome of delivered.filter(({ device }) => devices.includes(device))) {
      readings.push(...readingsOf(outcome));
      const { error } = outcome;
      if (error) errors.push({ code: error.code, en: error.text('en'), zh: error.text('zh') });
    }
    if (readings.length > 0 || errors.length > 0 || clock.monotonicMs() >= endMs) return { readings, errors };
    if (turn === 0) print(`${WORDS[language].listening} ${listenMs / 1_000} s …`);
    await delay(clock, LISTEN_AGAIN_MS, signal);
  }
}

/** Makes the drivers in turn until one has it: making one touches no hardware. */
function findDriver(config: GatewayConfig, { device }: ProbeOptions, context: DriverContext) {
  const known: string[] = [];
  let failure: SluiceError | undefined;
  for (const one of config.drivers) {
    try {
      const driver = createDriver(one, context);
      const ids = driver.devices.map(({ id }) => id);
      if (one.id === device) return { driver, devices: ids };
      if (device !== GATEWAY_ITSELF && ids.includes(device)) return { driver, devices: [device] };
      known.push(one.id, ...ids.filter((id) => id !== GATEWAY_ITSELF));
    } catch (thrown) {
      // The mistakes of one driver do not keep a technician from another.
      failure ??= asSluiceError(thrown);
    }
  }
  if (failure) throw failure;
  throw new SluiceError('PROBE_DEVICE_UNKNOWN', { device, known: known.join(', ') });
}

function contextOf(
  config: GatewayConfig,
  { clock, dataFolder, configFile }: ProbeOptions,
  trace: (line: TraceLine) => void,
  delivered: Outcome[],
): DriverContext {
  return {
    clock,
    log: createLog('silent'),
    configFolder: dirname(resolve(configFile)),
    dataFolder: resolve(dataFolder),
    ownFolder: gatewayFolder(resolve(dataFolder), config),
    deliver: (outcome) => delivered.push(outcome),
    settleWrite: () => {},
    observeTime: () => {},
    clockStatus: () => ({ isSynced: true, systemOffsetMs: undefined }),
    trace,
  };
}

/** Two masters on one line would take each other's answers, so the gateway must not run meanwhile. */
function claim(config: GatewayConfig, { dataFolder, configFile, device }: ProbeOptions): () => void {
  try {
    const lock = new FolderLock(gatewayFolder(resolve(dataFolder), config));
    return () => lock.release();
  } catch (thrown) {
    const error = asSluiceError(thrown);
    // A folder that cannot be written is no gateway that runs.
    if (error.code !== 'DATA_FOLDER_IN_USE') return () => {};
    const { pid = '?' } = error.details;
    throw new SluiceError('PROBE_LINE_IN_USE', { gateway: config.gateway, pid, configFile, device }, error);
  }
}

function readingText({ metric, value, unit, quality }: ProbeReading, language: Language): string {
  const [measurement = '', field = '', point = ''] = metric.split('/');
  const quantity = findQuantity(measurement, field);
  const title = quantity?.[language] ?? metric;
  const state = quantity?.states?.[Number(value)]?.[language];
  const number =
    typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(quantity?.decimals) : String(value);
  const shown = value === null ? WORDS[language].noValue : (state ?? number);
  const named = point === '' ? title : `${title} ${point}`;
  const withUnit = unit === '' || value === null ? shown : `${shown} ${unit}`;
  return `${named}: ${withUnit} (${QUALITIES[quality]?.[language] ?? quality})  ${metric}`;
}

function parseProbeOptions(parameters: readonly string[]) {
  const refuse = (problem: string) => new SluiceError('OPTION_INVALID', { problem, known: KNOWN });
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(parameters);
  } catch (thrown) {
    throw refuse(reasonOf(thrown));
  }
  const { values, positionals } = parsed;
  const [configFile, device, ...rest] = positionals;
  if (configFile === undefined) throw refuse('CONFIG is missing');
  if (device === undefined) throw refuse('DEVICE is missing');
  if (rest.length > 0) throw refuse(`one device at a time, not also ${rest.join(' ')}`);
  const listenS = Number(values.for ?? LISTEN_S);
  if (!(listenS >= 0 && listenS <= 86_400)) throw refuse(`--for ${values.for}`);
  return { configFile, device, dataFolder: values.data ?? 'data', listenMs: listenS * 1_000 };
}

function parse(parameters: readonly string[]) {
  return parseArgs({
    args: [...parameters],
    allowPositionals: true,
    options: { probe: { type: 'boolean' }, data: { type: 'string' }, for: { type: 'string' } },
  });
}
