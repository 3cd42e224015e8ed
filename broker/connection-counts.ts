import type { Clock } from '../core/clock.ts';
import { addressKey, TokenBuckets } from '../core/passwords/token-buckets.ts';

export interface ConnectionLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly maxConnectionsPerUser: number;
  readonly connectsPerS: number;
}

/** Seconds of `connectsPerS` that may come at once: a site comes back as a whole. */
const BURST_S = 10;

/** How many connections there are, in all, by address and by user. */
export class ConnectionCounts {
  readonly #limits: ConnectionLimits;
  readonly #clock: Clock;
  readonly #rates: TokenBuckets;
  readonly #byAddress = new Map<string, number>();
  readonly #byUser = new Map<string, number>();
  #all = 0;

  constructor(limits: ConnectionLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
    this.#rates = new TokenBuckets(limits.connectsPerS * BURST_S, limits.connectsPerS);
  }

  get all(): number {
    return this.#all;
  }

  /** Why a connection from `address` is not taken; where it is, `leave` belongs to it. */
  enter(address: string): string | undefined {
    const key = addressKey(address);
    const here = this.#byAddress.get(key) ?? 0;
    if (this.#all >= this.#limits.maxConnections) return 'too many connections';
    if (here >= this.#limits.maxConnectionsPerAddress) return 'too many connections from this address';
    if (!this.#rates.take(key, this.#clock.monotonicMs())) return 'connects too often from this address';
    this.#all++;
    this.#byAddress.set(key, here + 1);
    return undefined;
  }

  leave(address: string): void {
    this.#all--;
    lower(this.#byAddress, addressKey(address));
  }

  /** False where `user` has enough of them; where not, `leaveUser` belongs to it. */
  enterUser(user: string): boolean {
    const here = this.#byUser.get(user) ?? 0;
    if (here >= this.#limits.maxConnectionsPerUser) return false;
    this.#byUser.set(user, here + 1);
    return true;
  }

  leaveUser(user: string): void {
    lower(this.#byUser, user);
  }
}

function lower(counts: Map<string, number>, key: string): void {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
}
