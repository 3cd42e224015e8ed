import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** What a service is given by whoever runs it. */
export interface ServiceContext {
  readonly clock: Clock;
  readonly log: Log;
  /** Everything a service keeps on disk is under here. */
  readonly dataFolder: string;
  /** Where the configuration file is: names of other files in it are relative to this folder. */
  readonly configFolder: string;
}
