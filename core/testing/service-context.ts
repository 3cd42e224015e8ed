import { systemClock } from '../clock.ts';
import type { ServiceContext } from '../context.ts';
import { createLog } from '../log.ts';

/** What a service is given in a test: real time, a silent log, no other service, and whatever `parts` says. */
export function serviceContext(parts: Partial<ServiceContext> = {}): ServiceContext {
  return {
    clock: systemClock,
    log: createLog('silent'),
    // Nothing can be written there: a test that keeps something names a folder of its own.
    dataFolder: '/dev/null/data',
    configFolder: '.',
    states: () => new Map(),
    announce: () => {},
    ...parts,
  };
}
