import { resolve } from 'node:path';
import { reasonOf, SluiceError, type Words } from '../../../core/errors.ts';
import type { Quality } from '../../../core/reading.ts';
import {
  type DeviceSpec,
  type Driver,
  type DriverContext,
  type DriverKind,
  GATEWAY_ITSELF,
  type MetricSpec,
  type Outcome,
  type Sample,
} from '../../driver.ts';
import { ownMetrics } from '../own-metric.ts';
import type { ByteStream, OpenByteStream } from '../serial/byte-stream.ts';
import { serialStream } from '../serial/serial-stream.ts';
import { NmeaConfig } from './config.ts';
import { type Epoch, type EpochState, endEpoch, NO_EPOCH, stepEpoch } from './epoch.ts';
import { LineSplitter } from './line-splitter.ts';
import { isNetwork, openNetwork } from './open-network.ts';
import { isLeapSecond, parseSentence } from './sentence.ts';

/** A GNSS receiver that talks by itself: where it is, and what time it is. */
export const nmeaDriver: DriverKind<typeof NmeaConfig> = {
  schema: NmeaConfig,
  create(config, context) {
    const network = openNetwork(config.port, context.clock);
    if (network) return new NmeaDriver(config, context, network);
    const port = resolve(context.dataFolder, config.port);
    const open = serialStream({ port, baud: config.baud, parity: 'none', stopBits: 1 });
    return new NmeaDriver({ ...config, port }, context, open);
  },
};

const FIRST_REOPEN_MS = 500;
const LONGEST_REOPEN_MS = 5_000;
/** Slower than this, the course is the direction of the jitter. */
const STANDING_M_PER_S = 0.5;
/** What the operating system and this process may add to the time of a byte, and the bytes it hands over at once. */
const SCHEDULING_MS = 50;
const LUMP_BYTES = 32;
const BITS_PER_CHARACTER = 10;

/** What a value must move by to be news: a receiver that stands still wanders by some metres. */
const DEAD_BANDS = {
  latitude: 0.00005,
  longitude: 0.00005,
  altitude: 10,
  speed: 0.5,
  course: 10,
  fix: 0,
  satellites: 3,
  satellites_in_view: 3,
  hdop: 1,
} as const;
type Field = keyof typeof DEAD_BANDS;

export class NmeaDriver implements Driver {
  readonly devices: readonly DeviceSpec[];
  readonly #config: NmeaConfig;
  readonly #context: DriverContext;
  readonly #open: OpenByteStream;
  readonly #device: string;
  readonly #metrics: Readonly<Record<Field, MetricSpec>>;
  #splitter = new LineSplitter();
  #epoch: EpochState = NO_EPOCH;
  #newest: Epoch | undefined;
  #stream: ByteStream | undefined;
  #opening: Promise<void> | undefined;
  #unavailable: SluiceError | undefined;
  #silent: SluiceError | undefined;
  #reopenAtMs = Number.NEGATIVE_INFINITY;
  #reopenMs = FIRST_REOPEN_MS;
  #heardAtMs: number;
  #bytes = 0;
  #badLines = 0;
  #hadFix = false;
  readonly #stopping = new AbortController();
  #isStopped = false;

  constructor(config: NmeaConfig, context: DriverContext, open: OpenByteStream) {
    this.#config = config;
    this.#context = context;
    this.#open = open;
    this.#device = config.device ?? GATEWAY_ITSELF;
    this.#heardAtMs = context.clock.monotonicMs();
    this.#metrics = ownMetrics('gnss', DEAD_BANDS, { zone: config.zone ?? '' });
    const groups = [{ id: config.id, everyMs: config.everyMs }];
    this.devices = [{ id: this.#device, metrics: Object.values(this.#metrics), groups }];
  }

  trouble(): SluiceError | undefined {
    return this.#unavailable ?? this.#silent;
  }

  async start(): Promise<void> {
    this.#heardAtMs = this.#context.clock.monotonicMs();
    const opening = this.#openAgain();
    // A server that is away would keep the valves of the gateway waiting, which are closed once all drivers are started.
    if (!isNetwork(this.#config.port)) await opening;
  }

  /** What was heard since the last poll. */
  async poll(): Promise<Outcome | undefined> {
    await this.#openAgain();
    const { clock } = this.#context;
    const nowMs = clock.monotonicMs();
    this.#take(endEpoch(this.#epoch, nowMs));
    const epoch = this.#newest;
    this.#newest = undefined;
    if (!epoch) return this.#silence(nowMs);
    this.#silent = undefined;
    const timeMs = Math.round(clock.nowMs() - (nowMs - epoch.atMs));
    return { device: this.#device, timeMs, isReached: true, samples: this.#samplesOf(epoch) };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopping.abort();
    await this.#opening;
    const stream = this.#stream;
    this.#stream = undefined;
    await stream?.close();
  }

  /** The gateway is there even where its receiver is not: that is told once, and its position is no position. */
  #silence(nowMs: number): Outcome | undefined {
    const { port, timeoutMs } = this.#config;
    if (!this.#unavailable && nowMs - this.#heardAtMs <= timeoutMs) return undefined;
    const wasSilent = this.#silent !== undefined;
    const error =
      this.#unavailable ?? new SluiceError('NMEA_SILENT', { port, timeoutMs, heard: this.#heard() });
    this.#silent ??= error;
    const isItself = this.#device === GATEWAY_ITSELF;
    if (isItself && wasSilent) return undefined;
    const samples = wasSilent ? [] : this.#noPosition();
    const gone = isItself ? {} : ({ isGone: true } as const);
    return {
      device: this.#device,
      timeMs: this.#context.clock.nowMs(),
      isReached: isItself,
      ...gone,
      samples,
      error,
    };
  }

  #heard(): Words {
    if (this.#bytes === 0) return { en: 'not one byte', zh: '一个字节也没有' };
    const counts = `${this.#bytes} / ${this.#badLines}`;
    return { en: `bytes / bad sentences: ${counts}`, zh: `字节数 / 坏语句数：${counts}` };
  }

  async #openAgain(): Promise<void> {
    if (this.#stream || this.#isStopped) return;
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs < this.#reopenAtMs) return;
    this.#opening ??= this.#tryOpen().finally(() => {
      this.#opening = undefined;
    });
    await this.#opening;
  }

  async #tryOpen(): Promise<void> {
    const { id, port } = this.#config;
    const { log } = this.#context;
    try {
      this.#splitter = new LineSplitter();
      this.#epoch = NO_EPOCH;
      const events = {
        bytes: (bytes: Uint8Array) => this.#hear(bytes),
        closed: (reason: string | Words) => this.#closed(reason),
      };
      this.#stream = await this.#open(events, this.#stopping.signal);
    } catch (thrown) {
      if (this.#isStopped) return;
      const code = isNetwork(port) ? 'NMEA_UNREACHABLE' : 'SERIAL_UNAVAILABLE';
      this.#away(new SluiceError(code, { port, reason: reasonOf(thrown) }, thrown));
      return;
    }
    if (this.#unavailable) log.info({ receiver: id }, `${port} is open again`);
    this.#unavailable = undefined;
    this.#bytes = 0;
    this.#badLines = 0;
  }

  #closed(reason: string | Words): void {
    this.#stream = undefined;
    const { port } = this.#config;
    this.#away(new SluiceError(isNetwork(port) ? 'NMEA_UNREACHABLE' : 'SERIAL_LOST', { port, reason }));
  }

  #away(error: SluiceError): void {
    const { id } = this.#config;
    if (!this.#unavailable) this.#context.log.error({ receiver: id, code: error.code }, error.message);
    this.#unavailable = error;
    this.#reopenAtMs = this.#context.clock.monotonicMs() + this.#reopenMs;
    this.#reopenMs = Math.min(2 * this.#reopenMs, LONGEST_REOPEN_MS);
  }

  #hear(bytes: Uint8Array): void {
    const atMs = this.#context.clock.monotonicMs();
    this.#bytes += bytes.length;
    for (const line of this.#splitter.push(bytes)) {
      const parsed = parseSentence(line, this.#config.checksum === 'required');
      const text = parsed.kind === 'bad' ? `${line}: ${parsed.reason}` : line;
      this.#context.trace?.({ direction: 'received', bytes: Buffer.from(line, 'latin1'), text });
      if (parsed.kind === 'bad') this.#badLines++;
      if (parsed.kind === 'bad' || parsed.kind === 'other') continue;
      this.#heardAtMs = atMs;
      // Only now has the port shown that it is the right one.
      this.#reopenMs = FIRST_REOPEN_MS;
      this.#take(stepEpoch(this.#epoch, parsed, atMs));
    }
  }

  #take({ state, epoch }: ReturnType<typeof endEpoch>): void {
    const { time } = this.#epoch;
    this.#epoch = state;
    if (!epoch) return;
    this.#newest = epoch;
    const { id, givesTime, latencyMs, baud } = this.#config;
    if (!givesTime || epoch.utcMs === undefined || isLeapSecond(time)) return;
    const lumpMs = (LUMP_BYTES * BITS_PER_CHARACTER * 1_000) / baud;
    this.#context.observeTime({
      source: id,
      utcMs: epoch.utcMs + latencyMs,
      monotonicMs: epoch.atMs,
      errorMs: latencyMs + lumpMs + SCHEDULING_MS,
    });
  }

  #samplesOf(epoch: Epoch): Sample[] {
    const { position, fix, speedMPerS } = epoch;
    // Dead reckoning is a guess.
    const quality: Quality = fix === 6 ? 'uncertain' : 'good';
    const told = position ? [] : this.#hadFix ? this.#noPosition() : [];
    this.#hadFix = position !== undefined;
    const isMoving = speedMPerS !== undefined && speedMPerS >= STANDING_M_PER_S;
    const values: [Field, number | undefined][] = [
      ['latitude', position?.latitude],
      ['longitude', position?.longitude],
      ['altitude', epoch.altitudeM],
      ['speed', speedMPerS],
      ['course', isMoving ? epoch.courseDeg : undefined],
      ['hdop', epoch.hdop],
    ];
    const states: [Field, number | undefined][] = [
      ['fix', fix],
      ['satellites', epoch.satellitesInUse],
      ['satellites_in_view', epoch.satellitesInView],
    ];
    return [...told, ...this.#known(values, quality), ...this.#known(states, 'good')];
  }

  /** What is out of the possible range of its quantity is no measurement. */
  #known(values: readonly [Field, number | undefined][], quality: Quality): Sample[] {
    return values.flatMap(([field, value]) => {
      const { min, max } = this.#metrics[field].quantity;
      if (value === undefined || value < min || value > max) return [];
      return [{ metric: this.#metrics[field], value, quality }];
    });
  }

  /** The last position must not pass for the present one. */
  #noPosition(): Sample[] {
    this.#hadFix = false;
    const fields: Field[] = ['latitude', 'longitude', 'altitude', 'speed'];
    return fields.map((field) => ({ metric: this.#metrics[field], value: null, quality: 'bad' }));
  }
}
