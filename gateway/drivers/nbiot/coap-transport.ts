import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Cancel, Clock } from '../../../core/clock.ts';
import { blockOf, blockOption } from '../../../core/coap/block.ts';
import { nextDueMs, stepCoap } from '../../../core/coap/endpoint.ts';
import {
  CELLULAR_TIMES,
  type CoapContent,
  type CoapEffect,
  type CoapInput,
  type CoapState,
  createCoapState,
  type Exchange,
  type Priority,
} from '../../../core/coap/endpoint-state.ts';
import { type CoapMessage, decodeMessage, formatCode, isRequest } from '../../../core/coap/message.ts';
import { OPTIONS, pathOf } from '../../../core/coap/option.ts';
import { reasonOf } from '../../../core/errors.ts';
import { formatAddress, listenError } from '../../../core/listen.ts';
import type { Log } from '../../../core/log.ts';
import type { TraceLine } from '../../driver.ts';

/** What a request came to. */
export type CoapOutcome =
  | { readonly kind: 'answer'; readonly message: CoapMessage }
  | { readonly kind: 'failed'; readonly reason: string };

/** How a request is to be sent. */
export interface Asking {
  /** Nothing is sent from then on. */
  readonly notAfterMs?: number;
  readonly priority?: Priority;
  /** Ends it: nothing more is sent, and no answer counts. */
  readonly signal?: AbortSignal;
}

interface Observing {
  readonly isObserving?: boolean;
}

export interface TransportOptions {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly ackTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly trace: () => ((line: TraceLine) => void) | undefined;
}

/** What comes by itself. Peers are named by texts that mean nothing outside. */
export interface TransportEvents {
  request(exchange: Exchange, message: CoapMessage): void;
  notification(observation: string, peer: string, message: CoapMessage): void;
  moved(from: string, to: string): void;
  /** Bytes as the network carries them: with the headers of IP and UDP. */
  traffic(peer: string, direction: 'received' | 'sent', bytes: number): void;
}

/** Headers of UDP with IPv4 and with IPv6. */
const OVERHEAD = { udp4: 28, udp6: 48 } as const;
const MAX_BODY = 65_536;

/** CoAP over UDP: sockets, the timer, and answers as promises, around the state machine of `core/coap`. */
export class CoapTransport {
  readonly #options: TransportOptions;
  readonly #events: TransportEvents;
  readonly #state: CoapState;
  readonly #sockets: { readonly socket: Socket; readonly family: 'udp4' | 'udp6' }[] = [];
  readonly #pending = new Map<string, (outcome: CoapOutcome) => void>();
  #lastId = 0;
  #cancel: Cancel | undefined;
  #isStopped = false;

  constructor(options: TransportOptions, events: TransportEvents) {
    this.#options = options;
    this.#events = events;
    this.#state = createCoapState({
      ...CELLULAR_TIMES,
      ackTimeoutMs: options.ackTimeoutMs,
      random: Math.random,
      newToken: () => randomBytes(8),
    });
  }

  /** Throws `PORT_TAKEN` or `LISTEN_FAILED`; nothing is left open then. */
  async start(): Promise<void> {
    try {
      for (const host of this.#options.hosts) await this.#bind(host);
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  /** What waits for an answer gets none. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#cancel?.();
    await this.#close();
    for (const settle of [...this.#pending.values()]) settle({ kind: 'failed', reason: 'stopped' });
    this.#pending.clear();
  }

  /** Resolves with the whole answer, put together where it comes in blocks (RFC 7959, 2.4). Never rejects. */
  async ask(peer: string, request: CoapContent, how: Asking = {}): Promise<CoapOutcome> {
    const outcome = await this.#askOnce(this.#newId(), peer, request, how);
    return outcome.kind === 'answer' ? this.rest(peer, request, outcome.message) : outcome;
  }

  /** As `ask`; what comes after the answer is a `notification` with this id. */
  async observe(observation: string, peer: string, request: CoapContent): Promise<CoapOutcome> {
    const outcome = await this.#askOnce(observation, peer, request, { isObserving: true });
    return outcome.kind === 'answer' ? this.rest(peer, request, outcome.message) : outcome;
  }

  /** The blocks after the one that `first` holds, put together with it. */
  async rest(peer: string, request: CoapContent, first: CoapMessage): Promise<CoapOutcome> {
    const chunks = [first.payload];
    let last = first;
    for (let length = first.payload.length; ; ) {
      const block = blockOf(last, OPTIONS.block2);
      if (block === 'invalid') return { kind: 'failed', reason: 'a block has the reserved size' };
      if (!block?.isMore) return { kind: 'answer', message: { ...first, payload: Buffer.concat(chunks) } };
      if (block.number * block.size + last.payload.length !== length) {
        return { kind: 'failed', reason: 'blocks came out of order' };
      }
      // Only a last block may be short (RFC 7959, 2.2); one that is empty would be asked for without end.
      if (last.payload.length !== block.size) return { kind: 'failed', reason: 'a block is cut short' };
      if (length > MAX_BODY) return { kind: 'failed', reason: `the answer has more than ${MAX_BODY} bytes` };
      const next = blockOption(OPTIONS.block2, {
        number: length / block.size,
        isMore: false,
        size: block.size,
      });
      const options = [...request.options.filter(({ number }) => number !== OPTIONS.observe), next];
      const outcome = await this.#askOnce(this.#newId(), peer, { ...request, options }, {});
      if (outcome.kind === 'failed') return outcome;
      if (outcome.message.code !== first.code || etagOf(outcome.message) !== etagOf(first)) {
        return { kind: 'failed', reason: 'the answer changed while it was read' };
      }
      last = outcome.message;
      length += last.payload.length;
      chunks.push(last.payload);
    }
  }

  answer(exchange: Exchange, answer: CoapContent): void {
    this.#step({ kind: 'answer', exchange, answer });
  }

  forgetPeer(peer: string): void {
    this.#step({ kind: 'forget-peer', peer });
  }

  #newId(): string {
    this.#lastId += 1;
    return `#${this.#lastId}`;
  }

  #askOnce(
    id: string,
    peer: string,
    request: CoapContent,
    { notAfterMs = Number.POSITIVE_INFINITY, priority, signal, isObserving = false }: Asking & Observing,
  ): Promise<CoapOutcome> {
    return new Promise((resolve) => {
      if (this.#isStopped || signal?.aborted) {
        resolve({ kind: 'failed', reason: this.#isStopped ? 'stopped' : 'cancelled' });
        return;
      }
      // The same observation asked for anew: the earlier request is nobody's any more.
      this.#pending.get(id)?.({ kind: 'failed', reason: 'forgotten' });
      const cancel = () => this.#step({ kind: 'cancel', peer, id });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#pending.set(id, (outcome) => {
        signal?.removeEventListener('abort', cancel);
        resolve(outcome);
      });
      const how = priority ? { isObserving, notAfterMs, priority } : { isObserving, notAfterMs };
      this.#step({ kind: 'request', id, peer, request, ...how });
    });
  }

  #step(input: CoapInput): void {
    const effects = stepCoap(this.#state, input, this.#options.clock.monotonicMs());
    // First everything is sent and settled; what the owner makes of it comes after, and may step again.
    for (const effect of effects) this.#carryOut(effect);
    this.#arm();
  }

  #carryOut(effect: CoapEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.peer, effect.bytes);
        break;
      case 'request':
        this.#events.request(effect.exchange, effect.message);
        break;
      case 'response':
        this.#settle(effect.id, { kind: 'answer', message: effect.message });
        break;
      case 'failed':
        this.#settle(effect.id, { kind: 'failed', reason: effect.reason });
        break;
      case 'notification':
        this.#events.notification(effect.id, effect.peer, effect.message);
        break;
      case 'moved':
        this.#events.moved(effect.from, effect.peer);
        break;
      case 'delivered':
        break;
    }
  }

  #settle(id: string, outcome: CoapOutcome): void {
    const settle = this.#pending.get(id);
    this.#pending.delete(id);
    settle?.(outcome);
  }

  #arm(): void {
    this.#cancel?.();
    const dueMs = nextDueMs(this.#state);
    if (dueMs === undefined || this.#isStopped) return;
    const waitMs = Math.max(0, dueMs - this.#options.clock.monotonicMs());
    this.#cancel = this.#options.clock.after(waitMs, () => this.#step({ kind: 'time' }));
  }

  #bind(host: string): Promise<void> {
    const { port, log } = this.#options;
    const family = isIPv6(host) ? 'udp6' : 'udp4';
    // Without `ipv6Only`, "::" would take the port of IPv4 as well.
    const socket = createSocket({ type: family, ipv6Only: family === 'udp6' });
    const index = this.#sockets.push({ socket, family }) - 1;
    socket.on('message', (bytes, { address, port: from }) => {
      const peer = `${index} ${address} ${from}`;
      this.#events.traffic(peer, 'received', bytes.length + OVERHEAD[family]);
      this.#trace('received', peer, bytes);
      this.#step({ kind: 'received', peer, bytes: Uint8Array.from(bytes) });
    });
    return new Promise((resolve, reject) => {
      const fail = (error: NodeJS.ErrnoException) =>
        reject(listenError(error, { host, port }, 'CoAP', 'port', 'hosts'));
      socket.once('error', fail);
      socket.bind(port, host, () => {
        socket.off('error', fail);
        socket.on('error', (error) => log.warn({ host, reason: reasonOf(error) }, 'A CoAP socket failed'));
        resolve();
      });
    });
  }

  #send(peer: string, bytes: Uint8Array): void {
    const [index = '0', address = '', port = '0'] = peer.split(' ');
    const { socket, family } = this.#sockets[Number(index)] ?? {};
    if (!socket || !family || this.#isStopped) return;
    this.#events.traffic(peer, 'sent', bytes.length + OVERHEAD[family]);
    this.#trace('sent', peer, bytes);
    // A message that cannot be sent now is one that is lost: what wants an answer is sent again.
    socket.send(bytes, Number(port), address, () => {});
  }

  async #close(): Promise<void> {
    await Promise.all(
      this.#sockets
        .splice(0)
        .map(({ socket }) => new Promise<void>((resolve) => socket.close(() => resolve()))),
    );
  }

  #trace(direction: 'sent' | 'received', peer: string, bytes: Uint8Array): void {
    const trace = this.#options.trace();
    if (trace) trace({ direction, bytes, text: `${formatPeer(peer)} ${describe(bytes)}` });
  }
}

/** `127.0.0.1:5683`, for people. */
export function formatPeer(peer: string): string {
  const [, host = '', port = '0'] = peer.split(' ');
  return formatAddress({ host, port: Number(port) });
}

const METHODS = ['', 'GET', 'POST', 'PUT', 'DELETE', 'FETCH', 'PATCH', 'iPATCH'];

function describe(bytes: Uint8Array): string {
  try {
    const message = decodeMessage(bytes);
    const { type, code, id, payload } = message;
    const what = isRequest(code)
      ? `${METHODS[code] ?? formatCode(code)} ${pathOf(message)}`
      : formatCode(code);
    return `${type} ${what} id ${id}, ${payload.length} bytes of payload`;
  } catch (error) {
    return `not CoAP: ${reasonOf(error)}`;
  }
}

function etagOf({ options }: CoapMessage): string {
  const value = options.find(({ number }) => number === OPTIONS.etag)?.value;
  return value ? Buffer.from(value).toString('hex') : '';
}
