import type { CommandProgress } from './command-state.ts';

/** A command as it was taken, and how far it has come. Times are UTC. */
export interface CommandRecord extends CommandProgress {
  readonly id: string;
  readonly site: string;
  readonly gateway: string;
  /** Empty for a point of the gateway itself. */
  readonly device: string;
  readonly metric: string;
  readonly value: number | boolean;
  /** Sparkplug's, as the birth named it. */
  readonly dataType: number;
  readonly alias?: number;
  /** 0 without a lease. */
  readonly leaseMs: number;
  /** `api:…` or `mqtt:…`, by the door that it came through. */
  readonly issuer: string;
  readonly submittedMs: number;
}

/** What is asked for, before it has been looked at. */
export interface CommandWish {
  readonly id?: string;
  readonly site: string;
  readonly gateway: string;
  readonly device: string;
  readonly metric: string;
  readonly value: number | boolean;
  readonly leaseS: number;
  readonly validForS: number;
  readonly issuer: string;
}
