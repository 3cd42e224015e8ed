/** A condition that comes and goes so many times within a time is held as one, until it has been quiet for long. */
export const FLAPS = { times: 4, withinMs: 3_600_000, quietMs: 900_000 } as const;

/** What is wrong with a value, in which direction. */
export const SIDES = [
  'low',
  'high',
  'rise',
  'fall',
  'stuck',
  'no-data',
  'bad',
  'range',
  'above',
  'below',
] as const;
export type Side = (typeof SIDES)[number];

/** Lowest and highest values over a time, in parts of it, oldest first. */
export interface RateMemory {
  readonly kind: 'rate';
  readonly parts: readonly { readonly fromMs: number; readonly min: number; readonly max: number }[];
}

/** The run of values that lie within a band. */
export interface StuckMemory {
  readonly kind: 'stuck';
  readonly sinceMs: number;
  readonly lastMs: number;
  readonly min: number;
  readonly max: number;
  readonly values: number;
}

/**
 * What is known of one series by one threshold. `pending`: it is wrong, but not for long enough. `raised` is wrong, or was a
 * moment ago and flaps.
 */
export interface JudgeState {
  readonly phase: 'calm' | 'pending' | 'raised';
  readonly side?: Side;
  /** When what is wrong began; meaningless where it is calm. */
  readonly sinceMs: number;
  /** What it was wrong by when it began, was raised, or turned. */
  readonly value?: number;
  /** Of what is raised: the value that was furthest out since it began. */
  readonly worst?: number;
  /** When it was raised lately: as many as flapping is told by. */
  readonly raises: readonly number[];
  readonly flaps: boolean;
  /** Of one that flaps: since when it has been right. */
  readonly quietMs?: number;
  readonly memory?: RateMemory | StuckMemory;
}

export const CALM: JudgeState = { phase: 'calm', sinceMs: 0, raises: [], flaps: false };
