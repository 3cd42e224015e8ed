import { basename, join } from 'node:path';
import type { Cancel, Clock } from '../../core/clock.ts';
import { asSluiceError, type ErrorCode, reasonOf, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { gatewayName } from '../gateway-name.ts';
import type { Refusal } from '../pipeline/check-reading.ts';
import { opened, putAside } from '../state-database.ts';
import type { LettersConfig } from './config.ts';
import {
  type KeptLetter,
  kindOf,
  type Letter,
  type LetterContent,
  type LetterSink,
  type Sender,
} from './letter.ts';
import { LETTERS_FILE, type LetterCount, LetterFile, type LetterFilter } from './letter-file.ts';

const MINUTE_MS = 60_000;
/** What is in no batch waits so long for company. */
const FLUSH_MS = 250;
/** A number alone is worth no commit of its own. */
const COUNT_MS = 5_000;
const CLEAR_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Letters that wait in memory for the disk; past it they are only counted. */
const MOST_UNWRITTEN = 2_000;
/** Pairs of gateway and reason that are counted apart within a minute. */
const MOST_COUNTED = 50_000;

interface Parts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps what was refused for good, so that somebody may look at it, mend the cause and replay it. Whoever asks for an account
 * of a message is told "rejected" only after `flush`. A disk that is full holds such messages back: they are not settled and
 * come again, like anything else that cannot be made durable. A file that is damaged holds up nobody: it is put aside,
 * and a new one begun.
 */
export class DeadLetters implements Service, LetterSink {
  readonly name = 'letters';
  readonly #config: LettersConfig;
  readonly #parts: Parts;
  #file: LetterFile | undefined;
  /** By identity where there is one, so that a message that comes again while the disk is full waits here once. */
  readonly #unwritten = new Map<string | symbol, Letter>();
  readonly #more = new Map<string, Sender & { readonly code: ErrorCode; readings: number }>();
  /** How many of a gateway and reason came in this minute. */
  readonly #thisMinute = new Map<string, number>();
  #minuteEndMs = 0;
  #nextClearMs = 0;
  #counts: readonly LetterCount[] = [];
  #cancelFlush: Cancel | undefined;
  #flushDueMs = 0;
  #error: SluiceError | undefined;

  constructor(config: LettersConfig, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** Throws `LEDGER_UNAVAILABLE`. */
  async start(): Promise<void> {
    try {
      this.#file = new LetterFile(this.#parts.folder);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (error.code !== 'STATE_DAMAGED') throw error;
      this.#beginAnew(error);
    }
    this.#flushIn(FLUSH_MS);
  }

  async stop(): Promise<void> {
    try {
      this.flush();
      this.#write();
    } catch (thrown) {
      const { code, message } = asSluiceError(thrown);
      this.#parts.log.error({ code, letters: this.#unwritten.size }, `dead letters were lost: ${message}`);
    }
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#file?.close();
    this.#file = undefined;
  }

  /** Why nothing can be kept just now. */
  trouble(): SluiceError | undefined {
    return this.#error;
  }

  keep(sender: Sender, { code, describe }: Refusal, content: () => LetterContent): void {
    if (!this.#hasRoom(sender, code)) return;
    const letter = this.#letter(sender, describe(), content());
    this.#unwritten.set(letter.content.reading?.identity ?? Symbol(code), letter);
    this.#flushIn(FLUSH_MS);
  }

  #letter({ site, gateway }: Sender, { code, details }: SluiceError, content: LetterContent): Letter {
    const receivedMs = this.#parts.clock.nowMs();
    const { message } = content;
    const most = this.#config.maxPayloadBytes;
    // A copy: a slice of a receive buffer would hold all of it.
    const kept = message
      ? { message: { source: message.source.slice(0, 256), bytes: message.bytes.slice(0, most) } }
      : content;
    return { site, gateway, kind: kindOf(content, code), code, details, receivedMs, content: kept };
  }

  /** False where it is only counted. */
  #hasRoom({ site, gateway }: Sender, code: ErrorCode): boolean {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs >= this.#minuteEndMs) {
      this.#minuteEndMs = nowMs + MINUTE_MS;
      this.#thisMinute.clear();
    }
    let key = `${gatewayName({ site, gateway })} ${code}`;
    if (!this.#thisMinute.has(key) && this.#thisMinute.size >= MOST_COUNTED) key = `/ ${code}`;
    const already = this.#thisMinute.get(key) ?? 0;
    this.#thisMinute.set(key, already + 1);
    if (already < this.#config.perMinute && this.#unwritten.size < MOST_UNWRITTEN) return true;
    const more = this.#more.get(key);
    if (more) more.readings++;
    else
      this.#more.set(
        key,
        key.startsWith('/')
          ? { site: '', gateway: '', code, readings: 1 }
          : { site, gateway, code, readings: 1 },
      );
    this.#flushIn(COUNT_MS);
    return false;
  }

  flush(): void {
    if (this.#unwritten.size > 0) this.#write();
  }

  #write(): void {
    if (this.#unwritten.size === 0 && this.#more.size === 0) return;
    try {
      this.#use((file) => {
        file.add(
          { letters: [...this.#unwritten.values()], more: [...this.#more.values()] },
          this.#config.maxMb * 1_000_000,
        );
      });
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (!this.#error) this.#parts.log.error({ code: error.code }, error.message);
      this.#error = error;
      throw error;
    }
    if (this.#error) this.#parts.log.info({}, 'dead letters can be written again');
    this.#error = undefined;
    this.#unwritten.clear();
    this.#more.clear();
    this.#clearOld();
  }

  /** Newest first, or upwards from `after`. */
  find(filter: LetterFilter, place: { before?: number; after?: number; limit: number }): KeptLetter[] {
    return this.#use((file) => file.find(filter, place));
  }

  get(id: number): KeptLetter | undefined {
    return this.#use((file) => file.get(id));
  }

  /** Of all time, by gateway and reason; as last known while the file cannot be read. */
  counts(): readonly LetterCount[] {
    try {
      this.#counts = this.#use((file) => file.counts());
    } catch (thrown) {
      this.#error ??= asSluiceError(thrown);
    }
    return this.#counts;
  }

  /** Of one gateway, all reasons together. */
  countsOf({ site, gateway }: Sender): Omit<LetterCount, keyof Sender | 'code'> {
    const sum = { waiting: 0, replayed: 0, more: 0, gone: 0 };
    for (const one of this.counts()) {
      if (one.site !== site || one.gateway !== gateway) continue;
      for (const name of ['waiting', 'replayed', 'more', 'gone'] as const) sum[name] += one[name];
    }
    return sum;
  }

  /** What became of letters that were tried again: without an error they are replayed. */
  tried(results: readonly { readonly letter: KeptLetter; readonly error?: SluiceError }[]): void {
    this.#use((file) => file.tried(results, this.#parts.clock.nowMs()));
  }

  #use<T>(work: (file: LetterFile) => T): T {
    const file = opened(this.#file, LETTERS_FILE);
    try {
      return work(file);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (error.code !== 'STATE_DAMAGED') throw error;
      return work(this.#beginAnew(error));
    }
  }

  #beginAnew(damage: SluiceError): LetterFile {
    const { folder, clock, log } = this.#parts;
    this.#file?.close();
    this.#file = undefined;
    const file = join(folder, LETTERS_FILE);
    const aside = basename(putAside(file, clock.nowMs()));
    const { code, message } = new SluiceError(
      'LETTERS_DAMAGED',
      { file, aside, reason: reasonOf(damage.cause) },
      damage,
    );
    log.error({ code }, message);
    this.#file = new LetterFile(folder);
    return this.#file;
  }

  #flushIn(delayMs: number): void {
    const { clock } = this.#parts;
    const dueMs = clock.monotonicMs() + delayMs;
    if (this.#cancelFlush && this.#flushDueMs <= dueMs) return;
    this.#cancelFlush?.();
    this.#flushDueMs = dueMs;
    this.#cancelFlush = clock.after(delayMs, () => {
      this.#cancelFlush = undefined;
      try {
        this.#write();
      } catch {
        // Said by `#write`, and tried again.
        this.#flushIn(COUNT_MS);
      }
    });
  }

  #clearOld(): void {
    const { clock } = this.#parts;
    if (clock.monotonicMs() < this.#nextClearMs) return;
    this.#nextClearMs = clock.monotonicMs() + CLEAR_EVERY_MS;
    this.#use((file) => file.clearBefore(clock.nowMs() - this.#config.keepDays * DAY_MS));
  }
}
