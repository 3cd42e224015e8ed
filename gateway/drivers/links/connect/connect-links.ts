import { isDeepStrictEqual } from 'node:util';
import type { HttpProbe, TcpProbe } from '../../../../core/links/link-plan.ts';
import type { Probe } from '../probe.ts';
import { evidenceOf, type ProbeEvidence } from '../probe-evidence.ts';
import { LATE_MS, ProbeLedger } from '../probe-ledger.ts';
import { ProbeSchedule } from '../probe-schedule.ts';
import type { ProbedLink } from '../prober.ts';
import type { Moment } from '../record-interval.ts';
import { type AttemptEnd, attemptConnection, attemptRequest } from './attempt.ts';
import { LoopStalls } from './loop-stalls.ts';
import { NameCache } from './name-cache.ts';

export type ConnectProbe = TcpProbe | HttpProbe;

/** Attempts under way at once, over all links: each holds a socket, and one process may hold some thousand. */
const MOST_UNDER_WAY = 512;
const CLOSE_EVERY_MS = 1_000;
/** Whoever was asked something may have given up on a thread that was away for so long. */
const AWAY_MS = 1_000;

interface Probed {
  readonly spec: ConnectProbe;
  readonly ledger: ProbeLedger;
  readonly schedule: ProbeSchedule;
  timer: NodeJS.Timeout | undefined;
}

/**
 * Probes by connecting, on the event loop of a thread that does nothing else. Times are taken by the program, of a clock
 * that is never set; what the loop was held up in is invalid.
 */
export class ConnectLinks {
  readonly #report: (evidence: ProbeEvidence) => void;
  readonly #note: (link: string, reason: string) => void;
  readonly #links = new Map<string, Probed>();
  readonly #stalls = new LoopStalls(monotonicMs);
  readonly #names = new NameCache(monotonicMs);
  readonly #underWay = new Set<AbortController>();
  readonly #closing: NodeJS.Timeout;
  #recordMs = 0;

  /** `note`: why a probe could not be sent. */
  constructor(report: (evidence: ProbeEvidence) => void, note: (link: string, reason: string) => void) {
    this.#report = report;
    this.#note = note;
    this.#stalls.start();
    this.#closing = setInterval(() => this.#close(), CLOSE_EVERY_MS);
  }

  replace(links: readonly ProbedLink<ConnectProbe>[], recordMs: number): void {
    const wanted = new Map(links.map((one) => [one.link, one.spec]));
    for (const [link, { spec }] of this.#links)
      if (recordMs !== this.#recordMs || !isDeepStrictEqual(spec, wanted.get(link))) this.#end(link);
    this.#recordMs = recordMs;
    this.#names.keep(new Set(links.map(({ spec }) => hostOf(spec))));
    for (const [link, spec] of wanted) if (!this.#links.has(link)) this.#begin(link, spec);
  }

  /** Reports what is left. */
  stop(): void {
    clearInterval(this.#closing);
    this.#stalls.stop();
    for (const link of [...this.#links.keys()]) this.#end(link);
    for (const abort of this.#underWay) abort.abort();
  }

  #begin(link: string, spec: ConnectProbe): void {
    const { everyMs, timeoutMs } = spec;
    const options = { recordMs: this.#recordMs, timeoutMs, sourcePorts: [0] };
    const start = { everyMs, spacing: 'periodic', startMs: monotonicMs(), random: Math.random } as const;
    const probed: Probed = {
      spec,
      ledger: new ProbeLedger(options, moment()),
      schedule: new ProbeSchedule(start),
      timer: undefined,
    };
    this.#links.set(link, probed);
    this.#names.find(hostOf(spec));
    this.#plan(link, probed);
  }

  #end(link: string): void {
    const { kind } = this.#links.get(link)!.spec;
    const { ledger, timer } = this.#links.get(link)!;
    clearTimeout(timer);
    this.#links.delete(link);
    for (const closed of ledger.end(moment())) this.#report(evidenceOf(link, kind, closed));
  }

  #close(): void {
    for (const [link, { ledger, spec }] of this.#links)
      for (const closed of ledger.close(moment())) this.#report(evidenceOf(link, spec.kind, closed));
  }

  #plan(link: string, probed: Probed): void {
    const delayMs = Math.max(0, probed.schedule.nextMs - monotonicMs());
    probed.timer = setTimeout(() => this.#turn(link, probed), delayMs);
  }

  #turn(link: string, probed: Probed): void {
    const { ledger, schedule } = probed;
    while (schedule.nextMs <= monotonicMs()) {
      const probe = ledger.due(0, schedule.nextMs, moment());
      schedule.advance();
      // Of turns that were missed, the last one is made up for: a burst would be no sample of the link.
      if (schedule.nextMs <= monotonicMs()) ledger.notSent(probe);
      else this.#attempt(link, probed, probe);
    }
    this.#plan(link, probed);
  }

  #attempt(link: string, { spec, ledger }: Probed, probe: Probe): void {
    const { address, reason: unknown } = this.#names.find(hostOf(spec));
    const isFull = this.#underWay.size >= MOST_UNDER_WAY;
    if (address === undefined || isFull) {
      this.#note(link, isFull ? `${MOST_UNDER_WAY} connections are being tried already` : unknown!);
      ledger.notSent(probe);
      return;
    }
    const abort = new AbortController();
    this.#underWay.add(abort);
    const startMs = monotonicMs();
    ledger.sent(probe, startMs);
    const done = (end: AttemptEnd | undefined) => {
      clearTimeout(timer);
      this.#underWay.delete(abort);
      const roundTripMs = monotonicMs() - startMs;
      const stalledMs = this.#stalls.longestSince(startMs);
      const reason = stalledMs > 0 ? 'stall' : undefined;
      if (end?.kind === 'answered') ledger.answered(probe, { roundTripMs, stampedBy: 'program' }, reason);
      else if (end?.kind === 'local') {
        ledger.notSent(probe);
        this.#note(link, end.reason);
      } else {
        if (stalledMs > AWAY_MS) ledger.doubt(probe, 'stall');
        ledger.lost(probe);
      }
    };
    const timer = setTimeout(() => {
      // After a stall, what has come meanwhile is looked at first.
      setImmediate(() => {
        if (!this.#underWay.has(abort)) return;
        abort.abort();
        done(undefined);
      });
    }, spec.timeoutMs + LATE_MS);
    abort.signal.addEventListener('abort', () => clearTimeout(timer));
    if (spec.kind === 'tcp') attemptConnection({ address, port: spec.port }, abort.signal, done);
    else attemptRequest({ url: spec.url, address }, abort.signal, done);
  }
}

function hostOf(spec: ConnectProbe): string {
  if (spec.kind === 'tcp') return spec.address;
  const { hostname } = new URL(spec.url);
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function monotonicMs(): number {
  return performance.now();
}

function moment(): Moment {
  return { utcMs: Date.now(), monotonicMs: monotonicMs() };
}
