import { renameSync, writeFileSync } from 'node:fs';
import type { Cancel, Clock } from './clock.ts';
import { reasonOf } from './errors.ts';
import type { ServiceState } from './lifecycle.ts';
import type { Log } from './log.ts';

const EVERY_MS = 5_000;

/** What stands in the file: when it was written, and every service that is not up, with the reason. */
export interface AliveNote {
  readonly timeMs: number;
  readonly notUp: readonly string[];
}

export interface AliveOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly states: () => ReadonlyMap<string, ServiceState>;
}

/**
 * Writes an `AliveNote` every 5 s until it is cancelled, for whoever watches a process that has no address to ask, such as the
 * gateway: an old one says that the process hangs. A file that cannot be written says so once, and harms nothing.
 */
export function keepAliveFile(file: string, { clock, log, states }: AliveOptions): Cancel {
  let isUnwritable = false;
  let cancel: Cancel = () => {};
  function write(): void {
    try {
      const note: AliveNote = { timeMs: clock.nowMs(), notUp: [...states()].flatMap(problemOf) };
      writeFileSync(`${file}.new`, `${JSON.stringify(note)}\n`);
      renameSync(`${file}.new`, file);
      isUnwritable = false;
    } catch (error) {
      if (!isUnwritable) log.warn({ file }, `--alive cannot be written: ${reasonOf(error)}`);
      isUnwritable = true;
    }
    cancel = clock.after(EVERY_MS, write);
  }
  write();
  return () => cancel();
}

function problemOf([name, state]: [string, ServiceState]): string[] {
  if (state.state === 'up') return [];
  return [state.state === 'down' ? `${name}: ${state.error.message}` : `${name}: ${state.state}`];
}
