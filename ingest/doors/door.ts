import type { Cancel, Clock } from '../../core/clock.ts';
import type { SluiceError } from '../../core/errors.ts';
import type { Metric } from '../../core/sparkplug/payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { gatewayName } from '../gateway-name.ts';
import type { LetterSink, RefusedMessage } from '../letters/letter.ts';
import { type Refusal, refusal } from '../pipeline/check-reading.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Outcome } from '../pipeline/receipt.ts';
import type { RefusalLog } from '../pipeline/refusal-log.ts';
import type { MetricDefinition } from '../session/host-state.ts';
import type { DoorReading } from './door-reading.ts';

/** What became of everything that was sent at once. */
export interface DoorOutcome {
  readonly stored: number;
  /** Refused for reasons that no repeat mends, in the order of the sender. */
  readonly rejected: readonly { readonly at: number; readonly problem: Refusal }[];
  /** False once something was given up for want of room or of a store: send it again. */
  readonly isWhole: boolean;
}

interface DoorParts {
  readonly pipeline: Pick<Pipeline, 'take' | 'refuse' | 'hurry'>;
  readonly refusals: RefusalLog;
  readonly letters: LetterSink;
  readonly clock: Clock;
}

interface DoorLimits {
  readonly maxGateways: number;
  readonly maxSeriesPerGateway: number;
}

/** Somebody waits for the answer; but messages that come together are written together. */
const GATHER_MS = 10;
/** What is neither number, boolean nor text reaches the pipeline under this type, which refuses it by its name. */
const { Bytes } = DATA_TYPES;

/** The way of readings that come over no Sparkplug session into the pipeline: the same checks, the same account. */
export class Door {
  readonly #parts: DoorParts;
  readonly #limits: DoorLimits;
  /**
   * By gateway, then by what makes a metric. Only so that the pipeline's own work on a metric is done once; it decides
   * how many series there may be.
   */
  readonly #definitions = new Map<string, Map<string, MetricDefinition>>();
  #cancelHurry: Cancel | undefined;

  constructor(limits: DoorLimits, parts: DoorParts) {
    this.#limits = limits;
    this.#parts = parts;
  }

  /** `settled` is called once, when everything is durable, refused or given up; not when ingest stops before. */
  take(
    readings: readonly DoorReading[],
    settled: (outcome: DoorOutcome) => void,
    { isLive = true }: { readonly isLive?: boolean } = {},
  ): void {
    const nowMs = this.#parts.clock.nowMs();
    const groups = this.#grouped(readings);
    const rejected: { at: number; problem: Refusal }[] = [];
    let open = groups.size;
    let stored = 0;
    let isWhole = true;
    const finish = (group: readonly DoorReading[], outcome: Outcome) => {
      stored += outcome.stored;
      isWhole &&= outcome.isWhole;
      for (const { position, problem } of outcome.rejected)
        rejected.push({ at: group[position]!.at, problem });
      if (--open > 0) return;
      rejected.sort((one, other) => one.at - other.at);
      settled({ stored, rejected, isWhole });
    };
    if (open === 0) settled({ stored, rejected, isWhole });
    for (const group of groups.values()) this.#takeGroup(group, nowMs, isLive, (one) => finish(group, one));
    this.#cancelHurry ??= this.#parts.clock.after(GATHER_MS, () => {
      this.#cancelHurry = undefined;
      this.#parts.pipeline.hurry();
    });
  }

  /**
   * Counts what never became a reading, under its sender, and keeps it as a dead letter; `sender` is absent where it has
   * no name that can be one.
   */
  refuse(
    sender: { readonly site: string; readonly gateway: string } | undefined,
    error: SluiceError,
    readings: number,
    message: RefusedMessage,
  ): void {
    const { pipeline, refusals, letters } = this.#parts;
    const problem = { code: error.code, describe: () => error };
    const known = sender && this.#definitionsOf(sender) ? sender : undefined;
    if (known) pipeline.refuse(known.site, known.gateway, error, readings);
    else refusals.note('unknown sender', error.code, Math.max(1, readings), problem.describe);
    letters.keep(known ?? { site: '', gateway: '' }, problem, () => ({ message }));
  }

  /** Puts on the disk what was refused; false where that cannot be done now: then it should come again. */
  keepRefused(): boolean {
    try {
      this.#parts.letters.flush();
      return true;
    } catch {
      // Said by the letters themselves.
      return false;
    }
  }

  #grouped(readings: readonly DoorReading[]): Map<string, DoorReading[]> {
    const groups = new Map<string, DoorReading[]>();
    for (const reading of readings) {
      const key = gatewayName(reading);
      const group = groups.get(key);
      if (group) group.push(reading);
      else groups.set(key, [reading]);
    }
    return groups;
  }

  #takeGroup(
    group: readonly DoorReading[],
    nowMs: number,
    isLive: boolean,
    settled: (outcome: Outcome) => void,
  ): void {
    const { site, gateway } = group[0]!;
    const known = this.#definitionsOf(group[0]!);
    if (!known) {
      const problem = refusal('GATEWAY_LIMIT', { gateway, limit: this.#limits.maxGateways });
      this.#parts.refusals.note('unknown sender', problem.code, group.length, problem.describe);
      const rejected = group.map((_, position) => ({ position, problem }));
      settled({ stored: 0, rejected, isWhole: true });
      return;
    }
    const metrics: Metric[] = group.map(({ value, timeMs }) => ({
      ...{ value, timeMs },
      ...(value === undefined ? { dataType: Bytes } : {}),
      ...(isLive ? {} : { isHistorical: true }),
    }));
    const definitions = group.map((one) => this.#definitionOf(known, one));
    // Events and births are things of gateways with a session: here everything is data.
    const incoming = { site, gateway, metrics, definitions, defaultTimeMs: nowMs, isBirth: false };
    this.#parts.pipeline.take({ ...incoming, receipt: { settled } });
  }

  #definitionsOf(sender: Pick<DoorReading, 'site' | 'gateway'>): Map<string, MetricDefinition> | undefined {
    const key = gatewayName(sender);
    const found = this.#definitions.get(key);
    if (found || this.#definitions.size >= this.#limits.maxGateways) return found;
    const made = new Map<string, MetricDefinition>();
    this.#definitions.set(key, made);
    return made;
  }

  #definitionOf(known: Map<string, MetricDefinition>, reading: DoorReading): MetricDefinition {
    const { site, gateway, device, name, unit, tags = {} } = reading;
    const { zone = '', link = '', class: kind = '' } = tags;
    const key = [device, name, unit, zone, link, kind].join('\u0000');
    const found = known.get(key);
    if (found) return found;
    // Names are the sender's: once there are more than can be series, they are worked out anew.
    if (known.size >= this.#limits.maxSeriesPerGateway) known.clear();
    const properties = { engUnit: unit, zone, link, class: kind };
    const made = { site, gateway, device, name, dataType: undefined, properties };
    known.set(key, made);
    return made;
  }
}
