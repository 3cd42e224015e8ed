import type { Static, TSchema } from 'typebox';
import type { Clock } from '../core/clock.ts';
import type { SluiceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Quantity } from '../core/quantities.ts';
import type { Quality } from '../core/reading.ts';
import type { DataType } from '../core/sparkplug/payload.ts';

/**
 * What a driver is to the gateway. A driver knows one way of talking to devices; it declares at once which metrics
 * they have, and then either is polled or delivers by itself (a receiver that streams, a node that wakes up).
 *
 * Drivers own no schedule: the poller decides when. What a driver throws stays with the device that was polled.
 */
export interface Driver {
  /** Fixed for the life of the driver, so that births can list every metric that will ever be sent. */
  readonly devices: readonly DeviceSpec[];
  /** Begins to listen, for drivers that do. Hardware that is absent is no failure here: polling reports it. */
  start?(signal: AbortSignal): Promise<void>;
  /** Asks a device for one of its groups. `undefined` where the driver chose not to ask now (back-off). */
  poll?(device: string, group: string, signal: AbortSignal): Promise<Outcome | undefined>;
  /** What keeps it from reaching any of its devices, while that lasts: a port that is away. */
  trouble?(): SluiceError | undefined;
  /** Releases everything; polls under way end with an error. May be called more than once. */
  stop(): Promise<void>;
}

/** An entry of the driver map: the settings it takes, and how to make one. Making one touches no hardware. */
export interface DriverKind<T extends TSchema = TSchema> {
  readonly schema: T;
  create(config: Static<T>, context: DriverContext): Driver;
}

export interface DriverContext {
  readonly clock: Clock;
  readonly log: Log;
  /** File names in the configuration are relative to this folder. */
  readonly configFolder: string;
  /** Where a driver may keep what must survive a restart. */
  readonly dataFolder: string;
  /** For what arrives without being asked for. */
  deliver(outcome: Outcome): void;
}

/** The device id under which a driver reports about the gateway itself (bus errors, processor load). */
export const GATEWAY_ITSELF = '';

export interface DeviceSpec {
  readonly id: string;
  readonly metrics: readonly MetricSpec[];
  /** What to poll and how often; empty for a device that delivers by itself. */
  readonly groups: readonly PollGroup[];
}

/** A day. Past 24.8 days a timer of Node would fire at once. */
export const LONGEST_INTERVAL_MS = 86_400_000;

export interface PollGroup {
  readonly id: string;
  /** At most `LONGEST_INTERVAL_MS`. */
  readonly everyMs: number;
}

/** One series of a device. Samples refer to the very object. Tags that are not set are empty. */
export interface MetricSpec {
  readonly quantity: Quantity;
  readonly point: string;
  readonly zone: string;
  readonly link: string;
  readonly class: string;
  readonly dataType: DataType;
}

export interface Sample {
  readonly metric: MetricSpec;
  /** In the canonical unit of the quantity; `null` where the device answered without a usable value. */
  readonly value: number | boolean | string | null;
  readonly quality: Quality;
}

/** Whether an error says that the way to a device is gone, and not only that the device was silent this once. */
export function isWayGone(error: SluiceError): boolean {
  return error.code === 'SERIAL_UNAVAILABLE' || error.code === 'SERIAL_LOST';
}

/** What came of one poll, or of one message from a device. */
export interface Outcome {
  readonly device: string;
  /** When the device was read or spoke, UTC. */
  readonly timeMs: number;
  /** Whether the device was heard at all: one that refuses a register is alive. */
  readonly isReached: boolean;
  readonly samples: readonly Sample[];
  /** Why samples are missing. */
  readonly error?: SluiceError;
}
