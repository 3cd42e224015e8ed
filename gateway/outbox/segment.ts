import { type FileHandle, open } from 'node:fs/promises';
import type { NumberedMessage, OutboxMetric } from './outbox.ts';
import {
  type Definitions,
  type Dictionary,
  decodeRecord,
  encodeBoot,
  encodeMetric,
  findRecord,
  LONGEST_RECORD,
} from './record.ts';

/** A place to begin reading at, in every so many bytes. */
const INDEX_EVERY_BYTES = 65_536;
const CHUNK_BYTES = 131_072;

/** One file of the log: what is known of it without reading it. */
export class Segment {
  readonly file: string;
  readonly serial: number;
  /** The numbers in it are from `first` up to and without `end`, some of which may be missing. */
  first: number;
  end: number;
  /** On the disk. */
  bytes = 0;
  /** There is a file, of this run. */
  isMade = false;
  /** With what waits to be written. */
  plannedBytes = 0;
  /** The time that its messages span, UTC, as they are stamped; and the newest of those that can be trusted. */
  fromMs = Number.POSITIVE_INFINITY;
  toMs = Number.NEGATIVE_INFINITY;
  newestTrustedMs = Number.NEGATIVE_INFINITY;
  readonly createdAtMs: number;
  readonly #index: { readonly number: number; readonly offset: number }[] = [];
  readonly #metrics: ({ readonly device: string; readonly metric: OutboxMetric } | undefined)[] = [];
  readonly #boots: (string | undefined)[] = [];
  readonly #metricIndexes = new Map<string, Map<OutboxMetric, number>>();

  constructor(file: string, serial: number, first: number, createdAtMs: number) {
    this.file = file;
    this.serial = serial;
    this.first = first;
    this.end = first;
    this.createdAtMs = createdAtMs;
  }

  get definitions(): Definitions {
    return { metrics: this.#metrics, boots: this.#boots };
  }

  define(index: number, device: string, metric: OutboxMetric): void {
    this.#metrics[index] ??= { device, metric };
  }

  defineBoot(index: number, boot: string): void {
    this.#boots[index] ??= boot;
  }

  /** For writing: a definition that is new goes to `write`, twice, so that a damaged one costs no message. */
  dictionary(write: (record: Buffer) => void): Dictionary {
    const twice = (record: Buffer) => {
      write(record);
      write(record);
    };
    return {
      indexOf: (device, metric) => {
        const known = this.#metricIndexes.get(device) ?? new Map<OutboxMetric, number>();
        this.#metricIndexes.set(device, known);
        let index = known.get(metric);
        if (index === undefined) {
          index = this.#metrics.length;
          known.set(metric, index);
          this.define(index, device, metric);
          twice(encodeMetric(index, device, metric));
        }
        return index;
      },
      bootIndexOf: (boot) => {
        let index = this.#boots.indexOf(boot);
        if (index < 0) {
          index = this.#boots.length;
          this.defineBoot(index, boot);
          twice(encodeBoot(index, boot));
        }
        return index;
      },
    };
  }

  /** Takes note of a message whose record begins at `offset`. */
  note({ first, stamp, samples }: NumberedMessage, offset: number): void {
    const last = this.#index.at(-1);
    if (!last || offset - last.offset >= INDEX_EVERY_BYTES) this.#index.push({ number: first, offset });
    this.end = Math.max(this.end, first + samples.length);
    this.fromMs = Math.min(this.fromMs, stamp.timeMs);
    this.toMs = Math.max(this.toMs, stamp.timeMs);
    if (stamp.clock !== 'unsynced') this.newestTrustedMs = Math.max(this.newestTrustedMs, stamp.timeMs);
  }

  /** Nothing more will be written: what only writing needs is let go. */
  seal(): void {
    this.#metricIndexes.clear();
  }

  offsetOf(number: number): number {
    return this.#index.findLast((place) => place.number <= number)?.offset ?? 0;
  }

  /** Messages from `offset` on, as many as one chunk holds, and where to go on; at the end that is `bytes`. */
  async read(offset: number): Promise<{ messages: NumberedMessage[]; offset: number }> {
    const handle = await open(this.file, 'r');
    try {
      let size = CHUNK_BYTES;
      for (;;) {
        const bytes = await readAt(handle, offset, Math.min(size, this.bytes - offset));
        const { messages, end } = this.#parse(bytes);
        const isAll = offset + bytes.length >= this.bytes;
        if (end > 0 || isAll) return { messages, offset: isAll ? this.bytes : offset + end };
        // A record that is longer than the chunk, or damage that looks like one.
        if (size > LONGEST_RECORD) return { messages, offset: offset + 1 };
        size *= 4;
      }
    } finally {
      await handle.close();
    }
  }

  #parse(bytes: Buffer): { messages: NumberedMessage[]; end: number } {
    const messages: NumberedMessage[] = [];
    let position = 0;
    for (;;) {
      const { found, restAt } = findRecord(bytes, position);
      if (!found) return { messages, end: restAt };
      position = found.end;
      const record = decodeRecord(bytes, found, this.definitions);
      if (record?.kind === 'data') messages.push(record.message);
    }
  }
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
