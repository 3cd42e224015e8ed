import type { ErrorCode } from '../../core/errors.ts';
import { gatewayName } from '../gateway-name.ts';
import type { GatewayCounters } from '../http/sources.ts';

/** Counts of one gateway since this process started, in readings. */
export interface GatewayAccount {
  readonly site: string;
  readonly gateway: string;
  received: number;
  /** Known by their numbers to be stored or rejected already, or to wait for the store; they are not in `received`. */
  repeated: number;
  /** Not taken for want of room, as their gateway has them and sends them again; they are not in `received`. */
  deferred: number;
  stored: number;
  rejected: number;
  readonly rejectedByCode: Map<ErrorCode, number>;
  /** Given up because nothing could be written and no room was left; with the time that they cover. */
  dropped: number;
  droppedFromMs: number;
  droppedToMs: number;
  /** Received, and neither stored nor rejected nor dropped yet. */
  inFlight: number;
}

/**
 * Where every reading ends up. At every moment, for every gateway:
 * received = stored + rejected + dropped + in flight.
 */
export class Accounting {
  readonly #accounts = new Map<string, GatewayAccount>();

  of(site: string, gateway: string): GatewayAccount {
    const key = gatewayName({ site, gateway });
    let account = this.#accounts.get(key);
    if (!account) {
      account = {
        site,
        gateway,
        received: 0,
        repeated: 0,
        deferred: 0,
        stored: 0,
        rejected: 0,
        rejectedByCode: new Map(),
        dropped: 0,
        droppedFromMs: Number.POSITIVE_INFINITY,
        droppedToMs: Number.NEGATIVE_INFINITY,
        inFlight: 0,
      };
      this.#accounts.set(key, account);
    }
    return account;
  }

  forget(site: string, gateway: string): void {
    this.#accounts.delete(gatewayName({ site, gateway }));
  }

  counters(): GatewayCounters[] {
    return [...this.#accounts.values()];
  }
}

export function countRejected(account: GatewayAccount, code: ErrorCode, readings: number): void {
  account.rejected += readings;
  account.rejectedByCode.set(code, (account.rejectedByCode.get(code) ?? 0) + readings);
}

export function countDropped(account: GatewayAccount, timeMs: number): void {
  account.dropped++;
  account.droppedFromMs = Math.min(account.droppedFromMs, timeMs);
  account.droppedToMs = Math.max(account.droppedToMs, timeMs);
}
