import type { MetricValue } from '../../core/sparkplug/payload.ts';

/** One value of a sender that is no Sparkplug node: everything that is known of it comes with it. Ids are checked. */
export interface DoorReading {
  readonly site: string;
  readonly gateway: string;
  /** Empty where it belongs to the gateway itself. */
  readonly device: string;
  /** As Sparkplug nodes name their metrics: `measurement/field` or `measurement/field/point`. */
  readonly name: string;
  /** As `core/units.ts` names it; '' for the canonical one. */
  readonly unit: string;
  readonly tags?: Readonly<Partial<Record<'zone' | 'link' | 'class', string>>>;
  readonly value: MetricValue;
  /** UTC. */
  readonly timeMs: number;
  /** False where the sender gave no time, or one relative to now: a repeat of it is another reading. */
  readonly isTimed: boolean;
  /** Where it stood in what was sent, by the sender's own count: a line, a record. */
  readonly at: number;
}
