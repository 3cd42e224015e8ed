import type { Clock } from './clock.ts';
import type { ServiceState } from './lifecycle.ts';
import type { Log } from './log.ts';

/** What a service is given by whoever runs it. */
export interface ServiceContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Everything a service keeps on disk is under here. */
  readonly dataFolder: string;
  /** Where the configuration file is: names of other files in it are relative to this folder. */
  readonly configFolder: string;
  /** Every service of this process by its name. */
  states(): ReadonlyMap<string, ServiceState>;
  /** One line for the person at the terminal, apart from the log. */
  announce(line: string): void;
}
