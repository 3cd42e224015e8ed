import { join } from 'node:path';
import { serviceContext } from '../../core/testing/service-context.ts';
import type { DriverContext, Outcome, TimeObservation, WriteEnd } from '../driver.ts';

/** What a driver is given in a test, and everything that it has told the gateway through it. */
export interface TestDriverContext extends DriverContext {
  readonly outcomes: Outcome[];
  readonly ends: { readonly id: string; readonly end: WriteEnd }[];
  readonly times: TimeObservation[];
}

export function driverContext(parts: Partial<DriverContext> = {}): TestDriverContext {
  const outcomes: TestDriverContext['outcomes'] = [];
  const ends: TestDriverContext['ends'] = [];
  const times: TestDriverContext['times'] = [];
  const { clock, log, dataFolder, configFolder } = serviceContext();
  return {
    clock,
    log,
    dataFolder,
    ownFolder: join(parts.dataFolder ?? dataFolder, 'gateway', 'farm.shed'),
    configFolder,
    deliver: (outcome) => outcomes.push(outcome),
    settleWrite: (id, end) => ends.push({ id, end }),
    observeTime: (observation) => times.push(observation),
    clockStatus: () => ({ isSynced: true, systemOffsetMs: undefined }),
    ...parts,
    outcomes,
    ends,
    times,
  };
}
