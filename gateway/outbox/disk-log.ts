import { randomBytes } from 'node:crypto';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { type FileHandle, open, truncate, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { LedgerRange } from '../../core/ledger.ts';
import { machineBootId } from '../machine-boot-id.ts';
import type { BookFile } from './book-file.ts';
import type { BootTime, LedgerBook, MessageLog, Piece } from './message-log.ts';
import { type OpenedLog, openLogFolder, segmentFile } from './open-log-folder.ts';
import type { DroppedRange, NumberedMessage, OutboxMessage } from './outbox.ts';
import { RangeSet } from './range-set.ts';
import { encodeClose, encodeData, encodeHeader, encodeReserve } from './record.ts';
import { Segment } from './segment.ts';
import { syncFolder } from './sync-folder.ts';

export interface DiskLogOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  readonly syncEveryMs: number;
  readonly clock: Clock;
  /** UTC where it can be trusted: nothing is too old by a clock that nobody vouches for. */
  readonly trustedNowMs: () => number | undefined;
  /** Which start of the machine this is; by default what the system says. */
  readonly machineBoot?: string;
}

/** What could not be written any more: the messages, whose numbers nobody has seen. */
export type Failure = { readonly error: unknown; readonly messages: readonly OutboxMessage[] };

const SMALLEST_SEGMENT = 65_536;
const LARGEST_SEGMENT = 8_388_608;
/** The oldest goes segment by segment: a thirty-second of what there may be. */
const SEGMENTS = 32;
/** A disk that hangs is not waited for with more than this in memory. */
const MOST_WAITING_BYTES = 4_000_000;
/** Without a need; with one at once. */
const BOOK_EVERY_MS = 2_000;
/** Beyond what the last interval used, twice. */
const FEWEST_RESERVED = 16;
const MOST_READ_FAILURES = 3;

interface Waiting {
  readonly segment: Segment;
  readonly bytes: Buffer;
  readonly message?: NumberedMessage;
}

/**
 * A log on disk, in segments that are only ever appended to. Each run begins one of its own. Past 400 lines because writing,
 * syncing and giving up share one state, and whoever changes one of them has to see the others.
 *
 * What is added is in memory until the write that is under way has ended, and goes with the next; then it is sendable.
 * Every `syncEveryMs` it is synced as well: between two syncs a power cut costs what was not sent, and a kill nothing.
 * No number may be used twice even then, so a number is sendable only below a bound that was synced before (`reserve`);
 * after a power cut the log goes on from that bound, and reports what is missing below as dropped.
 */
export class DiskLog implements MessageLog {
  readonly ledger: string;
  readonly book: LedgerBook;
  readonly newestOf: Map<string, number>;
  onSendable = () => {};
  onDropped: (range: DroppedRange) => void = () => {};
  onRolledBack: (next: number) => void = () => {};
  onFailed: (failure: Failure) => void = () => {};
  readonly #options: DiskLogOptions;
  readonly #bookFile: BookFile;
  readonly #segmentBytes: number;
  readonly #machineBoot: string;
  #segments: Segment[];
  /** Not read any more; the files go when the book knows. */
  #condemned: Segment[] = [];
  #active: Segment;
  /** Its file is being made. */
  #making: Segment | undefined;
  /** Holds the newest bound that was synced: while no other file does, it stays, whatever is settled. */
  #boundIn: Segment | undefined;
  #handle: FileHandle | undefined;
  #serial: number;
  #next: number;
  #written: number;
  #reserved: number;
  #usedAtSync: number;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  /** What is being written at the end of `segment`: the first `count` of what waits, and perhaps a reserve. */
  #underWay: { readonly segment: Segment; readonly count: number; readonly bytes: Buffer } | undefined;
  #syncing: Promise<void> | undefined;
  #syncError: unknown;
  #isSyncDue = false;
  #cancelSync: Cancel | undefined;
  #cancelBook: Cancel | undefined;
  #nextBook: { settled: RangeSet; dropped: readonly DroppedRange[] } | undefined;
  #lastBook: { settled: RangeSet; dropped: readonly DroppedRange[] };
  #times: readonly BootTime[];
  #saving: Promise<void> | undefined;
  #readAt: { segment: Segment; offset: number; number: number } | undefined;
  #readFailures = 0;
  #isFailed = false;
  #isClosed = false;

  /** Takes in what earlier runs left. Throws what keeps the folder from being written. */
  static async open(options: DiskLogOptions): Promise<DiskLog> {
    const machineBoot = options.machineBoot ?? machineBootId();
    const opened = await openLogFolder(options.folder, machineBoot, options.clock.nowMs());
    const log = new DiskLog(options, machineBoot, opened);
    await log.#begin();
    return log;
  }

  private constructor(options: DiskLogOptions, machineBoot: string, opened: OpenedLog) {
    this.#options = options;
    this.#machineBoot = machineBoot;
    this.#bookFile = opened.bookFile;
    this.ledger = opened.ledger ?? randomBytes(8).toString('hex');
    this.book = opened.book;
    this.#lastBook = { settled: new RangeSet(opened.book.settled), dropped: opened.book.dropped };
    this.#times = opened.book.times;
    this.newestOf = opened.newestOf;
    this.#segments = opened.segments;
    this.#serial = opened.serial;
    this.#next = this.#written = this.#reserved = this.#usedAtSync = opened.next;
    this.#segmentBytes = Math.min(Math.max(options.maxBytes / SEGMENTS, SMALLEST_SEGMENT), LARGEST_SEGMENT);
    this.#active = this.#newSegment();
  }

  get first(): number {
    return this.#segments[0]?.first ?? this.#active.first;
  }

  get next(): number {
    return this.#next;
  }

  get sendable(): number {
    return Math.min(this.#written, this.#reserved);
  }

  append(message: OutboxMessage): number {
    if (this.#isFailed || this.#isClosed) throw new Error('the log takes nothing at present');
    if (this.#waitingBytes > MOST_WAITING_BYTES) throw new Error('the disk does not keep up');
    this.#rotateIfDue();
    const first = this.#next;
    const numbered = { ...message, first };
    const segment = this.#active;
    const record = encodeData(
      numbered,
      segment.dictionary((definition) => this.#put({ segment, bytes: definition })),
    );
    segment.note(numbered, segment.plannedBytes);
    this.#put({ segment, bytes: record, message: numbered });
    this.#next += message.samples.length;
    this.newestOf.set(message.device, this.#next - 1);
    this.#write();
    return first;
  }

  /**
   * Bytes are written at the place that the write under way and the next one will write them to as well: whoever comes
   * last changes nothing.
   */
  flush(): void {
    if (this.#isFailed || this.#waiting.length === 0) return;
    const groups = new Map<Segment, Buffer[]>();
    const underWay = this.#underWay;
    if (underWay) groups.set(underWay.segment, [underWay.bytes]);
    for (const { segment, bytes } of this.#waiting.slice(underWay?.count ?? 0)) {
      const group = groups.get(segment) ?? [];
      groups.set(segment, group);
      group.push(bytes);
    }
    try {
      for (const [segment, buffers] of groups) this.#writeNow(segment, buffers);
    } catch {
      // The write that follows meets the same disk, and says so.
    }
    this.#isSyncDue = true;
  }

  async read(from: number, to: number): Promise<Piece> {
    const segment = [...this.#segments, this.#active].find(({ end }) => end > from);
    if (!segment) return { messages: [], end: to };
    const hint = this.#readAt;
    const indexed = segment.offsetOf(from);
    const isNext = hint?.segment === segment && hint.number <= from && hint.offset >= indexed;
    let offset = isNext ? hint.offset : indexed;
    // Where reading goes on from a known place, what is missing between two messages was damaged meanwhile.
    let expected = isNext ? hint.number : undefined;
    while (offset < segment.bytes) {
      const piece = await this.#readPiece(segment, offset);
      if (!piece) return { messages: [], end: Math.min(segment.end, to) };
      const messages: NumberedMessage[] = [];
      for (const message of piece.messages) {
        if (message.first >= to) return { messages, end: to };
        const end = message.first + message.samples.length;
        if (expected !== undefined && message.first > expected)
          this.#lose(segment, expected, message.first - 1);
        expected = end;
        if (end > from) messages.push(message);
      }
      offset = piece.offset;
      if (expected !== undefined) this.#readAt = { segment, offset, number: expected };
      if (messages.length > 0) return { messages, end: Math.min(Math.max(expected!, from), to) };
    }
    const end = Math.min(segment.end, to);
    if (expected !== undefined) this.#lose(segment, expected, end - 1);
    return { messages: [], end };
  }

  settle(settled: RangeSet, dropped: readonly DroppedRange[]): void {
    this.#nextBook = this.#lastBook = { settled, dropped };
    // Where no file has followed it yet, as after a failure, only the newest says which numbers have been used.
    const isFollowed = this.#active.bytes > 0 && !this.#segments.includes(this.#active);
    const newest = isFollowed ? undefined : this.#segments.at(-1);
    for (const segment of [...this.#segments]) {
      const isDone = segment.end === segment.first || settled.covers(segment.first, segment.end - 1);
      if (isDone && segment !== newest && segment !== this.#boundIn) this.#condemn(segment);
    }
    this.#saveBook(this.#condemned.length > 0 ? 0 : BOOK_EVERY_MS);
  }

  async keepTimes(times: readonly BootTime[]): Promise<void> {
    this.#times = times;
    while (this.#saving) await this.#saving;
    this.#nextBook ??= this.#lastBook;
    const saving = this.#keepBook();
    this.#saving = saving
      .catch(() => {})
      .finally(() => {
        this.#saving = undefined;
      });
    await saving;
  }

  /** After a failure: whether there is room again. Throws what still keeps it from being written. */
  async tryAgain(): Promise<void> {
    if (!this.#isFailed || this.#isClosed) return;
    const probe = join(this.#options.folder, 'probe');
    try {
      const handle = await open(probe, 'w');
      try {
        await handle.writeFile(Buffer.alloc(2 * SMALLEST_SEGMENT));
        await handle.datasync();
      } finally {
        await handle.close();
      }
    } finally {
      await unlink(probe).catch(() => {});
    }
    this.#active = this.#newSegment();
    await this.#begin();
    this.#isFailed = false;
  }

  /** Everything that was added is on the disk when this resolves, or has been handed to `onFailed`. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelSync?.();
    this.#cancelBook?.();
    await this.#writing;
    await this.#syncing?.catch(() => {});
    await this.#saving;
    await this.#keepBook().catch(() => {});
    if (!this.#handle) return;
    try {
      await writeAll(this.#handle, encodeClose(this.#next), this.#active.bytes);
      await this.#handle.datasync();
    } catch {
      // The next start then counts on from the bound, as after a power cut.
    } finally {
      await this.#handle.close();
      this.#handle = undefined;
    }
  }

  async #begin(): Promise<void> {
    try {
      await this.#openActive();
      const reserved = this.#next + FEWEST_RESERVED;
      const reserve = encodeReserve(reserved, this.#machineBoot);
      await writeAll(this.#handle!, reserve, this.#active.bytes);
      this.#active.bytes += reserve.length;
      this.#active.plannedBytes += reserve.length;
      await this.#handle!.datasync();
      this.#reserved = reserved;
      this.#boundIn = this.#active;
    } catch (error) {
      await this.#abandonActive();
      throw error;
    }
  }

  #newSegment(): Segment {
    const serial = ++this.#serial;
    const { folder, clock } = this.#options;
    const segment = new Segment(segmentFile(folder, serial), serial, this.#next, clock.monotonicMs());
    segment.plannedBytes = this.#header(this.#next).length;
    return segment;
  }

  /** Twice, as without it nobody could tell whose the numbers are. */
  #header(first: number): Buffer {
    const header = encodeHeader(this.ledger, first);
    return Buffer.concat([header, header]);
  }

  async #openActive(): Promise<void> {
    const segment = this.#waiting[0]?.segment ?? this.#active;
    // Never over a file that is there, whatever it is called.
    this.#making = segment;
    try {
      this.#handle = await open(segment.file, 'wx').catch((error) => {
        // `flush` has been there before.
        if (!segment.isMade) throw error;
        return open(segment.file, 'r+');
      });
    } finally {
      this.#making = undefined;
    }
    segment.isMade = true;
    const header = this.#header(segment.first);
    await writeAll(this.#handle, header, 0);
    // Its records can be synced as often as one likes where its name is not.
    await syncFolder(this.#options.folder);
    segment.bytes = header.length;
  }

  #writeNow(segment: Segment, buffers: readonly Buffer[]): void {
    const isNew = segment.bytes === 0;
    // Never over a file that is there, unless the write that follows is just making it.
    const isMade = segment.isMade || this.#making === segment;
    const flags = constants.O_WRONLY | (isNew ? constants.O_CREAT | (isMade ? 0 : constants.O_EXCL) : 0);
    const fd = openSync(segment.file, flags);
    segment.isMade = true;
    try {
      const bytes = Buffer.concat(isNew ? [this.#header(segment.first), ...buffers] : buffers);
      for (let done = 0; done < bytes.length; )
        done += writeSync(fd, bytes, done, bytes.length - done, segment.bytes + done);
    } finally {
      closeSync(fd);
    }
  }

  #rotateIfDue(): void {
    const { maxAgeMs, clock } = this.#options;
    const ageMs = clock.monotonicMs() - this.#active.createdAtMs;
    if (this.#active.plannedBytes < this.#segmentBytes && ageMs < maxAgeMs / SEGMENTS) return;
    if (this.#active.end === this.#active.first) return;
    this.#active.seal();
    this.#segments.push(this.#active);
    this.#active = this.#newSegment();
    this.#makeRoom();
  }

  #makeRoom(): void {
    const { maxBytes, maxAgeMs, trustedNowMs } = this.#options;
    const nowMs = trustedNowMs();
    for (;;) {
      const oldest = this.#segments[0];
      if (!oldest) return;
      const bytes = this.#segments.reduce((sum, { plannedBytes }) => sum + plannedBytes, this.#segmentBytes);
      const isOld =
        nowMs !== undefined &&
        Number.isFinite(oldest.newestTrustedMs) &&
        oldest.newestTrustedMs < nowMs - maxAgeMs;
      // What is still being written stays: its numbers are not settled among themselves yet.
      if ((bytes <= maxBytes && !isOld) || oldest.end > this.#written || oldest === this.#boundIn) return;
      this.#condemn(oldest);
      this.#lose(oldest, oldest.first, oldest.end - 1);
    }
  }

  #condemn(segment: Segment): void {
    if (segment.end > this.#written) return;
    this.#segments = this.#segments.filter((other) => other !== segment);
    this.#condemned.push(segment);
  }

  #lose({ fromMs, toMs }: Segment, first: number, last: number): void {
    if (last < first) return;
    const isKnown = Number.isFinite(fromMs) && fromMs >= 0;
    this.onDropped({
      first,
      last,
      fromMs: isKnown ? Math.round(fromMs) : 0,
      toMs: isKnown ? Math.round(toMs) : 0,
    });
  }

  #put(waiting: Waiting): void {
    this.#waiting.push(waiting);
    this.#waitingBytes += waiting.bytes.length;
    waiting.segment.plannedBytes += waiting.bytes.length;
  }

  #write(): void {
    this.#writing ??= this.#writeOn().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Takes what waits, as far as it belongs in one file, and writes it in one go; and again, until nothing waits. */
  async #writeOn(): Promise<void> {
    // What is added in the same turn goes along.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        if (this.#syncError) throw this.#syncError;
        const { segment } = this.#waiting[0]!;
        if (!this.#handle || segment.bytes === 0) await this.#goOn();
        const batch = this.#waiting.filter((one) => one.segment === segment);
        const end = batch.findLast(({ message }) => message)?.message;
        const reserve = this.#reserveIfDue(segment);
        const buffers = batch.map(({ bytes }) => bytes);
        const bytes = Buffer.concat(reserve ? [...buffers, reserve.bytes] : buffers);
        this.#underWay = { segment, count: batch.length, bytes };
        await writeAll(this.#handle!, bytes, segment.bytes);
        this.#underWay = undefined;
        this.#waiting.splice(0, batch.length);
        this.#waitingBytes -= bytes.length - (reserve?.bytes.length ?? 0);
        segment.bytes += bytes.length;
        if (end) this.#written = end.first + end.samples.length;
        if (reserve) this.#sync(segment, reserve.number);
        else this.#planSync();
        this.onSendable();
      }
    } catch (error) {
      await this.#fail(error);
    }
  }

  async #goOn(): Promise<void> {
    await this.#syncing;
    await this.#handle?.datasync();
    await this.#handle?.close();
    this.#handle = undefined;
    await this.#openActive();
  }

  /** Where a sync is due, or numbers run out, the bound for those to come. One sync at a time. */
  #reserveIfDue(segment: Segment): { bytes: Buffer; number: number } | undefined {
    const isShort = this.#next >= this.#reserved;
    if (this.#syncing || !(isShort || this.#isSyncDue)) return undefined;
    const number = this.#next + 2 * (this.#next - this.#usedAtSync) + FEWEST_RESERVED;
    // A lower bound than the last holds from before it is on the disk: until the sync has ended, numbers above would go out.
    this.#reserved = Math.min(this.#reserved, number);
    const bytes = encodeReserve(number, this.#machineBoot);
    segment.plannedBytes += bytes.length;
    return { bytes, number };
  }

  #sync(segment: Segment, reserved: number): void {
    this.#cancelSync?.();
    this.#cancelSync = undefined;
    this.#isSyncDue = false;
    this.#usedAtSync = this.#next;
    this.#syncing = this.#handle!.datasync().then(
      () => {
        this.#syncing = undefined;
        this.#reserved = reserved;
        this.#boundIn = segment;
        this.onSendable();
        // Numbers may have run out while it lasted, or something may have come that is urgent.
        if (this.#written >= reserved || this.#isSyncDue) this.#syncNow();
      },
      (error) => {
        // Whoever writes gives up for both, so that a file is not cut while it is written.
        this.#syncing = undefined;
        this.#syncError = error;
        this.#syncNow();
      },
    );
  }

  #planSync(): void {
    if (this.#isClosed) return;
    if (this.#next >= this.#reserved && !this.#syncing) this.#syncNow();
    else this.#cancelSync ??= this.#options.clock.after(this.#options.syncEveryMs, () => this.#syncNow());
  }

  #syncNow(): void {
    this.#isSyncDue = true;
    this.#cancelSync = undefined;
    if (this.#isClosed || this.#isFailed || this.#waiting.length > 0) return;
    this.#put({ segment: this.#active, bytes: Buffer.alloc(0) });
    this.#write();
  }

  /** Whatever was not written goes elsewhere, and its numbers, which nobody has seen, are free again. */
  async #fail(error: unknown): Promise<void> {
    if (this.#isFailed) return;
    this.#isFailed = true;
    this.#underWay = undefined;
    this.#syncError = undefined;
    this.#cancelSync?.();
    this.#cancelSync = undefined;
    const messages = this.#waiting.flatMap(({ message }) => message ?? []);
    this.#waiting = [];
    this.#waitingBytes = 0;
    const used = this.#next;
    const isWhole = await this.#abandonActive();
    this.#next = isWhole ? this.#written : used;
    if (isWhole) this.onRolledBack(this.#next);
    else this.#lose(this.#active, this.#written, used - 1);
    this.#written = this.#next;
    for (const [device, newest] of this.newestOf) this.newestOf.set(device, Math.min(newest, this.#next - 1));
    this.onFailed({ error, messages });
  }

  /** Lets go of the file that is being written, cut back to its last whole record. False where it could not be. */
  async #abandonActive(): Promise<boolean> {
    const all = [...this.#segments, this.#active];
    const segment = all.findLast(({ bytes }) => bytes > 0);
    this.#segments = this.#segments.filter(({ bytes }) => bytes > 0);
    await this.#handle?.close().catch(() => {});
    this.#handle = undefined;
    let isWhole = true;
    // A file that stayed would hold numbers that are given again.
    for (const { file, isMade } of all.filter(({ bytes }) => bytes === 0)) {
      if (isMade) isWhole = (await isDone(unlink(file))) && isWhole;
    }
    if (segment) {
      isWhole = (await isDone(truncate(segment.file, segment.bytes))) && isWhole;
      segment.end = Math.min(segment.end, Math.max(this.#written, segment.first));
      segment.plannedBytes = segment.bytes;
      if (!this.#segments.includes(segment)) this.#segments.push(segment);
    }
    return isWhole;
  }

  #saveBook(delayMs: number): void {
    if (this.#isClosed) return;
    if (delayMs > 0) {
      this.#cancelBook ??= this.#options.clock.after(delayMs, () => this.#saveBook(0));
      return;
    }
    this.#cancelBook?.();
    this.#cancelBook = undefined;
    if (this.#saving) return;
    this.#saving = this.#keepBook()
      // Without room for the book there is none for anything, which writing the log will say.
      .catch(() => {})
      .finally(() => {
        this.#saving = undefined;
        if (this.#nextBook) this.#saveBook(BOOK_EVERY_MS);
      });
  }

  /** The book first, then the files that it makes superfluous; but on a full disk their room is what is missing. */
  async #keepBook(): Promise<void> {
    const book = this.#nextBook;
    if (!book) return;
    const condemned = this.#condemned;
    this.#condemned = [];
    const first = this.first;
    const settled = book.settled.ranges.filter(({ last }) => last >= first);
    try {
      await this.#bookFile.write({
        ledger: this.ledger,
        first,
        settled: settled.map(({ first, last }: LedgerRange): [number, number] => [first, last]),
        dropped: [...book.dropped],
        times: [...this.#times],
      });
      if (this.#nextBook === book) this.#nextBook = undefined;
    } finally {
      for (const { file } of condemned) await unlink(file).catch(() => {});
    }
  }

  /** `undefined` where the file cannot be read, often enough to give it up. */
  async #readPiece(
    segment: Segment,
    offset: number,
  ): Promise<Awaited<ReturnType<Segment['read']>> | undefined> {
    try {
      const piece = await segment.read(offset);
      this.#readFailures = 0;
      return piece;
    } catch (error) {
      if (!this.#segments.includes(segment) && segment !== this.#active) return undefined;
      if (++this.#readFailures < MOST_READ_FAILURES) throw error;
      this.#readFailures = 0;
      this.#lose(segment, segment.first, Math.min(segment.end, this.#written) - 1);
      return undefined;
    }
  }
}

function isDone(action: Promise<void>): Promise<boolean> {
  return action.then(
    () => true,
    () => false,
  );
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    if (bytesWritten === 0) throw new Error('the disk takes no more');
    done += bytesWritten;
  }
}
