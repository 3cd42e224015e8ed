import type { ErrorCode, SluiceError } from '../../core/errors.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import type { Metric } from '../../core/sparkplug/payload.ts';
import type { LedgerAnnouncement } from '../ledger/ledger-book.ts';
import type { Receipt } from '../pipeline/receipt.ts';
import type { MetricDefinition } from './host-state.ts';
import type { PlainData } from './plain-data.ts';

/** Both clocks at one moment: wall time stamps things, monotonic time spaces them. */
export interface Instant {
  readonly nowMs: number;
  readonly monotonicMs: number;
}

export type HostInput = { readonly at: Instant } & (
  | { readonly kind: 'connected' /** As in the will. */; readonly stateTimestampMs: number }
  | { readonly kind: 'disconnected' }
  | { readonly kind: 'message'; readonly topic: string; readonly bytes: Uint8Array }
  | { readonly kind: 'timer'; readonly key: string }
  /** Another worker follows this gateway from here. */
  | { readonly kind: 'handedOver'; readonly site: string; readonly gateway: string }
);

/** Values with what their births say about them; `metrics[i]` belongs to `definitions[i]`. None is null. */
export interface IncomingReadings {
  readonly site: string;
  readonly gateway: string;
  readonly metrics: readonly Metric[];
  readonly definitions: readonly MetricDefinition[];
  /** For metrics without a time of their own. */
  readonly defaultTimeMs: number;
  /** A birth tells what is; only data tells what happens. */
  readonly isBirth: boolean;
  /** Where the gateway numbers its readings, and all that a repeat could bring is among them. */
  readonly numbered?: NumberedMessage;
  /** Where somebody waits for what becomes of it. */
  readonly receipt?: Receipt;
  /** The same metrics as columns, where it is plain data; then `metrics` are only made when they are asked for. */
  readonly plain?: PlainData;
}

/** How the metrics that were taken stand in the message that the mark belongs to. */
export interface NumberedMessage {
  readonly mark: LedgerMark;
  /** By index of `metrics`, its place in the message; absent where nothing was left out. */
  readonly positions?: readonly number[];
  /** What was left out, for reasons that no repeat mends. */
  readonly leftOut: readonly { readonly position: number; readonly code: ErrorCode }[];
}

/** In the order in which they are to be carried out. */
export type HostEffect =
  | { readonly kind: 'subscribe'; readonly topics: readonly string[] }
  | {
      readonly kind: 'publish';
      readonly topic: string;
      readonly payload: Uint8Array | string;
      readonly qos: 0 | 1;
      readonly retain: boolean;
    }
  | ({ readonly kind: 'readings' } & IncomingReadings)
  /** A birth; `said` is absent for a gateway that keeps no ledger. */
  | {
      readonly kind: 'ledger';
      readonly site: string;
      readonly gateway: string;
      readonly said: LedgerAnnouncement | undefined;
    }
  /** A gateway or one of its devices was born: what is known of its metrics has changed. */
  | { readonly kind: 'born'; readonly site: string; readonly gateway: string }
  /** The gateway had to give readings up. */
  | { readonly kind: 'dropped'; readonly site: string; readonly gateway: string; readonly mark: LedgerMark }
  /** Starts a timer, or starts it anew. */
  | { readonly kind: 'timer'; readonly key: string; readonly delayMs: number }
  | { readonly kind: 'cancelTimer'; readonly key: string }
  /** A gateway, or one of its devices, came or went. */
  | {
      readonly kind: 'presence';
      readonly site: string;
      readonly gateway: string;
      readonly device?: string;
      readonly online: boolean;
    }
  /** A gateway that was never born made room for another. */
  | { readonly kind: 'forgotten'; readonly site: string; readonly gateway: string }
  /** Something could not be used. `readings` says how many values went with it, as far as that is known. */
  | {
      readonly kind: 'refused';
      readonly site?: string;
      readonly gateway?: string;
      readonly error: SluiceError;
      readonly readings: number;
    };
