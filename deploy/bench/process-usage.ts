import { readFileSync } from 'node:fs';

/** Of one process with all its threads, as Linux counts it. */
export interface ProcessUsage {
  /** User and system time, ms. */
  readonly cpuMs: number;
  /** Resident memory at its highest since the process began, and now. */
  readonly peakMB: number;
  readonly nowMB: number;
}

/** Linux counts in hundredths of a second on every machine of today (`getconf CLK_TCK`). */
const TICK_MS = 10;

export function usageOf(pid: number): ProcessUsage {
  // The name in parentheses may hold anything; user and system time are the 14th and 15th field.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (key: string) =>
    Math.round((Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6);
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    peakMB: megabytes('VmHWM'),
    nowMB: megabytes('VmRSS'),
  };
}
