import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The time within which a monotonic clock counts on. */
export interface Boot {
  readonly id: string;
  /** Whether it is that of the machine, and so outlives the process. */
  readonly isOfMachine: boolean;
  /** What to add to `performance.now()` to count from its start. */
  readonly sinceBootMs: number;
}

/** Linux names each boot, and its monotonic clock is one for all processes; elsewhere each process is its own. */
export function findBoot(file = '/proc/sys/kernel/random/boot_id'): Boot {
  try {
    const id = readFileSync(file, 'latin1').trim();
    const sinceBootMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
    if (id !== '') return { id, isOfMachine: true, sinceBootMs };
  } catch {
    // Not Linux, or a container that hides it.
  }
  return { id: randomUUID(), isOfMachine: false, sinceBootMs: 0 };
}
