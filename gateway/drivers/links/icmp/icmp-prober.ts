import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import type { Cancel } from '../../../../core/clock.ts';
import { reasonOf, type SluiceError } from '../../../../core/errors.ts';
import type { IcmpProbe } from '../../../../core/links/link-plan.ts';
import { evidenceOf } from '../probe-evidence.ts';
import { type ClosedRecord, ProbeLedger } from '../probe-ledger.ts';
import type { ProbedLink, Prober, ProberContext, ProberKind } from '../prober.ts';
import type { Moment } from '../record-interval.ts';
import type { FpingResult } from './fping-line.ts';
import { FpingProcess, mostTargets } from './fping-process.ts';
import { FpingTarget, waitMsOf } from './fping-target.ts';

const LOOK_EVERY_MS = 1_000;
/** Names may come to mean another address. */
const RESOLVE_EVERY_MS = 600_000;
/** A process that says nothing for so long, beyond what it waits for, is taken to hang. */
const SILENT_MS = 60_000;
const FIRST_AGAIN_MS = 1_000;
const LONGEST_AGAIN_MS = 60_000;

interface Probed {
  readonly spec: IcmpProbe;
  readonly ledger: ProbeLedger;
  readonly target: FpingTarget;
  /** Textual; absent while its name is not known. */
  address: string | undefined;
}

/** What one fping process does. */
interface Job {
  readonly links: readonly Probed[];
  /** Of each link, in the same order. */
  readonly addresses: readonly string[];
}

/** Echo requests through fping, one process for all links that agree in period, time-out, size and code point. */
export const icmpProber: ProberKind<'icmp'> = {
  fields: [
    ...(['latency', 'latency_p95', 'latency_p99', 'loss', 'jitter', 'variation'] as const),
    ...(['scheduled', 'received', 'lost', 'late', 'not_sent', 'invalid'] as const),
    ...(['duplicates', 'reordered'] as const),
  ],
  create: (context) => new IcmpProber(context),
};

export class IcmpProber implements Prober<IcmpProbe> {
  readonly #context: ProberContext;
  readonly #program: string;
  readonly #links = new Map<string, Probed>();
  readonly #jobs = new Map<Job, FpingProcess>();
  /** When each process was heard last, or began, monotonic ms. */
  readonly #heardMs = new Map<Job, number>();
  #isSilenceTold = false;
  #recordMs = 0;
  #isStarted = false;
  #againMs = FIRST_AGAIN_MS;
  #resolvedMs = Number.NEGATIVE_INFINITY;
  #trouble: SluiceError | undefined;
  #cancelLook: Cancel | undefined;
  #cancelAgain: Cancel | undefined;

  constructor(context: ProberContext, program = 'fping') {
    this.#context = context;
    this.#program = program;
  }

  replace(links: readonly ProbedLink<IcmpProbe>[], recordMs: number): void {
    const wanted = new Map(links.map(({ link, spec }) => [link, spec]));
    for (const [link, probed] of this.#links) {
      if (recordMs === this.#recordMs && isDeepStrictEqual(probed.spec, wanted.get(link))) continue;
      this.#links.delete(link);
      this.#report(link, probed.ledger.end(this.#now()));
    }
    this.#recordMs = recordMs;
    for (const [link, spec] of wanted) if (!this.#links.has(link)) this.#links.set(link, this.#probed(spec));
    if (this.#isStarted) void this.#resolve();
  }

  async start(): Promise<void> {
    this.#isStarted = true;
    this.#look();
    await this.#resolve();
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  async stop(): Promise<void> {
    this.#isStarted = false;
    this.#cancelLook?.();
    this.#cancelAgain?.();
    for (const process of this.#jobs.values()) process.stop();
    this.#jobs.clear();
    for (const [link, { ledger }] of this.#links) this.#report(link, ledger.end(this.#now()));
    this.#links.clear();
  }

  #probed(spec: IcmpProbe): Probed {
    const { timeoutMs, everyMs, address } = spec;
    const ledger = new ProbeLedger({ recordMs: this.#recordMs, timeoutMs, sourcePorts: [0] }, this.#now());
    const target = new FpingTarget(ledger, { everyMs, waitMs: waitMsOf(timeoutMs) }, this.#now());
    return { spec, ledger, target, address: isIP(address) > 0 ? address : undefined };
  }

  #look(): void {
    const now = this.#now();
    for (const [link, { ledger, target }] of this.#links) {
      target.look(now);
      this.#report(link, ledger.close(now));
    }
    for (const job of [...this.#jobs.keys()]) if (this.#isSilent(job, now)) this.#beginAnew(job);
    if (now.monotonicMs - this.#resolvedMs > RESOLVE_EVERY_MS) void this.#resolve();
    this.#cancelLook = this.#context.clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  /** Finds the addresses of names, and has fping running for what there is. */
  async #resolve(): Promise<void> {
    this.#resolvedMs = this.#now().monotonicMs;
    const named = [...this.#links].filter(([, { spec }]) => isIP(spec.address) === 0);
    await Promise.all(
      named.map(async ([link, probed]) => {
        try {
          probed.address = (await lookup(probed.spec.address)).address;
        } catch (thrown) {
          // An address that is known goes on being used: it is the name server that is away.
          this.#context.log.warn({ link }, `${probed.spec.address}: ${reasonOf(thrown)}`);
        }
      }),
    );
    if (this.#isStarted) this.#run();
  }

  /** Starts and ends processes so that they are those that the links need. One that is needed as it is goes on. */
  #run(): void {
    const needed = jobsOf([...this.#links.values()]);
    for (const [job, process] of this.#jobs) {
      if (needed.some((one) => isSame(one, job))) continue;
      process.stop();
      this.#over(job);
    }
    for (const job of needed) if (![...this.#jobs.keys()].some((one) => isSame(one, job))) this.#begin(job);
  }

  #begin(job: Job): void {
    const { links, addresses } = job;
    const { everyMs, timeoutMs, sizeBytes, dscp } = links[0]!.spec;
    const targets = Map.groupBy(links.keys(), (at) => addresses[at]!);
    for (const { target } of links) target.begin(this.#now());
    const listener = {
      result: (result: FpingResult) => {
        this.#againMs = FIRST_AGAIN_MS;
        this.#trouble = undefined;
        this.#isSilenceTold = false;
        this.#heardMs.set(job, this.#now().monotonicMs);
        for (const at of targets.get(result.target) ?? []) links[at]!.target.take(result, this.#now());
      },
      ended: (error: SluiceError) => this.#ended(job, error),
    };
    const options = { targets: [...targets.keys()], everyMs, sizeBytes, dscp, waitMs: waitMsOf(timeoutMs) };
    this.#heardMs.set(job, this.#now().monotonicMs);
    this.#jobs.set(job, new FpingProcess(options, listener, this.#program));
  }

  #isSilent(job: Job, { monotonicMs }: Moment): boolean {
    const { everyMs, timeoutMs } = job.links[0]!.spec;
    return monotonicMs - this.#heardMs.get(job)! > SILENT_MS + everyMs + waitMsOf(timeoutMs);
  }

  /** Also where no target has a route (5.1 says nothing then): a new one does no harm. */
  #beginAnew(job: Job): void {
    if (!this.#isSilenceTold)
      this.#context.log.warn({ probes: 'icmp' }, 'fping says nothing, and is started anew until it does');
    this.#isSilenceTold = true;
    this.#jobs.get(job)!.stop();
    this.#over(job);
    this.#begin(job);
  }

  #over(job: Job): void {
    this.#jobs.delete(job);
    this.#heardMs.delete(job);
    for (const { target } of job.links) target.end();
  }

  #ended(job: Job, error: SluiceError): void {
    this.#over(job);
    if (this.#trouble?.code !== error.code) this.#context.log.error({ code: error.code }, error.message);
    this.#trouble = error;
    const againMs = error.code === 'FPING_MISSING' ? LONGEST_AGAIN_MS : this.#againMs;
    this.#againMs = Math.min(LONGEST_AGAIN_MS, 2 * this.#againMs);
    this.#cancelAgain?.();
    this.#cancelAgain = this.#context.clock.after(againMs, () => this.#run());
  }

  #report(link: string, closed: readonly ClosedRecord[]): void {
    for (const one of closed) this.#context.report(evidenceOf(link, 'icmp', one));
  }

  #now(): Moment {
    // fping stamps by the system clock.
    return { utcMs: Date.now(), monotonicMs: this.#context.clock.monotonicMs() };
  }
}

/** One for all links that agree in what fping knows only one of, and more where they are too many for one process. */
function jobsOf(links: readonly Probed[]): Job[] {
  const known = links.filter(({ address }) => address !== undefined);
  const alike = Map.groupBy(known, ({ spec: { everyMs, timeoutMs, sizeBytes, dscp } }) =>
    [everyMs, timeoutMs, sizeBytes, dscp].join(' '),
  );
  return [...alike.values()].flatMap((all) => {
    const most = mostTargets(all[0]!.spec.everyMs);
    const parts = Array.from({ length: Math.ceil(all.length / most) }, (_, part) =>
      all.slice(part * most, (part + 1) * most),
    );
    return parts.map((part): Job => ({ links: part, addresses: part.map(({ address }) => address!) }));
  });
}

function isSame(a: Job, b: Job): boolean {
  return (
    a.links.length === b.links.length &&
    a.links.every((link, at) => link === b.links[at] && a.addresses[at] === b.addresses[at])
  );
}
