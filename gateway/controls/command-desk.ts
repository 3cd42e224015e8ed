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

/**
 * Sees to it that each command is acted on once and reported once. A disk that fails keeps nothing from being closed and
 * no outcome from being reported: without its book the gateway only opens nothing.
 *
 * A report goes to the outbox first and into the book after it. Whoever dies in between reports again at the next
 * start, under the same event id, which is made of the command's: hosts keep the first.
 */
export class CommandDesk {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #emit: (event: GatewayEvent) => void;
  #book: CommandBook | undefined;
  #trouble: SluiceError | undefined;

  constructor(clock: Clock, log: Log, emit: (event: GatewayEvent) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#emit = emit;
  }

  open(folder: string): void {
    this.#try(() => {
      this.#book = new CommandBook(folder);
    });
  }

  close(): void {
    this.#book?.close();
    this.#book = undefined;
  }

  /** Whether this command was here before; if so, and it has an end, that is told again. */
  isRepeat(id: string): boolean {
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
    this.#trouble = this.#book ? undefined : this.#trouble;
    this.#try(() => this.#book?.begin(request));
    if (!this.#trouble) return undefined;
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
    this.tell(end);
    this.#try(() => this.#book?.end(end));
  }

  tell(event: GatewayEvent): void {
    this.#try(() => this.#emit(event));
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
