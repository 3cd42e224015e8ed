import type {
  ClockDiscipline,
  Datagram,
  DatagramLoop,
  DatagramSocket,
  LoopHandler,
} from '../../../core/datagrams/datagram-loop.ts';
import { decodeReply, encodeSenderPacket, type StampReply } from '../stamp/stamp-packet.ts';
import { DueQueue } from './due-queue.ts';
import type { Answer, InvalidReason, Probe } from './probe.ts';
import { evidenceOf } from './probe-evidence.ts';
import type { ClosedRecord } from './probe-ledger.ts';
import type { Moment } from './record-interval.ts';
import { type Disturbance, StallWatch } from './stall-watch.ts';
import type { StampNews, StampOrder } from './stamp-messages.ts';
import { CARE_EVERY_MS, type SentProbe, StampFlow, StampSession, type Task } from './stamp-session.ts';
import { StampSockets } from './stamp-sockets.ts';

/** A probe that would go out later than this after it was due is not sent: its time has passed. */
const SEND_WITHIN_MS = 100;
/** The time is taken right before a datagram is handed over; where that took longer, the thread was put aside. */
const HAND_OVER_MS = 1;
/** T1 comes back as it was sent, but for the resolution of a number of ms since 1970. */
const SAME_MS = 0.001;
/** An answer from before its probe: the clock went back by more than rounding. */
const BACK_MS = 0.01;
/** How long answers are waited for when it stops. */
const DRAIN_MS = 300;
/** Sockets are to be open when the first probe is due; links to one peer have one each. */
const START_AFTER_MS = 50;
const LINKS_OPENED_PER_MS = 2;
const NOTE_EVERY_MS = 60_000;

export interface StampSenderOptions {
  readonly loop: DatagramLoop;
  readonly tell: (news: StampNews) => void;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** The first sequence number of a flow, 32 bits that nobody guesses: answers to an earlier run fit none. */
  readonly firstSequence: () => number;
  /** Time since the machine was started, asleep or not. */
  readonly uptimeMs: () => number;
}

/**
 * Sends the STAMP probes of all links, and takes their answers (RFC 8762). What happened to the thread is told apart from what
 * happened on the link:
 *
 * - A probe whose turn came more than `SEND_WITHIN_MS` late is not sent.
 * - What the kernel has stamped is good, however late the thread got to it. What the program stamped during a stall is
 *   invalid, and so is a probe that was stamped long before it was handed over.
 * - The system refuses a datagram (no route, interface down, no address): not sent, for it never was on the link. A router's
 *   ICMP "unreachable" comes from the link: the probe is lost like any other.
 * - The system clock was set between a probe and its answer: invalid. Unanswered, it is lost all the same.
 * - The machine slept, or the thread was away for so long that the kernel may have thrown answers away, or the kernel says
 *   that it did: what was waiting for an answer and never gets one is invalid.
 */
export class StampSender implements LoopHandler {
  readonly #options: StampSenderOptions;
  readonly #loop: DatagramLoop;
  readonly #watch: StallWatch;
  readonly #sockets: StampSockets;
  readonly #queue = new DueQueue<Task>();
  #sessions = new Map<string, StampSession>();
  #recordMs = 0;
  #addresses: ReadonlyMap<string, string> = new Map();
  #clock: ClockDiscipline;
  #clockAtMs: number;
  #stopAtMs = Number.POSITIVE_INFINITY;
  /** What was noted last, by its kind, and how often it came since. */
  readonly #noted = new Map<string, { atMs: number; since: number }>();
  #packet = Buffer.alloc(0);

  constructor(options: StampSenderOptions) {
    this.#options = options;
    this.#loop = options.loop;
    this.#watch = new StallWatch(options.loop, options.uptimeMs);
    this.#sockets = new StampSockets(options.loop, (session) => this.#equip(session));
    this.#clock = this.#loop.discipline();
    this.#clockAtMs = this.#loop.monotonicMs();
  }

  dueMs(): number {
    return this.#watch.expect(Math.min(this.#queue.dueMs, this.#stopAtMs));
  }

  turn(): void {
    const now = this.#watch.now();
    this.#disturbed(this.#watch.look(now, true), now);
    if (now.monotonicMs >= this.#stopAtMs) this.#finish(now);
    else this.#work(now);
  }

  /**
   * One after the other, each as of when it was due: also after a stall of hours a record is closed only when all that were due in it
   * have been told of, and before there are more of them than a record has.
   */
  #work(now: Moment): void {
    while (this.#queue.dueMs <= now.monotonicMs) {
      const { session, kind, dueMs } = this.#queue.pop()!;
      if (session.isOver) continue;
      if (kind === 'care') this.#care(session, momentAt(dueMs, now));
      else this.#probe(session, dueMs, now);
      const nextMs = kind === 'care' ? dueMs + CARE_EVERY_MS : session.schedule.nextMs;
      this.#queue.push({ session, kind, dueMs: nextMs });
    }
  }

  datagram(socket: DatagramSocket, datagram: Datagram): void {
    const now = this.#watch.now();
    this.#disturbed(this.#watch.look(now, false), now);
    const flow = this.#sockets.find(socket, datagram.address, datagram.port);
    if (!flow || !this.#isTaken(flow, datagram, now)) this.#ignore(datagram, now);
  }

  /** Whether it answers a probe of this flow. */
  #isTaken(flow: StampFlow, datagram: Datagram, now: Moment): boolean {
    const { spec, ledger } = flow.session;
    const reply = decodeReply(datagram.bytes, spec.timestamps, datagram.arrivedMs);
    if (reply.kind === 'rejected') return false;
    const sent = flow.pending.get(reply.senderSequence);
    if (!sent || !isSame(reply.senderMs, sent.writtenMs)) return false;
    const answer = answerOf(datagram, reply, sent, spec.reflector, this.#clockAt(now));
    ledger.answered(sent.probe, answer, this.#fault(datagram, sent, now));
    return true;
  }

  notSent(socket: DatagramSocket, sentMs: number, reason: string): void {
    for (const flow of this.#sockets.flowsOf(socket))
      for (const [sequence, { sent, probe }] of flow.pending) {
        if (sent.utcMs !== sentMs) continue;
        flow.pending.delete(sequence);
        flow.session.ledger.notSent(probe);
        flow.session.trouble = reason;
        return;
      }
  }

  /** Answers to any of those that wait may have been among them. */
  overflowed(socket: DatagramSocket, count: number): void {
    const now = this.#watch.now();
    this.#note(
      'overflow',
      `${count} datagrams came faster than this machine took them and were dropped`,
      now,
    );
    for (const { pending, session } of this.#sockets.flowsOf(socket))
      for (const { probe } of pending.values()) session.ledger.doubt(probe, 'stall');
  }

  message(message: unknown): void {
    const order = message as StampOrder;
    const now = this.#watch.now();
    if (order.kind === 'stop') this.#stopAtMs = now.monotonicMs + DRAIN_MS;
    else {
      this.#addresses = order.addresses;
      if (order.kind === 'links') this.#replace(order, now);
      for (const session of this.#sessions.values()) this.#equip(session);
    }
  }

  #replace({ links, recordMs }: StampOrder & { kind: 'links' }, now: Moment): void {
    const before = this.#sessions;
    this.#sessions = new Map();
    for (const { link, spec } of links) {
      const known = before.get(link);
      const isSameLink = known && recordMs === this.#recordMs && isSameSpec(known.spec, spec);
      if (isSameLink) {
        before.delete(link);
        this.#sessions.set(link, known);
      }
    }
    for (const session of before.values()) this.#end(session, now);
    const startAfterMs =
      START_AFTER_MS + Math.floor((links.length - this.#sessions.size) / LINKS_OPENED_PER_MS);
    for (const { link, spec } of links) {
      if (this.#sessions.has(link)) continue;
      const session = new StampSession({ link, spec }, recordMs, now, this.#options.random, startAfterMs);
      this.#sessions.set(link, session);
      // Spread over the second, so that not all links close their records at once.
      const careMs = now.monotonicMs + CARE_EVERY_MS * this.#options.random();
      this.#queue.push({ session, kind: 'care', dueMs: careMs });
      this.#queue.push({ session, kind: 'probe', dueMs: session.schedule.nextMs });
    }
    this.#recordMs = recordMs;
  }

  #probe(session: StampSession, dueMs: number, now: Moment): void {
    session.schedule.advance();
    if (Number.isFinite(this.#stopAtMs)) return;
    const index = session.nextFlow();
    const probe = session.ledger.due(index, dueMs, now);
    const flow = session.flows[index];
    const isOnTime = now.monotonicMs - dueMs <= SEND_WITHIN_MS;
    if (!flow || !isOnTime || !this.#send(flow, probe, now)) session.ledger.notSent(probe);
  }

  #send(flow: StampFlow, probe: Probe, now: Moment): boolean {
    const { session, socket, address } = flow;
    const { spec } = session;
    if (this.#packet.length !== spec.sizeBytes) this.#packet = Buffer.alloc(spec.sizeBytes);
    const sequence = flow.nextSequence();
    const writtenMs = this.#loop.utcMs();
    const clock = this.#clockAt(now);
    encodeSenderPacket(this.#packet, { sequence, utcMs: writtenMs, format: spec.timestamps, clock });
    const utcMs = socket.send(this.#packet, address, spec.port, spec.dscp);
    session.trouble = Number.isNaN(utcMs) ? socket.trouble : undefined;
    if (Number.isNaN(utcMs)) return false;
    const after = this.#watch.now();
    const handOverMs = after.utcMs - utcMs;
    const sent = { utcMs, monotonicMs: after.monotonicMs - handOverMs };
    session.ledger.sent(probe, sent.monotonicMs);
    flow.pending.set(sequence, { probe, writtenMs, sent, isUnsure: handOverMs > HAND_OVER_MS });
    return true;
  }

  #care(session: StampSession, now: Moment): void {
    this.#equip(session);
    for (const flow of session.allFlows()) flow.expire(now.monotonicMs);
    for (const flow of session.retired.filter(({ pending }) => pending.size === 0))
      this.#retire(session, flow);
    this.#report(session, session.ledger.close(now));
    if (session.trouble === session.toldTrouble) return;
    session.toldTrouble = session.trouble;
    this.#options.tell({ kind: 'trouble', link: session.link, reason: session.trouble });
  }

  #equip(session: StampSession): void {
    const address = this.#addresses.get(session.spec.address);
    if (address !== session.address) {
      for (const [index, flow] of session.flows.entries()) {
        if (flow) session.retired.push(flow);
        session.flows[index] = undefined;
      }
      session.address = address;
    }
    const lacks = session.flows.includes(undefined);
    if (address === undefined) session.trouble = `no address is known of ${session.spec.address}`;
    else if (lacks) {
      const first = this.#options.firstSequence;
      session.trouble = this.#sockets.equip(
        session,
        (socket, index) => new StampFlow(session, index, socket, address, first()),
      );
    }
  }

  #retire(session: StampSession, flow: StampFlow): void {
    session.retired.splice(session.retired.indexOf(flow), 1);
    this.#sockets.release(flow);
  }

  #end(session: StampSession, now: Moment): void {
    session.isOver = true;
    this.#report(session, session.ledger.end(now));
    for (const flow of session.allFlows()) this.#sockets.release(flow);
    if (session.toldTrouble !== undefined)
      this.#options.tell({ kind: 'trouble', link: session.link, reason: undefined });
  }

  #report(session: StampSession, closed: readonly ClosedRecord[]): void {
    for (const one of closed)
      this.#options.tell({ kind: 'evidence', evidence: evidenceOf(session.link, 'stamp', one) });
  }

  #finish(now: Moment): void {
    for (const session of this.#sessions.values()) this.#end(session, now);
    this.#sessions = new Map();
    this.#loop.stop();
  }

  /** Why the time of an answer is none. */
  #fault(datagram: Datagram, { sent, isUnsure }: SentProbe, now: Moment): InvalidReason | undefined {
    if (this.#watch.wasSet(sent, now) || datagram.arrivedMs < sent.utcMs - BACK_MS) return 'clockStep';
    const isLate = datagram.stampedBy === 'program' && this.#watch.isStalled;
    return isUnsure || isLate ? 'stall' : undefined;
  }

  #disturbed(disturbances: readonly Disturbance[], now: Moment): void {
    for (const one of disturbances) {
      if (one.kind === 'clockStep') {
        this.#note(one.kind, `the system clock was set by ${Math.round(one.byMs)} ms`, now);
        continue;
      }
      const lastedMs = one.kind === 'sleep' ? one.sleptMs : one.toMs - one.fromMs;
      const what = one.kind === 'sleep' ? 'this machine slept' : 'the probing thread was kept from its work';
      this.#note(one.kind, `${what} for ${Math.round(lastedMs)} ms`, now);
      // While the machine sleeps, the monotonic clock stands.
      const fromMs = one.kind === 'stall' ? one.fromMs : now.monotonicMs;
      for (const session of this.#sessions.values()) this.#doubt(session, fromMs);
    }
  }

  /** Those that could have been answered after `fromMs`. */
  #doubt(session: StampSession, fromMs: number): void {
    const { ledger, spec } = session;
    for (const flow of session.allFlows())
      for (const { probe, sent } of flow.pending.values())
        if (sent.monotonicMs + spec.timeoutMs >= fromMs) ledger.doubt(probe, 'stall');
  }

  /** Anybody can send us something: it counts nowhere. */
  #ignore({ address, port }: Datagram, now: Moment): void {
    this.#note('foreign', `a datagram from ${address} port ${port} answers no probe of ours`, now);
  }

  /** Once a minute of each kind. */
  #note(kind: string, text: string, { monotonicMs }: Moment): void {
    const noted = this.#noted.get(kind) ?? { atMs: Number.NEGATIVE_INFINITY, since: 0 };
    this.#noted.set(kind, noted);
    noted.since++;
    if (monotonicMs - noted.atMs < NOTE_EVERY_MS) return;
    const times = noted.since > 1 ? `, ${noted.since} times since this was told` : '';
    this.#options.tell({ kind: 'note', text: `${text}${times}` });
    this.#noted.set(kind, { atMs: monotonicMs, since: 0 });
  }

  #clockAt({ monotonicMs }: Moment): ClockDiscipline {
    if (monotonicMs - this.#clockAtMs >= CARE_EVERY_MS) {
      this.#clock = this.#loop.discipline();
      this.#clockAtMs = monotonicMs;
    }
    return this.#clock;
  }
}

/** The moment `monotonicMs` by the clocks as they are now. */
function momentAt(monotonicMs: number, now: Moment): Moment {
  return { utcMs: now.utcMs - (now.monotonicMs - monotonicMs), monotonicMs };
}

function isSame(cameBackMs: number, writtenMs: number): boolean {
  return Number.isNaN(cameBackMs) || Math.abs(cameBackMs - writtenMs) <= SAME_MS;
}

function isSameSpec(a: StampSession['spec'], b: StampSession['spec']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function answerOf(
  { arrivedMs, stampedBy, ttl }: Datagram,
  reply: StampReply,
  { sent }: SentProbe,
  reflector: 'stateful' | 'stateless',
  own: ClockDiscipline,
): Answer {
  const awayMs = arrivedMs - sent.utcMs;
  // A reflector whose clock runs wild may have kept it for longer than it was away.
  const dwellMs = reply.dwellMs <= awayMs ? reply.dwellMs : 0;
  // One that says it counts and sends our own number back does not.
  const isCounting = reflector === 'stateful' && reply.sequence !== reply.senderSequence;
  const forwardMs = reply.receivedMs - sent.utcMs;
  const backMs = arrivedMs - reply.transmittedMs;
  const errorMs = own.errorMs + reply.clock.errorMs;
  const isOneWay = own.isSynced && reply.clock.isSynced && !Number.isNaN(forwardMs + backMs + errorMs);
  return {
    ...{ roundTripMs: Math.max(0, awayMs - dwellMs), stampedBy },
    ...{ ttlForward: reply.senderTtl, ttlReturn: ttl },
    ...(isCounting ? { counter: reply.sequence } : {}),
    ...(isOneWay ? { oneWay: { forwardMs, backMs, errorMs } } : {}),
  };
}
