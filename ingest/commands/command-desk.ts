import { randomUUID } from 'node:crypto';
import type { Cancel, Clock } from '../../core/clock.ts';
import { commandMetric } from '../../core/command.ts';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import type { DataType } from '../../core/sparkplug/payload.ts';
import { formatTopic } from '../../core/sparkplug/topic.ts';
import type { KeptEvent } from '../events/event-sink.ts';
import type { HostState } from '../session/host-state.ts';
import { opened } from '../state-database.ts';
import { checkCommand } from './check-command.ts';
import { CommandFile, type CommandFilter, type FoundCommand } from './command-file.ts';
import type { CommandRecord, CommandWish } from './command-record.ts';
import { type CommandAnswer, type CommandInput, stepCommand } from './command-state.ts';
import type { CommandsConfig } from './config.ts';

/** Under way at once. Each is sent every two seconds, so this also bounds what goes to the broker. */
const MOST_PENDING = 1_000;
const DAY_MS = 86_400_000;
const RETRY_MS = 2_000;

interface CommandDeskParts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: HostState;
  publish(topic: string, payload: Uint8Array): void;
  /** A command was taken, has ended, or the truth about it has come. */
  changed(record: CommandRecord): void;
}

/**
 * Takes commands, sends them until they are answered, and keeps what became of each on disk before it says so: a
 * command that was taken before `kill -9` goes on afterwards, or ends as unanswered.
 */
export class CommandDesk implements Service {
  readonly name = 'commands';
  readonly #config: CommandsConfig;
  readonly #parts: CommandDeskParts;
  readonly #pending = new Map<string, CommandRecord>();
  readonly #timers = new Map<string, Cancel>();
  #file: CommandFile | undefined;

  constructor(config: CommandsConfig, parts: CommandDeskParts) {
    this.#config = config;
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const file = new CommandFile(this.#parts.folder);
    this.#file = file;
    file.clearBefore(this.#parts.clock.nowMs() - this.#config.keepDays * DAY_MS);
    for (const record of file.pending()) {
      this.#pending.set(record.id, record);
      const kind = file.hasLater(record) ? 'replaced' : 'time';
      this.#step(record, { kind, nowMs: this.#parts.clock.nowMs() });
    }
  }

  async stop(): Promise<void> {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#pending.clear();
    this.#file?.close();
    this.#file = undefined;
  }

  /**
   * On the disk when it returns. The same id with the same content is the same command. Throws an error of the
   * catalogue that says how to mend it: `COMMAND_…`, `ID_INVALID`, `REQUEST_INVALID`, `LEDGER_UNAVAILABLE`.
   */
  submit(wish: CommandWish): CommandRecord {
    const file = this.#opened();
    const known = wish.id === undefined ? undefined : file.get(wish.id);
    if (known) {
      if (isSame(known, wish)) return known;
      throw new SluiceError('COMMAND_ID_TAKEN', { id: known.id });
    }
    const target = checkCommand(this.#parts.host, wish, this.#config.maxLeaseS);
    if (this.#pending.size >= MOST_PENDING) throw new SluiceError('COMMANDS_FULL', { limit: MOST_PENDING });
    const nowMs = this.#parts.clock.nowMs();
    const { id = randomUUID(), site, gateway, device, metric, value, leaseS, validForS, issuer } = wish;
    const record: CommandRecord = {
      ...{ id, site, gateway, device, metric, value, issuer, ...target },
      leaseMs: Math.round(leaseS * 1000),
      submittedMs: nowMs,
      expiresAtMs: nowMs + Math.round(validForS * 1000),
      state: 'pending',
    };
    file.put(record, nowMs, 'submitted');
    this.#replace(record, nowMs);
    this.#pending.set(id, record);
    this.#parts.log.info({ command: id, site, gateway, device, metric, value, issuer }, 'command taken');
    this.#parts.changed(record);
    this.#step(record, { kind: 'time', nowMs });
    return record;
  }

  /** What gateways told. Each is on the disk when it returns; throws where the disk refuses. */
  take(events: readonly KeptEvent[]): void {
    for (const { site, gateway, event } of events) {
      if (event.kind !== 'command') continue;
      const record = this.#pending.get(event.command) ?? this.#opened().get(event.command);
      // A gateway may only answer for what it was asked itself.
      if (!record || record.site !== site || record.gateway !== gateway) continue;
      const { outcome, timeMs, leaseEndsMs, reason } = event;
      const answer: CommandAnswer = {
        ...{ outcome, timeMs },
        ...(leaseEndsMs === undefined ? {} : { leaseEndsMs }),
        ...(reason === undefined ? {} : { reason }),
      };
      this.#step(record, { kind: 'answer', answer });
    }
  }

  get(id: string): CommandRecord | undefined {
    return this.#pending.get(id) ?? this.#opened().get(id);
  }

  find(filter: CommandFilter): FoundCommand[] {
    return this.#opened().find(filter);
  }

  /** The last word for a point holds: what was asked for before is repeated no more. After a restart the file says so. */
  #replace(later: CommandRecord, nowMs: number): void {
    for (const one of this.#pending.values())
      if (isSamePoint(one, later)) this.#step(one, { kind: 'replaced', nowMs });
  }

  #step(record: CommandRecord, input: CommandInput): void {
    const { command, effects } = stepCommand(record, input);
    if (this.#pending.has(command.id)) this.#pending.set(command.id, command);
    for (const effect of effects) {
      if (effect.kind === 'send') this.#send(command);
      else if (effect.kind === 'wake') this.#wake(command, effect.delayMs);
      else this.#end(command);
    }
  }

  #send(record: CommandRecord): void {
    const { clock, publish } = this.#parts;
    const { site, gateway, device, dataType, alias } = record;
    const nowMs = clock.nowMs();
    const metric = commandMetric(record, dataType as DataType, nowMs);
    const payload = encodePayload({
      timeMs: nowMs,
      metrics: [alias === undefined ? metric : { ...metric, alias }],
    });
    const topic =
      device === ''
        ? formatTopic({ site, type: 'NCMD', gateway })
        : formatTopic({ site, type: 'DCMD', gateway, device });
    publish(topic, payload);
  }

  #wake(record: CommandRecord, delayMs: number): void {
    this.#timers.get(record.id)?.();
    const cancel = this.#parts.clock.after(delayMs, () => {
      this.#timers.delete(record.id);
      try {
        this.#step(record, { kind: 'time', nowMs: this.#parts.clock.nowMs() });
      } catch (thrown) {
        const { code, message } = asSluiceError(thrown);
        this.#parts.log.error({ command: record.id, code }, message);
        this.#wake(record, RETRY_MS);
      }
    });
    this.#timers.set(record.id, cancel);
  }

  #end(record: CommandRecord): void {
    const { clock, log, changed } = this.#parts;
    this.#opened().put(record, clock.nowMs(), 'ended');
    this.#timers.get(record.id)?.();
    this.#timers.delete(record.id);
    this.#pending.delete(record.id);
    const { id, state, issuer, answer } = record;
    log.info({ command: id, state, issuer, code: answer?.reason?.code }, 'command ended');
    changed(record);
  }

  #opened(): CommandFile {
    return opened(this.#file, 'commands.db');
  }
}

type Point = Pick<CommandRecord, 'site' | 'gateway' | 'device' | 'metric'>;

function isSamePoint(one: Point, other: Point): boolean {
  return (
    one.site === other.site &&
    one.gateway === other.gateway &&
    one.device === other.device &&
    one.metric === other.metric
  );
}

function isSame(known: CommandRecord, wish: CommandWish): boolean {
  return (
    isSamePoint(known, wish) &&
    known.issuer === wish.issuer &&
    Number(known.value) === Number(wish.value) &&
    known.leaseMs === Math.round(wish.leaseS * 1000)
  );
}
