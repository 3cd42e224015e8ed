import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import type { Log } from '../../../core/log.ts';
import { writeDurably } from '../../../core/write-durably.ts';

const QueuedCommand = Type.Object({
  id: Type.String(),
  device: Type.String(),
  /** Measurement, field and point of the metric. */
  metric: Type.String(),
  value: Type.Union([Type.Number(), Type.Boolean()]),
  leaseMs: Type.Number(),
  /** UTC. */
  fromMs: Type.Number(),
  expiresMs: Type.Number(),
  attempts: Type.Number(),
  /** The node has confirmed the write; only reading back is left. */
  isTaken: Type.Boolean(),
});

/** A command that waits for its device to wake up. */
export type QueuedCommand = Static<typeof QueuedCommand>;

const File = Type.Array(QueuedCommand);
const MAX_COMMANDS = 10_000;

/**
 * Commands for sleeping devices, one for each point of a device: a later one takes the place of the earlier. On disk
 * before `put` returns, so a gateway that is killed still knows them. Throws `DATA_FOLDER_UNUSABLE`.
 */
export class CommandQueue {
  readonly #file: string;
  readonly #log: Log;
  #commands: QueuedCommand[] = [];

  constructor(file: string, log: Log) {
    this.#file = file;
    this.#log = log;
    try {
      const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (Value.Check(File, content)) this.#commands = content;
      else log.warn({ file }, 'The queue of commands is damaged; it begins empty');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      log.warn({ file, reason: reasonOf(error) }, 'The queue of commands cannot be read; it begins empty');
    }
  }

  get all(): readonly QueuedCommand[] {
    return this.#commands;
  }

  has(id: string): boolean {
    return this.#commands.some((one) => one.id === id);
  }

  of(device: string): readonly QueuedCommand[] {
    return this.#commands.filter((one) => one.device === device);
  }

  /** Returns the ones that it took the place of. */
  put(command: QueuedCommand): QueuedCommand[] {
    const isSamePoint = (one: QueuedCommand) =>
      one.device === command.device && one.metric === command.metric;
    const replaced = this.#commands.filter((one) => isSamePoint(one) && one.id !== command.id);
    const kept = this.#commands.filter((one) => !isSamePoint(one));
    if (kept.length >= MAX_COMMANDS) {
      const reason = `more than ${MAX_COMMANDS} commands wait`;
      throw new SluiceError('WRITE_IMPOSSIBLE', {
        value: String(command.value),
        metric: command.metric,
        device: command.device,
        reason,
      });
    }
    this.#save([...kept, command]);
    return replaced;
  }

  /** Changes one that is still there. */
  update(command: QueuedCommand): void {
    if (!this.#commands.some(({ id }) => id === command.id)) return;
    this.#keep(this.#commands.map((one) => (one.id === command.id ? command : one)));
  }

  /** Whether it was there. */
  remove(id: string): boolean {
    const kept = this.#commands.filter((one) => one.id !== id);
    if (kept.length === this.#commands.length) return false;
    this.#keep(kept);
    return true;
  }

  /** A full disk must not hold up a command under way; what the file still has ends by its expiry. */
  #keep(commands: QueuedCommand[]): void {
    this.#commands = commands;
    try {
      this.#save(commands);
    } catch (error) {
      this.#log.warn(
        { file: this.#file, reason: reasonOf(error) },
        'The queue of commands cannot be written',
      );
    }
  }

  #save(commands: QueuedCommand[]): void {
    writeDurably(this.#file, JSON.stringify(commands));
    this.#commands = commands;
  }
}
