import { isIPv6 } from 'node:net';
import type { ClockDiscipline, DatagramLoop, DatagramSocket } from '../../../core/datagrams/datagram-loop.ts';
import type { LoopThreadHandler } from '../../../core/datagrams/run-loop-thread.ts';
import { runLoopThread } from '../../../core/datagrams/run-loop-thread.ts';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import { AllowList } from './allow-list.ts';
import type { StampReflectorConfig } from './config.ts';
import {
  admit,
  createReflectorState,
  forgetIdle,
  type ReflectorState,
  type RefusalCounts,
} from './reflector-state.ts';
import { encodeReply, stampReply } from './stamp-packet.ts';

export interface ReflectorSetup {
  readonly config: StampReflectorConfig;
  readonly allowed: readonly string[];
}

/** `allow` takes the place of who was allowed; `open` tries the addresses that could not be listened on. */
export type ToReflector =
  | { readonly kind: 'allow'; readonly allowed: readonly string[] }
  | { readonly kind: 'open' };

export type FromReflector =
  /** After each try: where it answers, and where it cannot. */
  | {
      readonly kind: 'listening';
      readonly open: readonly string[];
      readonly closed: readonly { readonly address: string; readonly reason: string }[];
    }
  | { readonly kind: 'counts'; readonly answered: number; readonly refused: RefusalCounts };

const LARGEST_DATAGRAM = 65_536;
const COUNTS_MS = 10_000;
const DISCIPLINE_MS = 1_000;
/** As far as it can go: what is left of it tells the sender the length of the way back. */
const TTL = 255;
const RECEIVE_BUFFER_BYTES = 4_000_000;

/** Answers test packets. Its own thread, so that nothing else of the gateway stands between a packet and its answer. */
class ReflectorHandler implements LoopThreadHandler<ToReflector> {
  readonly #loop: DatagramLoop;
  readonly #config: StampReflectorConfig;
  readonly #post: (message: FromReflector) => void;
  readonly #state: ReflectorState;
  readonly #open = new Map<string, DatagramSocket>();
  readonly #reply = Buffer.from(new ArrayBuffer(LARGEST_DATAGRAM));
  #clock: ClockDiscipline;
  #clockMs = Number.NEGATIVE_INFINITY;
  #countsMs: number;
  #told = 0;

  constructor(
    loop: DatagramLoop,
    { config, allowed }: ReflectorSetup,
    post: (message: FromReflector) => void,
  ) {
    this.#loop = loop;
    this.#config = config;
    this.#post = post;
    const { counting, maxSessions, idleS, ratePerS } = config;
    const rules = { isStateful: counting === 'stateful', maxSessions, idleMs: idleS * 1_000, ratePerS };
    this.#state = createReflectorState(rules, allowed);
    this.#clock = loop.discipline();
    this.#countsMs = loop.monotonicMs() + COUNTS_MS;
  }

  dueMs(): number {
    return this.#countsMs;
  }

  turn(): void {
    const nowMs = this.#loop.monotonicMs();
    this.#countsMs = nowMs + COUNTS_MS;
    forgetIdle(this.#state, nowMs);
    this.#tellCounts();
  }

  datagram(
    socket: DatagramSocket,
    { bytes, address, port, arrivedMs, ttl, dscp }: Parameters<LoopThreadHandler<ToReflector>['datagram']>[1],
  ): void {
    const nowMs = this.#loop.monotonicMs();
    const admission = admit(this.#state, bytes, address, port, nowMs);
    if (admission.kind === 'refused') return;
    const { timestamps, dscp: ownDscp } = this.#config;
    const pending = encodeReply(this.#reply, bytes, {
      ...(admission.sequence === undefined ? {} : { sequence: admission.sequence }),
      ...(timestamps === 'same' ? {} : { format: timestamps }),
      receivedMs: arrivedMs,
      clock: this.#discipline(nowMs),
      ttl,
    });
    if (!pending) return;
    const reply = this.#reply.subarray(0, pending.lengthBytes);
    stampReply(reply, pending, this.#loop.utcMs());
    // One that is not taken is lost on its way back, like any other.
    socket.send(reply, address, port, this.#loop.kind === 'kernel' ? (ownDscp ?? dscp) : 0);
  }

  /** Nobody knows whose they were: to a sender they are lost on the way there. */
  overflowed(_: DatagramSocket, count: number): void {
    this.#state.refused.noRoom += count;
  }

  message(message: ToReflector): void {
    if (message.kind === 'allow') this.#state.allow = new AllowList(message.allowed);
    else void this.listen();
  }

  stopping(): void {
    this.#tellCounts();
  }

  /** Opens what is not open, and tells what came of it. */
  async listen(): Promise<void> {
    const { listen, port } = this.#config;
    const closed: { address: string; reason: string }[] = [];
    for (const address of listen) {
      if (this.#open.has(address)) continue;
      try {
        const family = isIPv6(address) ? 6 : 4;
        const options = {
          family,
          address,
          port,
          ttl: TTL,
          receiveBufferBytes: RECEIVE_BUFFER_BYTES,
        } as const;
        this.#open.set(address, await this.#loop.open({ ...options, dscp: 0 }));
      } catch (error) {
        const reason = error instanceof SluiceError ? error.details.reason : reasonOf(error);
        closed.push({ address, reason: String(reason) });
      }
    }
    this.#post({ kind: 'listening', open: [...this.#open.keys()], closed });
  }

  /** A look at it is a call of the system, and it changes slowly. */
  #discipline(nowMs: number): ClockDiscipline {
    if (nowMs - this.#clockMs > DISCIPLINE_MS) {
      this.#clock = this.#loop.discipline();
      this.#clockMs = nowMs;
    }
    return this.#clock;
  }

  #tellCounts(): void {
    const { answered, refused } = this.#state;
    const total = Object.values(refused).reduce((sum, count) => sum + count, answered);
    if (total === this.#told) return;
    this.#told = total;
    this.#post({ kind: 'counts', answered, refused });
  }
}

await runLoopThread<ReflectorSetup, ToReflector, FromReflector>(async ({ loop, data, post }) => {
  const handler = new ReflectorHandler(loop, data, post);
  await handler.listen();
  return handler;
});
