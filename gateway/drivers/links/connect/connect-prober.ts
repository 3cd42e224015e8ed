import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { asSluiceError, SluiceError } from '../../../../core/errors.ts';
import type { ProbedLink, Prober, ProberContext, ProberKind } from '../prober.ts';
import type { ConnectProbe } from './connect-links.ts';
import type { FromThread, ToThread } from './thread-messages.ts';

const FIELDS = [
  ...(['latency_p95', 'latency_p99', 'loss', 'jitter', 'variation'] as const),
  ...(['scheduled', 'received', 'lost', 'late', 'not_sent', 'invalid'] as const),
];
const AGAIN_AFTER_MS = 5_000;
/** One that does not end by then has lost its records. */
const STOP_WITHIN_MS = 10_000;
/** Why a link's probes are not sent is told once in so long. */
const NOTE_EVERY_MS = 600_000;

/** Time to connect. */
export const tcpProber: ProberKind<'tcp'> = {
  fields: ['connect_time', ...FIELDS],
  create: (context) => new ConnectProber(context),
};

/** Time from the beginning of a connection to the first byte of an HTTP answer. */
export const httpProber: ProberKind<'http'> = {
  fields: ['first_byte_time', ...FIELDS],
  create: (context) => new ConnectProber(context),
};

/** Probes by connecting, in a thread of its own: the gateway's work would show in the times. */
class ConnectProber implements Prober<ConnectProbe> {
  readonly #context: ProberContext;
  readonly #notedAtMs = new Map<string, number>();
  #links: readonly ProbedLink<ConnectProbe>[] = [];
  #recordMs = 0;
  #thread: Worker | undefined;
  #isStarted = false;
  #trouble: SluiceError | undefined;
  #cancelAgain: (() => void) | undefined;

  constructor(context: ProberContext) {
    this.#context = context;
  }

  replace(links: readonly ProbedLink<ConnectProbe>[], recordMs: number): void {
    this.#links = links;
    this.#recordMs = recordMs;
    if (!this.#isStarted) return;
    if (links.length > 0) this.#open();
    this.#hand();
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    if (this.#links.length > 0) this.#open();
    this.#hand();
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#cancelAgain?.();
    const thread = this.#thread;
    if (!thread) return;
    const over = once(thread, 'exit');
    this.#say({ kind: 'stop' });
    const cancel = this.#context.clock.after(STOP_WITHIN_MS, () => void thread.terminate());
    await over;
    cancel();
  }

  #open(): void {
    if (this.#thread) return;
    const thread = new Worker(new URL('./connect-thread.ts', import.meta.url));
    this.#thread = thread;
    thread.on('message', (message: FromThread) => this.#hear(message));
    thread.on('error', (thrown) => {
      this.#trouble = new SluiceError('PROBER_ENDED', { reason: asSluiceError(thrown).message }, thrown);
      this.#context.log.error({ err: thrown }, this.#trouble.message);
    });
    thread.once('exit', () => {
      this.#thread = undefined;
      if (this.#isStarted) this.#cancelAgain = this.#context.clock.after(AGAIN_AFTER_MS, () => this.#again());
    });
  }

  #again(): void {
    this.#trouble = undefined;
    this.#open();
    this.#hand();
  }

  #hand(): void {
    this.#say({ kind: 'replace', links: this.#links, recordMs: this.#recordMs });
  }

  #say(message: ToThread): void {
    this.#thread?.postMessage(message);
  }

  #hear(message: FromThread): void {
    if (message.kind === 'evidence') this.#context.report(message.evidence);
    // A name server that is silent would hold it for as long as it is silent.
    else if (message.kind === 'over') void this.#thread?.terminate();
    else this.#note(message.link, message.reason);
  }

  #note(link: string, reason: string): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs - (this.#notedAtMs.get(link) ?? Number.NEGATIVE_INFINITY) < NOTE_EVERY_MS) return;
    this.#notedAtMs.set(link, nowMs);
    this.#context.log.warn({ link }, `probes of link ${link} are not sent: ${reason}`);
  }
}
