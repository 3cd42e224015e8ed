import type { Cancel, Clock } from '../../core/clock.ts';
import type { LedgerConfirmation, LedgerRange } from '../../core/ledger.ts';
import type { BootTime, MessageLog } from './message-log.ts';
import type {
  DroppedRange,
  LedgerState,
  NumberedMessage,
  Outbox,
  OutboxEntry,
  OutboxMessage,
  OutboxStatus,
  Stamp,
} from './outbox.ts';
import { Queue } from './queue.ts';
import { RangeSet } from './range-set.ts';
import { SentTimes } from './sent-times.ts';
import { EARLIEST_PLAUSIBLE_MS, type StampClock } from './stamp-clock.ts';

export interface DeliverySettings {
  /** `host`: what a host has confirmed is settled. `sent`: what was handed to the socket is. */
  readonly confirm: 'host' | 'sent';
  /** Readings of the backlog. */
  readonly backlogPerS: number;
  /** What is not confirmed by then goes out again. */
  readonly confirmWithinS: number;
  /** So many readings may be sent and unconfirmed; the backlog takes half of them at most. */
  readonly window: number;
}

/** Live messages that wait in memory for a socket that is slow. Older ones join the backlog, which is in the log. */
const MOST_LIVE = 2_000;
/** Ranges that are kept apart; beyond, neighbours are taken together where nothing else lies between. */
const MOST_DROPPED = 500;

/**
 * Decides what goes out when, over a log that keeps it. Past 400 lines because each number is in one place of this one state:
 * live, under way, held, dropped or settled.
 *
 *     numbers   first ──────────── cursor ─────────── liveFirst ────────── next
 *                 settled or sent,    backlog, in the     live, in memory
 *                 with gaps           log                 as well
 *
 * A number is settled, or under way since some moment, or has still to be sent. What stays under way for too long has
 * to be sent again: the cursor goes back to it. While the window is full nothing goes; as half of it is closed to the
 * backlog, a host that confirms nothing still sees what is live, and is not drowned in repeats.
 */
export class LedgerOutbox implements Outbox {
  onReady: () => void = () => {};
  readonly #log: MessageLog;
  readonly #settings: DeliverySettings;
  readonly #clock: Clock;
  readonly #stamps: StampClock;
  readonly #settled: RangeSet;
  readonly #underWay = new SentTimes();
  #dropped: { readonly range: DroppedRange; sentAtMs: number | undefined }[];
  readonly #live = new Queue<NumberedMessage>();
  readonly #liveOf = new Map<string, number>();
  #liveFirst: number;
  /** Nothing below has still to be sent, apart from what is held. */
  #cursor: number;
  #piece = new Queue<NumberedMessage>();
  #isReading = false;
  /** Changes when the cursor has gone back: a piece that is being read then is out of date. */
  #round = 0;
  #times: ReadonlyMap<string, BootTime>;
  #isKeepingTime = false;
  #keepTimeAgainMs = 0;
  /** The lowest number that waits for its time to become known. */
  #heldFirst: number | undefined;
  /** When it is looked at again, though nothing was learned. */
  #heldUntilMs = Number.POSITIVE_INFINITY;
  /** For each device the newest number that is, or was, in the backlog. */
  readonly #backlogOf: Map<string, number>;
  #isConnected = false;
  #tokens = 0;
  #tokensAtMs = 0;
  #cancelTimer: Cancel | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #droppedReadings = 0;
  /** Since when something has gone out and nothing was confirmed. */
  #unprovenSinceMs: number | undefined;

  constructor(log: MessageLog, settings: DeliverySettings, clock: Clock, stamps: StampClock) {
    this.#log = log;
    this.#settings = settings;
    this.#clock = clock;
    this.#stamps = stamps;
    this.#settled = new RangeSet(log.book.settled);
    this.#times = new Map(log.book.times.map((time) => [time.boot, time]));
    this.#dropped = log.book.dropped.map((range) => ({ range, sentAtMs: undefined }));
    this.#liveFirst = log.next;
    this.#cursor = log.first;
    this.#backlogOf = new Map(log.newestOf);
    log.onSendable = () => this.onReady();
    log.onDropped = (range) => this.#drop(range);
    log.onRolledBack = (next) => this.#rollBack(next);
    stamps.onLearned(() => this.#unhold());
  }

  get ledger(): LedgerState {
    const { ledger: id, next } = this.#log;
    const lowest = Math.min(this.#settled.nextMissing(this.#log.first), next);
    return {
      id,
      next,
      first: this.#dropped.reduce((first, { range }) => Math.min(first, range.first), lowest),
    };
  }

  add(message: OutboxMessage): void {
    const first = this.#log.append(message);
    // What may still be put right is not told before it is, nor before nobody can be waited for any more.
    if (!this.#isConnected || message.stamp.moment) {
      this.#demote(0);
      this.#backlogOf.set(message.device, this.#log.next - 1);
      return;
    }
    this.#pushLive({ ...message, first });
    if (this.#live.length > MOST_LIVE) this.#demote(MOST_LIVE);
  }

  flush(): void {
    this.#log.flush();
  }

  next(): OutboxEntry | undefined {
    if (!this.#isConnected) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#heldUntilMs) this.#unhold();
    else if (this.#heldFirst !== undefined && this.#heldUntilMs < this.#timerDueMs)
      this.#wakeIn(this.#heldUntilMs - nowMs);
    this.#expire(nowMs);
    return this.#nextDropped(nowMs) ?? this.#nextLive(nowMs) ?? this.#nextOfBacklog(nowMs);
  }

  written(entry: OutboxEntry): void {
    if (this.#settings.confirm === 'host') return;
    const range = entry.kind === 'dropped' ? entry.range : numbersOf(entry.message);
    this.confirm({ ledger: entry.ledger, ranges: [range] });
  }

  confirm({ ledger, ranges }: LedgerConfirmation): void {
    if (ledger !== this.#log.ledger) return;
    let isNews = false;
    for (const { first, last } of ranges) isNews = this.#settle(first, last) || isNews;
    if (!isNews) return;
    this.#unprovenSinceMs = this.#underWay.size > 0 ? this.#clock.monotonicMs() : undefined;
    this.#keepBook();
    this.onReady();
  }

  connect(): void {
    this.#isConnected = true;
    this.#tokens = 0;
    this.#tokensAtMs = this.#clock.monotonicMs();
  }

  release(): void {
    this.#isConnected = false;
    this.#unprovenSinceMs = undefined;
    this.#cancelTimer?.();
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    this.#demote(0);
    this.#goBackTo(this.#underWay.clear());
    for (const one of this.#dropped) one.sentAtMs = undefined;
  }

  holds(device: string, what: 'unsent' | 'unconfirmed' = 'unsent'): boolean {
    if (this.#liveOf.has(device)) return true;
    if (what === 'unconfirmed') {
      const last = this.#log.newestOf.get(device);
      return last !== undefined && last >= this.#log.first && !this.#settled.has(last);
    }
    const newest = this.#backlogOf.get(device);
    return newest !== undefined && newest >= (this.#piece.peek()?.first ?? this.#cursor);
  }

  status(): OutboxStatus {
    const { first, next } = this.#log;
    return {
      waiting:
        next - first - this.#settled.within(first, next).reduce((sum, range) => sum + countOf(range), 0),
      dropped: this.#droppedReadings,
      unconfirmedForMs: this.#clock.monotonicMs() - (this.#unprovenSinceMs ?? this.#clock.monotonicMs()),
    };
  }

  #nextDropped(nowMs: number): OutboxEntry | undefined {
    const one = this.#dropped.find(({ sentAtMs }) => sentAtMs === undefined);
    if (!one) return undefined;
    one.sentAtMs = nowMs;
    return { kind: 'dropped', ledger: this.#log.ledger, range: one.range };
  }

  #nextLive(nowMs: number): OutboxEntry | undefined {
    const message = this.#live.peek();
    if (!message) return undefined;
    const end = message.first + message.samples.length;
    if (end > this.#log.sendable || !this.#hasRoom(this.#settings.window, message, nowMs)) return undefined;
    this.#takeLive();
    return this.#send(message, nowMs, false);
  }

  #nextOfBacklog(nowMs: number): OutboxEntry | undefined {
    for (;;) {
      const message = this.#piece.peek();
      if (!message) {
        this.#read();
        return undefined;
      }
      const { first, last } = numbersOf(message);
      // It may have been confirmed since it was read.
      const isSettled = last < this.#log.first || this.#settled.covers(first, last);
      if (isSettled || this.#underWay.has(first)) {
        this.#piece.shift();
        continue;
      }
      const known = this.#withKnownTime(message);
      if (!known) {
        // The oldest go first, once the decision is on the disk.
        if (this.#isKeepingTime) return undefined;
        this.#heldFirst = Math.min(this.#heldFirst ?? first, first);
        this.#piece.shift();
        continue;
      }
      if (!this.#hasRoom(this.#settings.window / 2, message, nowMs) || !this.#hasTokens(nowMs))
        return undefined;
      this.#tokens -= message.samples.length;
      this.#piece.shift();
      return this.#send(known, nowMs, true);
    }
  }

  #send(message: NumberedMessage, nowMs: number, isHistorical: boolean): OutboxEntry {
    const { first, last } = numbersOf(message);
    this.#unprovenSinceMs ??= nowMs;
    this.#underWay.add(first, last, nowMs, isHistorical);
    return { kind: 'readings', ledger: this.#log.ledger, message, isHistorical };
  }

  /** One message may always be under way, however many samples it has. */
  #hasRoom(window: number, { samples }: OutboxMessage, nowMs: number): boolean {
    if (this.#underWay.size === 0 || this.#underWay.size + samples.length <= window) return true;
    this.#wakeIn(this.#underWay.oldestMs + 1000 * this.#settings.confirmWithinS - nowMs);
    return false;
  }

  /** A message may overdraw: what it is too long by, those after it wait for. */
  #hasTokens(nowMs: number): boolean {
    const { backlogPerS } = this.#settings;
    const earned = ((nowMs - this.#tokensAtMs) * backlogPerS) / 1000;
    this.#tokens = Math.min(this.#tokens + earned, backlogPerS);
    this.#tokensAtMs = nowMs;
    if (this.#tokens >= 1) return true;
    this.#wakeIn(Math.max(20, (1000 * (1 - this.#tokens)) / backlogPerS));
    return false;
  }

  #read(): void {
    const end = Math.min(this.#liveFirst, this.#log.sendable);
    for (let at = -1; at !== this.#cursor; ) {
      at = this.#cursor;
      this.#cursor = this.#underWay.nextMissing(this.#settled.nextMissing(Math.max(at, this.#log.first)));
    }
    if (this.#isReading || this.#cursor >= end) return;
    this.#isReading = true;
    const round = this.#round;
    this.#log
      .read(this.#cursor, end)
      .then(({ messages, end: readTo }) => {
        this.#isReading = false;
        if (round === this.#round) {
          this.#piece = new Queue([...messages]);
          this.#cursor = Math.max(this.#cursor, readTo);
        }
        this.onReady();
      })
      // Of a log that cannot be read, nothing can go out; it says so itself. What is live goes on.
      .catch(() => {
        this.#isReading = false;
        this.#wakeIn(READ_AGAIN_MS);
      });
  }

  #settle(first: number, last: number): boolean {
    const dropped = this.#dropped.length;
    this.#dropped = this.#dropped.filter(({ range }) => range.first < first || range.last > last);
    const gaps = this.#settled.gaps(Math.max(first, this.#log.first), Math.min(last, this.#log.next - 1));
    for (const gap of gaps) {
      this.#settled.add(gap.first, gap.last);
      this.#underWay.remove(gap.first, gap.last);
    }
    return gaps.length > 0 || this.#dropped.length < dropped;
  }

  #keepBook(): void {
    this.#log.settle(
      this.#settled,
      this.#dropped.map(({ range }) => range),
    );
    this.#settled.remove(0, this.#log.first - 1);
  }

  #drop({ first, last, fromMs, toMs }: DroppedRange): void {
    const known = new RangeSet(this.#dropped.map(({ range }) => range));
    const gaps = this.#settled.gaps(first, last).flatMap((gap) => known.gaps(gap.first, gap.last));
    for (const gap of gaps) {
      this.#droppedReadings += countOf(gap);
      const before = this.#dropped.at(-1);
      const isNext = before?.sentAtMs === undefined && before?.range.last === gap.first - 1;
      if (before && (isNext || (this.#dropped.length >= MOST_DROPPED && this.#areGone(before.range, gap)))) {
        const { range } = before;
        const [since, until] = [Math.min(range.fromMs, fromMs), Math.max(range.toMs, toMs)];
        const both = { first: Math.min(range.first, gap.first), last: Math.max(range.last, gap.last) };
        this.#dropped[this.#dropped.length - 1] = {
          range: { ...both, fromMs: since, toMs: until },
          sentAtMs: undefined,
        };
      } else {
        this.#dropped.push({ range: { ...gap, fromMs, toMs }, sentAtMs: undefined });
      }
    }
    this.#underWay.remove(first, last);
    while (this.#live.peek() && this.#live.peek()!.first <= last) this.#takeLive();
    this.#keepBook();
    if (gaps.length > 0) this.onReady();
  }

  /** Whether nothing between the two is still to be told: a host that confirms them as one confirms that as well. */
  #areGone(one: LedgerRange, other: LedgerRange): boolean {
    const from = Math.max(Math.min(one.last, other.last) + 1, this.#log.first);
    return this.#settled.gaps(from, Math.max(one.first, other.first) - 1).length === 0;
  }

  #rollBack(next: number): void {
    const kept: NumberedMessage[] = [];
    for (let message = this.#takeLive(); message; message = this.#takeLive()) {
      if (message.first < next) kept.push(message);
    }
    this.#liveFirst = Math.min(kept[0]?.first ?? next, next);
    for (const message of kept) this.#pushLive(message);
    for (const [device, newest] of this.#backlogOf) this.#backlogOf.set(device, Math.min(newest, next - 1));
  }

  #expire(nowMs: number): void {
    const withinMs = 1000 * this.#settings.confirmWithinS;
    this.#goBackTo(this.#underWay.expire(nowMs - withinMs));
    for (const one of this.#dropped) {
      if (one.sentAtMs !== undefined && one.sentAtMs <= nowMs - withinMs) one.sentAtMs = undefined;
    }
    if (this.#underWay.size > 0) this.#wakeIn(this.#underWay.oldestMs + withinMs - nowMs);
  }

  /** What is live beyond `most` messages joins the backlog. */
  #demote(most: number): void {
    while (this.#live.length > most) {
      const message = this.#takeLive()!;
      this.#backlogOf.set(message.device, numbersOf(message).last);
    }
    if (this.#live.length === 0) this.#liveFirst = this.#log.next;
  }

  #pushLive(message: NumberedMessage): void {
    this.#live.push(message);
    this.#liveOf.set(message.device, (this.#liveOf.get(message.device) ?? 0) + 1);
  }

  #takeLive(): NumberedMessage | undefined {
    const message = this.#live.shift();
    if (!message) return undefined;
    const left = this.#liveOf.get(message.device)! - 1;
    if (left === 0) this.#liveOf.delete(message.device);
    else this.#liveOf.set(message.device, left);
    this.#liveFirst = numbersOf(message).last + 1;
    return message;
  }

  #goBackTo(number: number | undefined): void {
    if (number === undefined) return;
    for (const [device, newest] of this.#log.newestOf) {
      if (newest >= number && !this.#settled.has(newest))
        this.#backlogOf.set(device, Math.min(newest, this.#liveFirst - 1));
    }
    // What has been read and not sent is read again.
    this.#cursor = Math.min(this.#cursor, number, this.#piece.peek()?.first ?? number);
    this.#piece = new Queue();
    this.#round++;
  }

  #unhold(): void {
    this.#goBackTo(this.#heldFirst);
    this.#heldFirst = undefined;
    this.#heldUntilMs = Number.POSITIVE_INFINITY;
    this.onReady();
  }

  /** With the time that is known by now. `undefined` where it may still become known. */
  #withKnownTime(message: NumberedMessage): NumberedMessage | undefined {
    const { clock, moment, timeMs } = message.stamp;
    if (clock !== 'unsynced' || !moment) return message;
    const { offsetMs, rawUntilMs } = this.#times.get(moment.boot) ?? {};
    if (rawUntilMs !== undefined && moment.monotonicMs <= rawUntilMs) return message;
    if (offsetMs !== undefined) {
      const utcMs = Math.round(moment.monotonicMs + offsetMs);
      const isNear = Math.abs(utcMs - timeMs) < SAME_TIME_MS;
      return { ...message, stamp: { timeMs: isNear ? timeMs : utcMs, clock: 'repaired' } };
    }
    if (!this.#stamps.mayLearn(moment.boot)) return message;
    this.#learn(moment, timeMs >= EARLIEST_PLAUSIBLE_MS);
    return undefined;
  }

  #learn({ boot, monotonicMs }: NonNullable<Stamp['moment']>, mayBeRight: boolean): void {
    const utcMs = this.#stamps.utcOf(boot, monotonicMs);
    if (utcMs !== undefined) {
      this.#keepTime({ ...this.#times.get(boot), boot, offsetMs: utcMs - monotonicMs });
      return;
    }
    if (!mayBeRight) return;
    const dueInMs = monotonicMs + LONGEST_HELD_MS - this.#clock.monotonicMs();
    if (dueInMs <= 0) this.#keepTime({ boot, rawUntilMs: this.#clock.monotonicMs() - LONGEST_HELD_MS });
    else this.#lookAgainIn(dueInMs);
  }

  #keepTime(time: BootTime): void {
    if (this.#isKeepingTime || this.#clock.monotonicMs() < this.#keepTimeAgainMs) return;
    this.#isKeepingTime = true;
    const others = [...this.#times.values()].filter(({ boot }) => boot !== time.boot);
    const times = [...others, time].slice(-MOST_BOOTS);
    this.#log
      .keepTimes(times)
      .then(() => {
        this.#isKeepingTime = false;
        this.#times = new Map(times.map((one) => [one.boot, one]));
        this.#unhold();
      })
      // A disk that takes nothing says so itself.
      .catch(() => {
        this.#isKeepingTime = false;
        this.#keepTimeAgainMs = this.#clock.monotonicMs() + READ_AGAIN_MS;
        this.#lookAgainIn(READ_AGAIN_MS);
      });
  }

  #lookAgainIn(delayMs: number): void {
    this.#heldUntilMs = Math.min(this.#heldUntilMs, this.#clock.monotonicMs() + delayMs);
    this.#wakeIn(delayMs);
  }

  #wakeIn(delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + Math.max(delayMs, 1);
    if (!this.#isConnected || dueMs >= this.#timerDueMs) return;
    this.#cancelTimer?.();
    this.#timerDueMs = dueMs;
    this.#cancelTimer = this.#clock.after(Math.min(Math.max(delayMs, 1), LONGEST_WAIT_MS), () => {
      this.#timerDueMs = Number.POSITIVE_INFINITY;
      this.onReady();
    });
  }
}

/** A clock that was this near needs no mending. */
const SAME_TIME_MS = 1_000;
const READ_AGAIN_MS = 10_000;
/** A gateway that nobody ever tells the time still delivers its backlog, under the times that it thought right. */
const LONGEST_HELD_MS = 3_600_000;
/** A boot each day for two months; nothing that old is still under way. */
const MOST_BOOTS = 64;
const LONGEST_WAIT_MS = 3_600_000;

function numbersOf({ first, samples }: NumberedMessage): LedgerRange {
  return { first, last: first + samples.length - 1 };
}

function countOf({ first, last }: LedgerRange): number {
  return last - first + 1;
}
