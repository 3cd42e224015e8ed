import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type Cancel, delay } from '../../../core/clock.ts';
import type { LoopChoice } from '../../../core/datagrams/create-datagram-loop.ts';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import type { StampProbe } from '../../../core/links/link-plan.ts';
import type { LinkField } from './probe-evidence.ts';
import type { ProbedLink, Prober, ProberContext, ProberKind } from './prober.ts';
import type { StampNews, StampOrder, StampThreadData } from './stamp-messages.ts';

const RESOLVE_EVERY_MS = 300_000;
const RESOLVE_FIRST_MS = 1_000;
const RESOLVE_AGAIN_MS = 30_000;
const FIRST_RESTART_MS = 1_000;
const LONGEST_RESTART_MS = 60_000;
/** The thread waits for answers for a moment; one that does not end by then has lost its records. */
const STOP_WITHIN_MS = 5_000;

export const stampProber: ProberKind<'stamp'> = {
  fields: [
    ...['latency', 'latency_p95', 'latency_p99', 'jitter', 'variation', 'loss'],
    ...['latency_forward', 'latency_return', 'latency_error', 'loss_forward', 'loss_return'],
    ...['scheduled', 'received', 'lost', 'late', 'not_sent', 'invalid'],
    ...['duplicates', 'reordered', 'ttl', 'path_changes'],
  ] as LinkField[],
  create: (context, loop) => new StampProber(loop, context),
};

/** Probes by STAMP from a thread of its own, which it watches over: names, a new start when it fails, what it has to say. */
class StampProber implements Prober<StampProbe> {
  readonly #loop: LoopChoice;
  readonly #context: ProberContext;
  #links: readonly ProbedLink<StampProbe>[] = [];
  #recordMs = 60_000;
  #addresses = new Map<string, string>();
  #thread: Worker | undefined;
  #failure: SluiceError | undefined;
  #restartMs = FIRST_RESTART_MS;
  readonly #troubles = new Map<string, string>();
  #cancelRestart: Cancel | undefined;
  #cancelResolve: Cancel | undefined;
  #isRunning = false;

  constructor(loop: LoopChoice, context: ProberContext) {
    this.#loop = loop;
    this.#context = context;
  }

  replace(links: readonly ProbedLink<StampProbe>[], recordMs: number): void {
    this.#links = links;
    this.#recordMs = recordMs;
    if (this.#isRunning) void this.#goBy();
  }

  async start(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    await this.#goBy();
  }

  trouble(): SluiceError | undefined {
    if (this.#failure) return this.#failure;
    const [first] = this.#troubles;
    if (!first) return undefined;
    return new SluiceError('LINKS_NOT_PROBED', {
      ...{ count: this.#troubles.size, link: first[0], reason: first[1] },
    });
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancelRestart?.();
    this.#cancelResolve?.();
    const thread = this.#thread;
    if (!thread) return;
    const ended = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
    this.#send({ kind: 'stop' });
    const cancel = this.#context.clock.after(STOP_WITHIN_MS, () => void thread.terminate());
    await ended;
    cancel();
  }

  #startThread(): void {
    if (this.#links.length === 0 || !this.#isRunning) return;
    const workerData: StampThreadData = { loop: this.#loop };
    const thread = new Worker(new URL('./stamp-thread.ts', import.meta.url), { workerData });
    this.#thread = thread;
    thread.on('message', (news: StampNews) => this.#hear(news));
    thread.on('error', (error) => this.#failed(error));
    thread.once('exit', () => {
      this.#thread = undefined;
      this.#troubles.clear();
      if (!this.#isRunning) return;
      this.#cancelRestart = this.#context.clock.after(this.#restartMs, () => {
        this.#cancelRestart = undefined;
        this.#startThread();
      });
      this.#restartMs = Math.min(2 * this.#restartMs, LONGEST_RESTART_MS);
    });
    this.#sendLinks();
  }

  /** Its open records are gone with it: who reads sees the time without one. */
  #failed(error: unknown): void {
    const failure = new SluiceError('LINKS_THREAD_FAILED', { reason: reasonOf(error) }, error);
    if (this.#failure?.message !== failure.message)
      this.#context.log.error({ code: failure.code, err: error }, failure.message);
    this.#failure = failure;
  }

  #hear(news: StampNews): void {
    const { log } = this.#context;
    if (news.kind === 'evidence') {
      this.#failure = undefined;
      this.#restartMs = FIRST_RESTART_MS;
      this.#context.report(news.evidence);
    } else if (news.kind === 'loop') {
      if (news.reason !== undefined)
        log.warn({ reason: news.reason }, 'probes are timed by the program and not by the kernel');
    } else if (news.kind === 'note') log.warn({ probes: 'stamp' }, news.text);
    else if (news.reason === undefined) {
      this.#troubles.delete(news.link);
      const isProbed = this.#isRunning && this.#links.some(({ link }) => link === news.link);
      if (isProbed) log.info({ link: news.link }, 'its probes are sent again');
    } else {
      this.#troubles.set(news.link, news.reason);
      log.warn({ link: news.link, reason: news.reason }, 'its probes are not sent');
    }
  }

  #sendLinks(): void {
    const [links, recordMs, addresses] = [this.#links, this.#recordMs, this.#addresses];
    this.#send({ kind: 'links', recordMs, links, addresses });
  }

  #send(order: StampOrder): void {
    this.#thread?.postMessage(order);
  }

  /**
   * A name server that is silent holds nothing up: the other links go on, and what it has to say is told when it comes. Where
   * other links come meanwhile, they are handed over by their own call.
   */
  async #goBy(): Promise<void> {
    const links = this.#links;
    await Promise.race([this.#resolve(), delay(this.#context.clock, RESOLVE_FIRST_MS)]);
    if (links !== this.#links || !this.#isRunning) return;
    if (this.#thread) this.#sendLinks();
    else if (!this.#cancelRestart) this.#startThread();
  }

  /** Looks up all names; one that is known keeps its address while the name cannot be looked up. */
  async #resolve(): Promise<void> {
    this.#cancelResolve?.();
    const links = this.#links;
    const before = this.#addresses;
    const names = [...new Set(links.map(({ spec }) => spec.address))];
    this.#addresses = new Map(
      names.flatMap((name) => {
        const address = isIP(name) ? canonical(name) : before.get(name);
        return address === undefined ? [] : [[name, address] as const];
      }),
    );
    const found = await Promise.all(
      names.map(async (name): Promise<[string, string | undefined]> => {
        if (isIP(name)) return [name, name];
        const answer = await lookup(name).catch(() => undefined);
        return [name, answer?.address ?? before.get(name)];
      }),
    );
    if (!this.#isRunning || links !== this.#links) return;
    const known = found.filter((one): one is [string, string] => one[1] !== undefined);
    this.#addresses = new Map(known.map(([name, address]) => [name, canonical(address)]));
    this.#send({ kind: 'addresses', addresses: this.#addresses });
    const isMissing = known.length < names.length;
    this.#cancelResolve = this.#context.clock.after(
      isMissing ? RESOLVE_AGAIN_MS : RESOLVE_EVERY_MS,
      () => void this.#resolve(),
    );
  }
}

/** As answers name their sender (RFC 5952). */
function canonical(address: string): string {
  if (isIP(address) === 4) return address;
  const [text, zone] = address.split('%');
  const written = new URL(`http://[${text}]`).hostname.slice(1, -1);
  return zone === undefined ? written : `${written}%${zone}`;
}
