import type { LinkRecord } from '../../../core/links/link-record.ts';
import { type Measures, noMeasures } from '../../../core/links/measures.ts';
import { type CountState, directionLoss, NO_COUNT } from './direction-loss.ts';
import { gapsOf } from './gaps.ts';
import { ABSENT_PATH, type PathState, stepPath } from './path-changes.ts';
import type { Answer, InvalidReason, Probe, ProbeEnd } from './probe.ts';
import { firstInterval, type Interval, type Moment, nextInterval, utcIn } from './record-interval.ts';

/** For so long after the time-out an answer is told from none: it counts as late. */
export const LATE_MS = 3_000;

export interface LedgerOptions {
  /** Length of a record; records end at its multiples in UTC. */
  readonly recordMs: number;
  /** An answer after this is late. */
  readonly timeoutMs: number;
  /** One flow for each; `[0]` for probes that have none. */
  readonly sourcePorts: readonly number[];
}

/** A record that will not change any more, with the samples that its histograms know to 1 % only; ms, in no order. */
export interface ClosedRecord {
  readonly record: LinkRecord;
  readonly samples: Samples;
  /** Whether a stateful reflector's count was there on each flow, so that what was lost has a direction. */
  readonly isCounted: boolean;
}

export interface Samples {
  readonly roundTrip: readonly number[];
  readonly forward: readonly number[];
  readonly back: readonly number[];
  readonly variation: readonly number[];
}

interface OpenRecord {
  readonly interval: Interval;
  /** By flow. */
  readonly measures: readonly Measures[];
  readonly samples: { readonly [K in keyof Samples]: number[] };
  /** In the order in which they were due. */
  readonly probes: Entry[];
  /** In the order in which they were sent. */
  readonly sent: Entry[];
  lastSentMs: number;
  ttlForward: number;
  ttlReturn: number;
  pathChanges: number;
}

/** What the ledger keeps of a probe. */
interface Entry extends Probe {
  sentMs: number;
  end: ProbeEnd | undefined;
  roundTripMs: number;
  counter: number | undefined;
  isCountedTwice: boolean;
  doubt: InvalidReason | undefined;
  previous: Entry | undefined;
  next: Entry | undefined;
  /** Its place among those sent on its flow. */
  order: number;
  record: OpenRecord | undefined;
}

/** What goes on from record to record. */
interface FlowState {
  lastSent: Entry | undefined;
  sent: number;
  /** The highest order that was received. */
  newest: number;
  lastRoundTripMs: number;
  jitterMs: number;
  path: PathState;
  count: CountState;
}

/**
 * The account of the probes of one link and kind: pure, so it is told the time of all that happens. A prober says of each
 * probe that it was `due`, then that it was `sent` or not, then what came of it; the first end of a probe is its
 * only one. A probe is in the record in which it was due. A record is closed when none of its probes can be answered any
 * more; those that nobody said anything of are then `lost` where they were sent and `notSent` where they were not.
 *
 * Every time is monotonic, ms; only a `Moment` has UTC beside it.
 */
export class ProbeLedger {
  readonly #options: LedgerOptions;
  readonly #flows: readonly FlowState[];
  /** In order of time; the last is the one that is due now. */
  readonly #open: OpenRecord[];
  #endsInGap = false;

  /** `now`: the first record begins. */
  constructor(options: LedgerOptions, now: Moment) {
    this.#options = options;
    this.#flows = options.sourcePorts.map(() => ({
      lastSent: undefined,
      sent: 0,
      newest: -1,
      lastRoundTripMs: Number.NaN,
      jitterMs: 0,
      path: ABSENT_PATH,
      count: NO_COUNT,
    }));
    this.#open = [this.#newRecord(firstInterval(now, options.recordMs))];
  }

  /** A probe has become due, whether it will be sent or not. `flow`: its place in `sourcePorts`. */
  due(flow: number, dueMs: number, now: Moment): Probe {
    this.#openUpTo(dueMs, now);
    // A turn may come a little late for one that was due before the last record began.
    const record = this.#open.findLast(({ interval }) => dueMs >= interval.startMs) ?? this.#open[0]!;
    const entry: Entry = {
      ...{ flow, dueMs, sentMs: Number.NaN, end: undefined, roundTripMs: Number.NaN, counter: undefined },
      ...{ isCountedTwice: false, doubt: undefined, previous: undefined, next: undefined, order: -1, record },
    };
    record.probes.push(entry);
    record.measures[flow]!.account.scheduled++;
    return entry;
  }

  sent(probe: Probe, atMs: number): void {
    const entry = probe as Entry;
    const { record, flow } = entry;
    if (!record || entry.end || !Number.isNaN(entry.sentMs)) return;
    const state = this.#flows[flow]!;
    entry.sentMs = atMs;
    entry.order = state.sent++;
    entry.previous = state.lastSent;
    if (state.lastSent) state.lastSent.next = entry;
    state.lastSent = entry;
    record.sent.push(entry);
    record.lastSentMs = Math.max(record.lastSentMs, atMs);
  }

  /** Its turn was missed, or the system refused it. */
  notSent(probe: Probe): void {
    this.#end(probe as Entry, 'notSent');
  }

  /** No answer can come any more. Need not be said: time tells. */
  lost(probe: Probe): void {
    const entry = probe as Entry;
    if (entry.doubt) this.invalid(entry, entry.doubt);
    else this.#end(entry, 'lost');
  }

  invalid(probe: Probe, reason: InvalidReason): void {
    const entry = probe as Entry;
    const measures = entry.record?.measures[entry.flow];
    if (this.#end(entry, 'invalid')) measures!.invalidBy[reason]++;
  }

  /** Its answer would perhaps not have been seen: it is invalid for this reason, unless it is answered after all. */
  doubt(probe: Probe, reason: InvalidReason): void {
    (probe as Entry).doubt ??= reason;
  }

  /** `reason`: why the time of this round trip means nothing. */
  answered(probe: Probe, answer: Answer, reason?: InvalidReason): void {
    const entry = probe as Entry;
    const { record, flow } = entry;
    if (!record) return;
    if (!Number.isNaN(entry.roundTripMs)) {
      record.measures[flow]!.duplicates++;
      // Two numbers: the request was doubled. The same one: the answer was.
      if (answer.counter !== entry.counter) entry.isCountedTwice = true;
      return;
    }
    if (entry.end) return;
    entry.roundTripMs = answer.roundTripMs;
    entry.counter = answer.counter;
    this.#path(entry, answer);
    if (reason) this.invalid(entry, reason);
    else if (answer.roundTripMs > this.#options.timeoutMs) this.#end(entry, 'late');
    else if (this.#end(entry, 'received')) this.#receive(entry, answer);
  }

  /** The records that are closed by now, oldest first. To be called about once a second, and after a wait. */
  close(now: Moment): ClosedRecord[] {
    this.#openUpTo(now.monotonicMs, now);
    const closed: ClosedRecord[] = [];
    while (this.#open.length > 1 && this.#closesMs(this.#open[0]!) <= now.monotonicMs)
      closed.push(this.#closed(this.#open.shift()!));
    return closed;
  }

  /**
   * All records that are left, the last one cut off here. What waits for an answer within its time-out says nothing any
   * more: its socket is closed.
   */
  end(now: Moment): ClosedRecord[] {
    this.#openUpTo(now.monotonicMs, now);
    const last = this.#open.pop()!;
    const { interval } = last;
    const toMs = Math.max(interval.fromMs + 1, utcIn(interval, Math.ceil(now.monotonicMs)));
    this.#open.push({ ...last, interval: { ...interval, toMs, endMs: now.monotonicMs } });
    for (const entry of this.#open.flatMap(({ sent }) => sent))
      if (now.monotonicMs - entry.sentMs <= this.#options.timeoutMs) this.doubt(entry, 'socket');
    return this.#open.splice(0).map((record) => this.#closed(record));
  }

  #closesMs({ interval, lastSentMs }: OpenRecord): number {
    return Math.max(interval.endMs, lastSentMs) + this.#options.timeoutMs + LATE_MS;
  }

  #openUpTo(monotonicMs: number, now: Moment): void {
    for (let last = this.#open.at(-1)!; monotonicMs >= last.interval.endMs; last = this.#open.at(-1)!)
      this.#open.push(this.#newRecord(nextInterval(last.interval, now, this.#options.recordMs)));
  }

  #newRecord(interval: Interval): OpenRecord {
    return {
      interval,
      measures: this.#options.sourcePorts.map(() => noMeasures()),
      samples: { roundTrip: [], forward: [], back: [], variation: [] },
      ...{ probes: [], sent: [], lastSentMs: Number.NEGATIVE_INFINITY },
      ...{ ttlForward: 0, ttlReturn: 0, pathChanges: 0 },
    };
  }

  /** Whether this is its end: it has only one, and none any more when its record is closed. */
  #end(entry: Entry, end: ProbeEnd): boolean {
    const { record, flow } = entry;
    if (!record || entry.end) return false;
    entry.end = end;
    record.measures[flow]!.account[end]++;
    return true;
  }

  #receive(entry: Entry, { stampedBy, oneWay }: Answer): void {
    const record = entry.record!;
    const measures = record.measures[entry.flow]!;
    const state = this.#flows[entry.flow]!;
    const { roundTripMs } = entry;
    measures.roundTrip.add(roundTripMs);
    record.samples.roundTrip.push(roundTripMs);
    if (stampedBy === 'kernel') measures.kernelStamped++;
    if (oneWay) {
      measures.forward.add(oneWay.forwardMs);
      measures.back.add(oneWay.backMs);
      record.samples.forward.push(oneWay.forwardMs);
      record.samples.back.push(oneWay.backMs);
      measures.oneWayErrorMs = Math.max(measures.oneWayErrorMs, oneWay.errorMs);
    }
    // RFC 4737, 3.3: less than what was expected next.
    if (entry.order < state.newest) measures.reordered++;
    else state.newest = entry.order;
    // RFC 3550, A.8, in order of arrival.
    const difference = Math.abs(roundTripMs - state.lastRoundTripMs);
    if (!Number.isNaN(difference)) state.jitterMs += (difference - state.jitterMs) / 16;
    state.lastRoundTripMs = roundTripMs;
    measures.jitterMs = state.jitterMs;
    vary(entry.previous, entry);
    vary(entry, entry.next);
  }

  #path(entry: Entry, { ttlForward = 0, ttlReturn = 0 }: Answer): void {
    const record = entry.record!;
    const state = this.#flows[entry.flow]!;
    if (ttlForward > 0) record.ttlForward = ttlForward;
    if (ttlReturn > 0) record.ttlReturn = ttlReturn;
    const { path, hasChanged } = stepPath(state.path, ttlForward, ttlReturn);
    state.path = path;
    if (hasChanged) record.pathChanges++;
  }

  #closed(record: OpenRecord): ClosedRecord {
    for (const entry of record.probes) {
      if (entry.end) continue;
      if (Number.isNaN(entry.sentMs)) this.notSent(entry);
      else this.lost(entry);
    }
    for (const [flow, measures] of record.measures.entries()) {
      const state = this.#flows[flow]!;
      const sent = record.sent.filter((entry) => entry.flow === flow);
      const { state: count, ...lost } = directionLoss(sent, state.count);
      state.count = count;
      Object.assign(measures, lost);
    }
    const { gaps, carries } = gapsOf(record.sent, record.interval, this.#endsInGap);
    this.#endsInGap = carries;
    for (const entry of record.probes) {
      entry.record = undefined;
      // Or each would hold all before it for ever.
      entry.previous = undefined;
    }
    const { interval, ttlForward, ttlReturn, pathChanges, samples } = record;
    const { fromMs, toMs } = interval;
    const flows = record.measures
      .map((measures, flow) => ({ ...measures, sourcePort: this.#options.sourcePorts[flow]! }))
      .sort((a, b) => a.sourcePort - b.sourcePort);
    const isCounted = this.#flows.every(({ count }) => count.counter !== undefined);
    return { record: { fromMs, toMs, flows, gaps, ttlForward, ttlReturn, pathChanges }, samples, isCounted };
  }
}

/** RFC 3393 of two that were sent one after the other; it is in the record of the later one. */
function vary(first: Entry | undefined, second: Entry | undefined): void {
  if (first?.end !== 'received' || second?.end !== 'received') return;
  const { record } = second;
  if (!record) return;
  const variation = Math.abs(second.roundTripMs - first.roundTripMs);
  record.measures[second.flow]!.variation.add(variation);
  record.samples.variation.push(variation);
}
