import { readFileSync } from 'node:fs';

/**
 * Which start of the machine this is: another one means that what was not synced may be gone. Empty where the system
 * does not tell (it is Linux that does); a power cut is then taken for a kill.
 */
export function machineBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
