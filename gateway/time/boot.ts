import { randomUUID } from 'node:crypto';
import { machineBootId } from '../machine-boot-id.ts';

/** The time within which a monotonic clock counts on. */
export interface Boot {
  readonly id: string;
  /** Whether it is that of the machine, and so outlives the process. */
  readonly isOfMachine: boolean;
  /** What to add to `performance.now()` to count from its start. */
  readonly sinceBootMs: number;
}

/** Linux names each boot, and its monotonic clock is one for all processes; elsewhere each process is its own. */
export function findBoot(file?: string): Boot {
  const id = machineBootId(file);
  if (id === '') return { id: randomUUID(), isOfMachine: false, sinceBootMs: 0 };
  const sinceBootMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
  return { id, isOfMachine: true, sinceBootMs };
}
