import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { CHAIN_BYTES, chained, lastHash, NO_LINE } from '../core/audit-lines.ts';
import type { Cancel, Clock } from '../core/clock.ts';
import { reasonOf, SluiceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { TokenBuckets } from '../core/passwords/token-buckets.ts';
import type { AuditConfig } from './config.ts';

export interface AuditEntry {
  readonly event: 'connect' | 'refuse' | 'disconnect';
  readonly client?: string;
  readonly user?: string;
  readonly from: string;
  /** Of the client certificate. */
  readonly serial?: string;
  readonly listener?: string;
  readonly why?: string;
}

const FLUSH_MS = 500;
const MOST_WAITING = 20_000;
const LONGEST_TEXT = 200;
const FILE = /^audit-(\d{8})\.jsonl$/;

/**
 * Who came, who was turned away and who went, one JSON line each, in files of bounded number and size:
 *
 *     {"n":17,"time":"2026-11-22T22:00:00.000Z","event":"connect","client":"…","user":"…","from":"10.0.0.7","hash":"…"}
 *
 * Lines are only ever appended, numbered without gap within a run, and chained by hash (core/audit-lines.ts). Refusals are what strangers can cause at will:
 * beyond so many a minute they become one line with their number.
 */
export class Audit {
  readonly #folder: string;
  readonly #config: AuditConfig;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #refusals: TokenBuckets;
  #file: number | undefined;
  #fileNumber = 0;
  #bytes = 0;
  #n = 0;
  /** Hash of the line before; undefined where there is none, or only of an older version. */
  #head: string | undefined;
  #lines: object[] = [];
  #unwritten = 0;
  #lost = 0;
  #cancel: Cancel | undefined;
  #trouble: SluiceError | undefined;

  constructor(folder: string, config: AuditConfig, clock: Clock, log: Log) {
    this.#folder = folder;
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
    this.#refusals = new TokenBuckets(config.refusalsPerMin, config.refusalsPerMin / 60);
  }

  get trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  add(entry: AuditEntry): void {
    if (!this.#config.enabled) return;
    if (entry.event === 'refuse' && !this.#refusals.take('', this.#clock.monotonicMs())) {
      this.#unwritten++;
      this.#plan();
      return;
    }
    this.#push(entry);
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#flush();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #push(entry: AuditEntry | { event: 'refusals not listed'; count: number }): void {
    if (this.#lines.length >= MOST_WAITING) {
      this.#lost++;
      return;
    }
    const time = new Date(this.#clock.nowMs()).toISOString();
    const short = Object.entries(entry).map(([name, value]) => [name, shortened(value)]);
    this.#lines.push({ n: ++this.#n, time, ...Object.fromEntries(short) });
    this.#plan();
  }

  #plan(): void {
    this.#cancel ??= this.#clock.after(FLUSH_MS, () => {
      this.#cancel = undefined;
      this.#flush();
      if (this.#lines.length > 0) this.#plan();
    });
  }

  #flush(): void {
    if (this.#unwritten > 0 && this.#refusals.has('', this.#clock.monotonicMs())) {
      const count = this.#unwritten;
      this.#unwritten = 0;
      this.#push({ event: 'refusals not listed', count });
    }
    if (this.#lines.length === 0) return;
    try {
      const roomy = this.#lines.map((line) => JSON.stringify(line)).join('');
      const file = this.#openFile(Buffer.byteLength(roomy) + CHAIN_BYTES * this.#lines.length);
      this.#write(file);
      this.#lines = [];
      this.#lost = 0;
      this.#trouble = undefined;
    } catch (error) {
      const details = { folder: this.#folder, reason: reasonOf(error), lost: this.#lost };
      const isNew = !this.#trouble;
      this.#trouble = new SluiceError('BROKER_AUDIT_UNWRITABLE', details, error);
      if (isNew) this.#log.error({ code: this.#trouble.code }, this.#trouble.message);
    }
  }

  #write(file: number): void {
    let head = this.#head;
    const texts = this.#lines.map((line, index) => {
      const isFirst = index === 0 && (this.#bytes === 0 || head === undefined);
      const next = chained(line, head ?? NO_LINE, isFirst);
      head = next.hash;
      return next.text;
    });
    const bytes = Buffer.from(texts.join(''));
    const written = writeSync(file, bytes);
    if (written < bytes.length) {
      ftruncateSync(file, this.#bytes);
      throw new Error('the disk is full');
    }
    this.#bytes += bytes.length;
    this.#head = head;
  }

  #openFile(more: number): number {
    if (this.#file !== undefined && this.#bytes + more <= this.#config.maxFileBytes) return this.#file;
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const numbers = readdirSync(this.#folder)
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .toSorted((a, b) => a - b);
    const newest = numbers.at(-1) ?? 0;
    const path = (number: number) => join(this.#folder, `audit-${String(number).padStart(8, '0')}.jsonl`);
    if (this.#fileNumber === 0 && newest > 0) this.#head = takeUp(path(newest));
    // After a start the newest goes on, if it has room.
    const goesOn =
      this.#fileNumber === 0 && newest > 0 && statSync(path(newest)).size + more <= this.#config.maxFileBytes;
    this.#fileNumber = goesOn ? newest : newest + 1;
    this.#file = openSync(path(this.#fileNumber), 'a', 0o600);
    this.#bytes = statSync(path(this.#fileNumber)).size;
    for (const old of numbers) {
      if (old <= this.#fileNumber - this.#config.maxFiles) rmSync(path(old), { force: true });
    }
    return this.#file;
  }
}

/** Names come from strangers. */
function shortened(value: unknown): unknown {
  return typeof value === 'string' && value.length > LONGEST_TEXT
    ? `${value.slice(0, LONGEST_TEXT)}…`
    : value;
}

/** Half a line at its end, of a process that was killed, was never on record. Returns the hash of the last. */
function takeUp(file: string): string | undefined {
  const bytes = readFileSync(file);
  truncateSync(file, bytes.lastIndexOf(10) + 1);
  return lastHash(bytes.toString());
}
