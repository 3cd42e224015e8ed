import type { Static, TSchema } from 'typebox';
import type { Clock } from '../core/clock.ts';
import type { ErrorCode, SluiceError } from '../core/errors.ts';
import type { LinkPlan } from '../core/links/link-plan.ts';
import type { Log } from '../core/log.ts';
import type { Quantity } from '../core/quantities.ts';
import type { Quality } from '../core/reading.ts';
import type { DataType } from '../core/sparkplug/payload.ts';
import type { PlanBounds } from './drivers/links/plan-bounds.ts';

/**
 * What a driver is to the gateway. A driver knows one way of talking to devices; it declares at once which metrics
 * they have, and then either is polled or delivers by itself (a receiver that streams, a node that wakes up).
 *
 * Drivers own no schedule: the poller decides when. What a driver throws stays with the device that was polled.
 */
export interface Driver {
  /**
   * Births list every metric that will ever be sent, so they are fixed for the life of the driver, or until `takesPlans.take` has
   * replaced them.
   */
  readonly devices: readonly DeviceSpec[];
  /** Where the host says what the devices are. At most one driver of a gateway. */
  readonly takesPlans?: PlanTaker;
  /** Begins to listen, for drivers that do. Hardware that is absent is no failure here: polling reports it. */
  start?(signal: AbortSignal): Promise<void>;
  /** Asks a device for one of its groups. `undefined` where the driver chose not to ask now (back-off). */
  poll?(device: string, group: string, signal: AbortSignal): Promise<Outcome | undefined>;
  /**
   * Writes a metric that has `write`, before any poll that waits, and reads back what the device then holds. A unit
   * that is being left alone because it was silent is asked all the same. Throws where the device did not take it, or
   * where that cannot be known; `queued` where the device sleeps, and then `settleWrite` tells the end.
   */
  write?(request: WriteRequest): Promise<WriteResult>;
  /** Ids of writes that are kept durably for sleeping devices and have no end yet. */
  queuedWrites?(): readonly string[];
  /**
   * For a driver that answers test packets: who is answered besides those of its settings, addresses or prefixes. Takes the
   * place of what was said before. May be called at any time from its making on.
   */
  allowReflection?(addresses: readonly string[]): void;
  /** What keeps it from reaching any of its devices, while that lasts: a port that is away. */
  trouble?(): SluiceError | undefined;
  /** Releases everything; polls under way end with an error. May be called more than once. */
  stop(): Promise<void>;
}

export interface PlanTaker {
  readonly bounds: PlanBounds;
  /**
   * Goes by this plan from now on. When it returns, `devices` are those of the plan; a link that stays as it was keeps its device, and is
   * not interrupted. What is still to be told of a link that goes may be delivered later, with the metrics that it had. The first may come
   * before `start`, and then it only declares. The plan fits the bounds, and its ids are no other device's.
   */
  take(plan: LinkPlan): void;
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
  /** Of the process, which may run several gateways: names of serial ports are relative to it. */
  readonly dataFolder: string;
  /** Of this gateway alone: where a driver may keep what must survive a restart. */
  readonly ownFolder: string;
  /** For what arrives without being asked for. */
  deliver(outcome: Outcome): void;
  /** The end of a write that was `queued`, perhaps by an earlier run. */
  settleWrite(id: string, end: WriteEnd): void;
  /** A source of time has spoken: a GNSS receiver, a network. */
  observeTime(observation: TimeObservation): void;
  /** How far the time of `clock` can be trusted. */
  clockStatus(): ClockStatus;
  /**
   * What goes over the wire, for a technician who watches one device; absent when nobody does. It comes and goes while
   * the driver runs: look at it each time.
   */
  readonly trace?: ((line: TraceLine) => void) | undefined;
}

export interface ClockStatus {
  readonly isSynced: boolean;
  /** What the system clock is ahead of the last time observed; `undefined` while there was none. */
  readonly systemOffsetMs: number | undefined;
}

export interface TimeObservation {
  readonly source: string;
  /** UTC at the moment `monotonicMs` of the context's clock. */
  readonly utcMs: number;
  readonly monotonicMs: number;
  /** How far off it may be, either way. */
  readonly errorMs: number;
}

export interface TraceLine {
  readonly direction: 'sent' | 'received' | 'note';
  readonly bytes?: Uint8Array;
  /** What the bytes mean, or what happened. */
  readonly text: string;
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
  /** When a value is worth sending; absent where every one is. */
  readonly report?: ReportRule;
  /** Only where it can be commanded. */
  readonly write?: WriteSpec;
}

/** Report by exception: a value is sent when it has moved by more than the dead band, or nothing was for so long. */
export interface ReportRule {
  /** In the canonical unit; 0 sends every change. */
  readonly deadBand: number;
  readonly longestSilenceMs: number;
}

/** What a command may do to a metric. */
export interface WriteSpec {
  readonly role: 'valve' | 'pump' | 'setting';
  /** Where it is brought to on start, when its lease ends, and by interlocks; harmless for ever. */
  readonly safeValue: number | boolean;
  /** Bounds of a number, in the canonical unit. */
  readonly min?: number;
  readonly max?: number;
  /** The device closes by itself: the driver hands it the length of the lease with each opening. */
  readonly hasDeviceTimer: boolean;
}

export interface WriteRequest {
  /** Of the command, or of what the gateway itself does. */
  readonly id: string;
  readonly device: string;
  readonly metric: MetricSpec;
  readonly value: number | boolean;
  /** How long the value may stand; 0 for the safe value. Never more than the lease. */
  readonly leaseMs: number;
  /** After this moment (monotonic, of the context's clock) it must not be written any more. */
  readonly notAfterMs: number;
}

export type WriteEnd =
  /** The device holds `value`, as read back. */
  | { readonly kind: 'done'; readonly value: number | boolean }
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly error: SluiceError };

export type WriteResult =
  | { readonly kind: 'done'; readonly value: number | boolean }
  | { readonly kind: 'queued' };

export interface Sample {
  readonly metric: MetricSpec;
  /** In the canonical unit of the quantity; `null` where the device answered without a usable value. */
  readonly value: number | boolean | string | null;
  readonly quality: Quality;
}

const WAY_GONE: readonly ErrorCode[] = [
  'SERIAL_UNAVAILABLE',
  'SERIAL_LOST',
  'NMEA_UNREACHABLE',
  'MODBUS_UNREACHABLE',
  'MODBUS_DISCONNECTED',
];

/** Whether an error says that the way to a device is gone, and not only that the device was silent this once. */
export function isWayGone(error: SluiceError): boolean {
  return WAY_GONE.includes(error.code);
}

/** What came of one poll, or of one message from a device. */
export interface Outcome {
  readonly device: string;
  /** When the device was read or spoke, UTC. */
  readonly timeMs: number;
  /** Whether the device was heard at all: one that refuses a register is alive. */
  readonly isReached: boolean;
  /** The device has said goodbye, or its time has run out: it is down at once. */
  readonly isGone?: true;
  readonly samples: readonly Sample[];
  /** Why samples are missing. */
  readonly error?: SluiceError;
}
