import { createHash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type { CommandOutcome, CommandRequest } from '../../core/command.ts';
import { asSluiceError, reasonOf, SluiceError } from '../../core/errors.ts';
import { eventReason, type GatewayEvent } from '../../core/gateway-event.ts';
import { isId } from '../../core/ids.ts';
import type { Log } from '../../core/log.ts';
import { CommandBook } from './command-book.ts';
import type { Raised } from './judge.ts';

export interface ReportDetails {
  /** UTC. */
  readonly leaseEndsMs?: number;
  readonly reason?: SluiceError;
}

export interface CommandDeskOptions {
  readonly clock: Clock;
  readonly log: Log;
  emit(event: GatewayEvent): void;
  /** Whether all that was emitted would outlive the process by now. */
  isAllKept(): boolean;
}

/** How long a report stays in doubt at least: the outbox may sync its file later than it says that it is written. */
const DOUBT_MS = 10_000;
/** Of commands that are not in the book, and are known as repeats all the same. */
const MOST_UNRECORDED = 10_000;
/**
 * The book is synced for each command, and nothing is closed meanwhile. Of a flood, so much of a second may go into it,
 * and so much at once; the openings beyond are refused, the closes carried out without it.
 */
const BOOK_SHARE = 0.25;
const MOST_AT_ONCE_MS = 1_000;

/**
 * Sees to it that each command is acted on once and reported once. A disk that fails keeps nothing from being closed and
 * no outcome from being reported: without its book the gateway only opens nothing.
 *
 * An outcome goes into the book first and to the outbox after it, and the book keeps it in doubt until the outbox has
 * it for good. Whoever dies before that reports it again at the next start, under the same event id, which is made of
 * the command's: hosts keep the first.
 */
export class CommandDesk {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: CommandDeskOptions;
  #book: CommandBook | undefined;
  #trouble: SluiceError | undefined;
  #doubts: { readonly id: string; readonly atMs: number }[] = [];
  readonly #unrecorded = new Map<string, GatewayEvent | undefined>();
  #spareMs = MOST_AT_ONCE_MS;
  #spareAtMs: number;

  constructor(options: CommandDeskOptions) {
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#spareAtMs = options.clock.monotonicMs();
  }

  /** Opens the book, and tells again what an earlier run may have told nobody. */
  open(folder: string): void {
    this.#try(() => {
      this.#book = new CommandBook(folder);
    });
    for (const end of this.#try(() => this.#book?.doubted()) ?? []) {
      this.#doubt(end.command);
      this.tell(end);
    }
  }

  /** What the outbox has kept for long enough is told for good. */
  settle(): void {
    const beforeMs = this.#clock.monotonicMs() - DOUBT_MS;
    const old = this.#doubts.filter(({ atMs }) => atMs <= beforeMs);
    if (old.length === 0 || !this.#options.isAllKept()) return;
    this.#doubts = this.#doubts.filter(({ atMs }) => atMs > beforeMs);
    this.#try(() => this.#book?.trust(old.map(({ id }) => id)));
  }

  close(): void {
    this.#book?.close();
    this.#book = undefined;
  }

  /** Whether this command was here before; if so, and it has an end, that is told again. */
  isRepeat(id: string): boolean {
    if (this.#unrecorded.has(id)) {
      const end = this.#unrecorded.get(id);
      if (end) this.tell(end);
      return true;
    }
    const known = this.#try(() => this.#book?.find(id));
    if (known?.end) this.tell(known.end);
    return known !== undefined;
  }

  /** The command of an earlier run. */
  find(id: string): CommandRequest | undefined {
    return this.#try(() => this.#book?.find(id))?.request;
  }

  unfinished(): readonly CommandRequest[] {
    return this.#try(() => this.#book?.unfinished()) ?? [];
  }

  raised(line: string): readonly Raised[] {
    return this.#try(() => this.#book?.raised(line)) ?? [];
  }

  saveRaised(line: string, raised: readonly Raised[]): void {
    this.#try(() => this.#book?.saveRaised(line, raised));
  }

  /** Before anything is done about it. Says why where it is not on the disk. */
  record(request: CommandRequest): SluiceError | undefined {
    if (this.#spare() < 0) {
      this.#remember(request.id, undefined);
      return new SluiceError('COMMAND_FLOOD');
    }
    this.#trouble = this.#book ? undefined : this.#trouble;
    this.#timed(() => this.#book?.begin(request));
    if (!this.#trouble) return undefined;
    this.#remember(request.id, undefined);
    return new SluiceError('COMMAND_NOT_RECORDED', { reason: this.#trouble.message }, this.#trouble);
  }

  report(request: CommandRequest, outcome: CommandOutcome, details: ReportDetails = {}): void {
    const { device, metric, value, issuer } = request;
    const { leaseEndsMs, reason } = details;
    const end = {
      id: isId(request.id) ? eventIdOf(request.id) : eventIdOf(JSON.stringify(request)),
      timeMs: this.#clock.nowMs(),
      kind: 'command' as const,
      command: request.id.slice(0, 64),
      outcome,
      device,
      metric,
      value,
      issuer,
      ...(leaseEndsMs === undefined ? {} : { leaseEndsMs }),
      ...(reason ? { reason: eventReason(reason) } : {}),
    };
    this.#log.info(
      {
        command: end.command,
        device,
        metric,
        value,
        outcome,
        issuer,
        ...(reason ? { code: reason.code } : {}),
      },
      `command ${outcome}: ${metric} of ${device || 'the gateway'}${reason ? `: ${reason.message}` : ''}`,
    );
    if (this.#unrecorded.has(end.command)) this.#remember(end.command, end);
    else if (isId(request.id)) {
      this.#timed(() => this.#book?.end(end));
      this.#doubt(end.command);
    }
    this.tell(end);
  }

  tell(event: GatewayEvent): void {
    this.#try(() => this.#options.emit(event));
  }

  #doubt(id: string): void {
    this.#doubts.push({ id, atMs: this.#clock.monotonicMs() });
  }

  #remember(id: string, end: GatewayEvent | undefined): void {
    this.#unrecorded.set(id, end);
    if (this.#unrecorded.size > MOST_UNRECORDED)
      this.#unrecorded.delete(this.#unrecorded.keys().next().value!);
  }

  /** What is left of the time that the book may take. */
  #spare(): number {
    const nowMs = this.#clock.monotonicMs();
    const earnedMs = BOOK_SHARE * (nowMs - this.#spareAtMs);
    this.#spareMs = Math.min(MOST_AT_ONCE_MS, this.#spareMs + earnedMs);
    this.#spareAtMs = nowMs;
    return this.#spareMs;
  }

  #timed(act: () => void): void {
    const beganMs = this.#clock.monotonicMs();
    this.#try(act);
    this.#spareMs -= this.#clock.monotonicMs() - beganMs;
  }

  #try<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (this.#trouble?.message !== error.message) this.#log.error({ code: error.code }, reasonOf(error));
      this.#trouble = error;
      return undefined;
    }
  }
}

function eventIdOf(command: string): string {
  return `command-${createHash('sha256').update(command).digest('hex').slice(0, 32)}`;
}
