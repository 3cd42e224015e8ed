import { isIPv6 } from 'node:net';
import type {
  Datagram,
  DatagramLoop,
  DatagramSocket,
  SocketOptions,
} from '../../core/datagrams/datagram-loop.ts';
import type { LoopThreadHandler } from '../../core/datagrams/run-loop-thread.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { ArrivalClock } from './arrival-clock.ts';
import { DepartureQueue } from './departure-queue.ts';
import type { LinkChange, LinkConfig } from './link-config.ts';
import { FlowDirection, LinkDirection } from './link-direction.ts';
import { flowSeed, nextFate } from './link-model.ts';
import type { LinkReport } from './link-report.ts';

/** From the thread that started this one. */
export type LinkOrder =
  | { readonly kind: 'change'; readonly id: string; readonly change: LinkChange }
  | { readonly kind: 'report'; readonly number: number };

export type LinkAnswer =
  | { readonly kind: 'open'; readonly ports: Readonly<Record<string, number>> }
  | { readonly kind: 'report'; readonly number: number; readonly links: readonly LinkReport[] }
  | { readonly kind: 'trouble'; readonly id: string; readonly reason: string };

/** All links together hold this many packets: 10 s of 20 000 a second. */
const MOST_WAITING = 200_000;
export const MOST_FLOWS = 1_024;
/** Packets of a flow whose socket is still being opened. */
const MOST_EARLY = 64;
const OPENING_LOOK_MS = 1;
/**
 * The kernel wakes a thread up to 60 µs late, and V8 needs a few more. So it is woken that much earlier, and looks at the
 * clock for the rest: at 1 000 packets a second that is 8 % of a processor.
 */
const WAKE_EARLY_MS = 0.08;

interface Arrival {
  readonly bytes: Uint8Array;
  readonly dscp: number;
  /** UTC, as stamped. */
  readonly arrivedMs: number;
  /** The same on the monotonic clock: what delays are reckoned from. */
  readonly dueFromMs: number;
}

/** A source address and port at one link, with a socket of its own towards the reflector. */
interface Flow {
  readonly link: SimulatedLink;
  readonly address: string;
  readonly port: number;
  readonly there: FlowDirection;
  readonly back: FlowDirection;
  upstream: DatagramSocket | undefined;
  /** Until `upstream` is there. */
  readonly early: Arrival[];
}

interface SimulatedLink {
  readonly config: LinkConfig;
  readonly toAddress: string;
  readonly there: LinkDirection;
  readonly back: LinkDirection;
  readonly flows: Map<string, Flow>;
  listening: DatagramSocket | undefined;
  isDown: boolean;
  strangers: number;
  /** Flows that there were, also those that could not be opened. */
  seen: number;
}

interface Packet {
  readonly dueMs: number;
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly dscp: number;
  readonly flow: Flow;
  readonly direction: FlowDirection;
  /** Its place among the packets of its flow and direction. */
  readonly place: number;
  readonly isCopy: boolean;
  readonly imposedMs: number;
  readonly arrivedMs: number;
}

/**
 * Links between senders and reflectors, all in one thread. Like a translating router it has one address for each link,
 * and one socket towards the reflector for each source port, so that flows stay apart on the other side as well.
 */
export class LinkForwarder implements LoopThreadHandler<LinkOrder> {
  readonly #loop: DatagramLoop;
  readonly #tell: (answer: LinkAnswer) => void;
  readonly #links = new Map<string, SimulatedLink>();
  readonly #seed: number;
  readonly #arrivals: ArrivalClock;
  readonly #queue = new DepartureQueue<Packet>();
  readonly #listening = new Map<DatagramSocket, SimulatedLink>();
  readonly #upstream = new Map<DatagramSocket, Flow>();
  readonly #wakeEarlyMs: number;
  #packets = 0;
  #opening = 0;

  constructor(
    loop: DatagramLoop,
    configs: readonly LinkConfig[],
    seed: number,
    tell: (answer: LinkAnswer) => void,
  ) {
    this.#loop = loop;
    this.#tell = tell;
    this.#seed = seed;
    this.#arrivals = new ArrivalClock(loop);
    this.#wakeEarlyMs = loop.kind === 'kernel' ? WAKE_EARLY_MS : 0;
    for (const config of configs) {
      const [there, back] = [new LinkDirection(config.there), new LinkDirection(config.back)];
      const { isDown } = config;
      this.#links.set(config.id, {
        ...{ config, there, back, isDown, toAddress: asTold(config.to.address) },
        ...{ flows: new Map(), listening: undefined, strangers: 0, seen: 0 },
      });
    }
  }

  /** Opens what senders send to, and tells where. Throws `LISTEN_FAILED`. */
  async open(): Promise<void> {
    const ports: Record<string, number> = {};
    for (const [id, link] of this.#links) {
      const { address, port } = link.config.listen;
      try {
        link.listening = await this.#loop.open(socketOptions(address, address, port));
      } catch (error) {
        const details = { what: `link ${id} of the simulator`, address: `${address} port ${port}` };
        const setting = `links, ${id}: listen`;
        throw new SluiceError('LISTEN_FAILED', { ...details, setting, reason: troubleOf(error) }, error);
      }
      this.#listening.set(link.listening, link);
      ports[id] = link.listening.port;
    }
    this.#tell({ kind: 'open', ports });
  }

  dueMs(): number {
    const dueMs = this.#queue.dueMs - this.#wakeEarlyMs;
    // What waits for a socket is queued between two callbacks.
    return this.#opening > 0 ? Math.min(dueMs, this.#loop.monotonicMs() + OPENING_LOOK_MS) : dueMs;
  }

  turn(): void {
    const { dueMs } = this.#queue;
    if (dueMs - this.#loop.monotonicMs() > this.#wakeEarlyMs) return;
    while (this.#loop.monotonicMs() < dueMs) {
      // Nothing else can be done in that time.
    }
    this.#sendDue();
  }

  datagram(socket: DatagramSocket, { bytes, address, port, arrivedMs, dscp }: Datagram): void {
    const dueFromMs = this.#arrivals.monotonicOf(arrivedMs);
    const arrival = { bytes: Uint8Array.from(bytes), dscp, arrivedMs, dueFromMs };
    const link = this.#listening.get(socket);
    const answered = this.#upstream.get(socket);
    if (link) this.#fromSender(link, address, port, arrival);
    else if (answered) this.#fromReflector(answered, address, port, arrival);
    this.#sendDue();
  }

  message(order: LinkOrder): void {
    if (order.kind === 'report') {
      this.#tell({ kind: 'report', number: order.number, links: this.#reports() });
    } else {
      const link = this.#links.get(order.id)!;
      const { there, back, isDown } = order.change;
      link.there.impairment = there ?? link.there.impairment;
      link.back.impairment = back ?? link.back.impairment;
      link.isDown = isDown ?? link.isDown;
    }
  }

  #fromSender(link: SimulatedLink, address: string, port: number, arrival: Arrival): void {
    const key = `${port} ${address}`;
    let flow = link.flows.get(key);
    if (!flow) {
      if (link.flows.size >= MOST_FLOWS) {
        link.there.counts.arrived++;
        link.there.counts.refused++;
        return;
      }
      flow = this.#newFlow(link, address, port);
      link.flows.set(key, flow);
    }
    if (flow.upstream || flow.early.length >= MOST_EARLY) this.#decide(flow, flow.there, arrival);
    else flow.early.push(arrival);
  }

  #fromReflector(flow: Flow, address: string, port: number, arrival: Arrival): void {
    const { to } = flow.link.config;
    if (port === to.port && address === flow.link.toAddress) this.#decide(flow, flow.back, arrival);
    else flow.link.strangers++;
  }

  #newFlow(link: SimulatedLink, address: string, port: number): Flow {
    const number = link.seen++;
    const seed = (direction: 'there' | 'back') => flowSeed(this.#seed, link.config.id, direction, number);
    const flow: Flow = {
      ...{ link, address, port, upstream: undefined, early: [] },
      there: new FlowDirection(link.there, seed('there')),
      back: new FlowDirection(link.back, seed('back')),
    };
    void this.#openUpstream(flow);
    return flow;
  }

  async #openUpstream(flow: Flow): Promise<void> {
    const { link } = flow;
    this.#opening++;
    try {
      flow.upstream = await this.#loop.open(socketOptions(link.config.to.address, '', 0));
      this.#upstream.set(flow.upstream, flow);
    } catch (error) {
      this.#tell({ kind: 'trouble', id: link.config.id, reason: troubleOf(error) });
      // The next packet tries again; those that wait are counted as failed.
      link.flows.delete(`${flow.port} ${flow.address}`);
    }
    this.#opening--;
    for (const arrival of flow.early.splice(0)) this.#decide(flow, flow.there, arrival);
    this.#sendDue();
  }

  #decide(flow: Flow, direction: FlowDirection, { bytes, dscp, arrivedMs, dueFromMs }: Arrival): void {
    const { counts, impairment } = direction.of;
    const place = direction.state.packets;
    const { state, fate } = nextFate(direction.state, impairment);
    direction.state = state;
    counts.arrived++;
    if (flow.link.isDown || fate.delaysMs.length === 0) {
      counts.lost++;
      return;
    }
    counts.duplicated += fate.delaysMs.length - 1;
    for (const [copy, imposedMs] of fate.delaysMs.entries()) {
      if (this.#queue.length >= MOST_WAITING) {
        counts.refused++;
        continue;
      }
      counts.waiting++;
      this.#queue.push({
        ...{ bytes, dscp, flow, direction, place, isCopy: copy > 0, imposedMs, arrivedMs },
        dueMs: dueFromMs + imposedMs,
        number: this.#packets++,
      });
    }
  }

  #sendDue(): void {
    while (this.#queue.dueMs <= this.#loop.monotonicMs()) this.#send(this.#queue.pop()!);
  }

  #send(packet: Packet): void {
    const { flow, direction, bytes, dscp, place } = packet;
    const { counts } = direction.of;
    const { listening, config } = flow.link;
    counts.waiting--;
    const sentMs =
      direction === flow.there
        ? flow.upstream?.send(bytes, config.to.address, config.to.port, dscp)
        : listening?.send(bytes, flow.address, flow.port, dscp);
    if (sentMs === undefined || Number.isNaN(sentMs)) {
      counts.failed++;
      return;
    }
    counts.departed++;
    if (place < direction.furthest && !packet.isCopy) counts.reordered++;
    direction.furthest = Math.max(direction.furthest, place);
    direction.of.noteDelay(packet.imposedMs, sentMs - packet.arrivedMs);
  }

  #reports(): LinkReport[] {
    return Array.from(this.#links, ([id, { config, listening, isDown, flows, strangers, there, back }]) => ({
      id,
      listen: { address: config.listen.address, port: listening!.port },
      ...{ isDown, flows: flows.size, strangers, isPrecise: this.#loop.kind === 'kernel' },
      ...{ there: there.report(), back: back.report() },
    }));
  }
}

function socketOptions(kin: string, address: string, port: number): SocketOptions {
  return {
    ...{ family: isIPv6(kin) ? 6 : 4, address, port },
    ...{ dscp: 0, ttl: 0, receiveBufferBytes: 4_194_304 },
  };
}

/** In the words of the system, without the address once more. */
function troubleOf(error: unknown): string {
  const { reason } = error instanceof SluiceError ? error.details : {};
  return typeof reason === 'string' ? reason : reasonOf(error);
}

/** As sockets tell it: IPv6 addresses have several spellings. */
function asTold(address: string): string {
  return isIPv6(address) ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}
