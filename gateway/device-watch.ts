import { GATEWAY_ITSELF, isWayGone, type Outcome } from './driver.ts';

/**
 * So many times in a row a device must be silent before it counts as down: noise takes single frames. Where the way to
 * it is gone, once is enough.
 */
const DOWN_AFTER = 3;

interface Watched {
  isUp: boolean | undefined;
  failures: number;
  errorCode: string | undefined;
}

/** What an outcome has changed. */
export interface WatchChange {
  readonly device?: 'up' | 'down';
  /** Another kind of error than last time, or none any more. */
  readonly isErrorNew: boolean;
}

/** Decides from the outcomes which devices are alive. */
export class DeviceWatch {
  readonly #devices = new Map<string, Watched>();

  get devicesUp(): string[] {
    return [...this.#devices].filter(([id, { isUp }]) => isUp && id !== GATEWAY_ITSELF).map(([id]) => id);
  }

  /** It is no device of this gateway any more. */
  forget(device: string): void {
    this.#devices.delete(device);
  }

  observe({ device, isReached, isGone, error }: Outcome): WatchChange {
    const watched = this.#devices.get(device) ?? { isUp: undefined, failures: 0, errorCode: undefined };
    this.#devices.set(device, watched);
    const isErrorNew = watched.errorCode !== error?.code;
    watched.errorCode = error?.code;
    const isDownAtOnce = isGone || (error && isWayGone(error));
    watched.failures = isReached ? 0 : watched.failures + (isDownAtOnce ? DOWN_AFTER : 1);
    if (isReached && !watched.isUp) {
      watched.isUp = true;
      return { device: 'up', isErrorNew };
    }
    if (watched.failures >= DOWN_AFTER && watched.isUp !== false) {
      watched.isUp = false;
      return { device: 'down', isErrorNew };
    }
    return { isErrorNew };
  }
}
