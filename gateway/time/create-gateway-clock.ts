import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { findBoot } from './boot.ts';
import type { ClockConfig } from './config.ts';
import { GatewayClock } from './gateway-clock.ts';
import { KeptTimeFile } from './kept-time-file.ts';
import { SystemClockEvidence } from './system-evidence.ts';

/** The clock of a gateway that keeps its things in `folder`. Writes nothing and asks nobody before `start`. */
export function createGatewayClock(
  config: ClockConfig,
  system: Clock,
  folder: string,
  log: Log,
): GatewayClock {
  return new GatewayClock({
    system,
    boot: findBoot(),
    keptTime: new KeptTimeFile(folder),
    evidence: new SystemClockEvidence(system, config.trustSystemClock),
    log,
  });
}
