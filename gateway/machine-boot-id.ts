import { readFileSync } from 'node:fs';

/** Which start of the machine this is; empty where the system does not tell: it is Linux that does, and a container may hide it. */
export function machineBootId(file = '/proc/sys/kernel/random/boot_id'): string {
  try {
    return readFileSync(file, 'latin1').trim();
  } catch {
    return '';
  }
}
