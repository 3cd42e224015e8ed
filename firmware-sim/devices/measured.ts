import { SluiceError } from '../../core/errors.ts';
import type { Random } from '../farm/random.ts';
import { type Fault, isValueFault, type ValueFault } from '../faults.ts';

interface Struck {
  readonly fault: ValueFault;
  readonly sinceS: number;
}

/**
 * Values as a sensor sees them: what `look` measures, and what is wrong with the sensor itself: drift, a value that
 * is stuck, spikes. Channels are named as the README names them.
 */
export class Measured<Channel extends string> {
  readonly #look: () => Record<Channel, number>;
  readonly #random: Random;
  #values: Record<Channel, number>;
  #faults: readonly Struck[] = [];
  #livedS = 0;

  /** `random` is for the faults alone, so that a fault changes nothing but what it strikes. */
  constructor(look: () => Record<Channel, number>, random: Random) {
    this.#look = look;
    this.#random = random;
    this.#values = look();
  }

  get values(): Readonly<Record<Channel, number>> {
    return this.#values;
  }

  /** Those that strike the line are not its own, and are passed over. Throws `CONFIG_INVALID` for an unknown channel. */
  setFaults(faults: readonly Fault[]): void {
    const channels = Object.keys(this.#values);
    const own = faults.filter(isValueFault);
    const unknown = own.find(({ channel }) => channel !== undefined && !channels.includes(channel));
    if (unknown) {
      const problems = `  fault ${unknown.kind}: there is no channel "${unknown.channel}"; channels: ${channels.join(', ')}`;
      throw new SluiceError('CONFIG_INVALID', { problems });
    }
    const before = this.#faults;
    // A fault that stays keeps its age.
    this.#faults = own.map((fault) => {
      return before.find((one) => same(one.fault, fault)) ?? { fault, sinceS: this.#livedS };
    });
  }

  /** Measures again, `durationS` after the last time. */
  sample(durationS: number): void {
    this.#livedS += durationS;
    const seen = this.#look();
    for (const { fault, sinceS } of this.#faults) {
      for (const channel of Object.keys(seen) as Channel[]) {
        if (fault.channel !== undefined && fault.channel !== channel) continue;
        seen[channel] = this.#struck(fault, this.#livedS - sinceS, seen[channel], this.#values[channel]);
      }
    }
    this.#values = seen;
  }

  #struck(fault: ValueFault, ageS: number, value: number, last: number): number {
    switch (fault.kind) {
      case 'drift':
        return value + ((fault.perHour ?? 1) * ageS) / 3600;
      case 'stuck-value':
        return last;
      case 'spikes': {
        const strikes = this.#random.chance(fault.share ?? 0.1);
        const sign = this.#random.chance(0.5) ? 1 : -1;
        return strikes ? value + sign * (fault.size ?? 100) : value;
      }
    }
  }
}

function same(one: ValueFault, other: ValueFault): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
