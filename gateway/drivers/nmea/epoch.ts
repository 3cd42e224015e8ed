import type { Position, Sentence } from './sentence.ts';

/**
 * A receiver tells each moment in several sentences. RMC and GGA carry its time of day; GSA, GSV and VTG belong to
 * the moment in which they come. So an epoch ends when another time of day begins, or when the line has been quiet.
 */
export interface EpochState {
  readonly time: string;
  /** Monotonic, of its first sentence. */
  readonly startedAtMs: number;
  readonly lastAtMs: number;
  readonly gga: Extract<Sentence, { kind: 'GGA' }> | undefined;
  readonly rmc: Extract<Sentence, { kind: 'RMC' }> | undefined;
  readonly vtg: Extract<Sentence, { kind: 'VTG' }> | undefined;
  /** Satellites in use by system; a system may take two sentences. */
  readonly inUse: ReadonlyMap<string, readonly string[]>;
  /** In view by talker and signal. */
  readonly inView: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly gsaHdop: number | undefined;
  /** The epoch before it, which a pause within the burst may have ended too soon. */
  readonly ended: { readonly time: string; readonly startedAtMs: number } | undefined;
}

/** What a receiver knew at one moment. */
export interface Epoch {
  /** Monotonic: when its first sentence came. */
  readonly atMs: number;
  /** UTC, as the receiver says together with a valid fix. */
  readonly utcMs: number | undefined;
  /** `undefined` where the receiver told nothing of it. */
  readonly fix: number | undefined;
  /** Only with a fix. */
  readonly position: Position | undefined;
  readonly altitudeM: number | undefined;
  readonly speedMPerS: number | undefined;
  readonly courseDeg: number | undefined;
  readonly hdop: number | undefined;
  readonly satellitesInUse: number | undefined;
  readonly satellitesInView: number | undefined;
}

export interface EpochStep {
  readonly state: EpochState;
  /** The one that this sentence has ended. */
  readonly epoch: Epoch | undefined;
}

export const NO_EPOCH: EpochState = {
  time: '',
  startedAtMs: 0,
  lastAtMs: Number.NEGATIVE_INFINITY,
  gga: undefined,
  rmc: undefined,
  vtg: undefined,
  inUse: new Map(),
  inView: new Map(),
  gsaHdop: undefined,
  ended: undefined,
};

/** Within a burst there is seldom a gap like this, and between the bursts of a receiver at 5 Hz there is. */
const QUIET_MS = 80;
/** Past that the same time of day comes from a receiver that stands still, or is of another day. */
const SAME_MS = 1_000;
/** Systems and signals that an epoch may name; there are not nearly as many. */
const MOST_SYSTEMS = 32;

/** `atMs` is monotonic. */
export function stepEpoch(before: EpochState, sentence: Sentence, atMs: number): EpochStep {
  const time = 'time' in sentence ? sentence.time : before.time;
  const isOther = before.time !== '' && time !== before.time;
  const isLate = !('time' in sentence) && isTold(before) && atMs - before.lastAtMs > QUIET_MS;
  const ends = isOther || isLate;
  const state =
    ends || !isStarted(before) ? { ...NO_EPOCH, startedAtMs: atMs, ended: endOf(before) } : before;
  // The rest of a burst with a pause in it: it tells of the moment at which the burst began.
  const isRest = 'time' in sentence && time === state.ended?.time && atMs - state.ended.startedAtMs < SAME_MS;
  const startedAtMs = isRest ? state.ended!.startedAtMs : state.startedAtMs;
  return {
    state: taken(
      { ...state, startedAtMs, time: 'time' in sentence ? time : state.time, lastAtMs: atMs },
      sentence,
    ),
    epoch: ends ? epochOf(before) : undefined,
  };
}

/** The epoch under way, if the line has been quiet since. */
export function endEpoch(state: EpochState, nowMs: number): EpochStep {
  if (!isTold(state) || nowMs - state.lastAtMs <= QUIET_MS) return { state, epoch: undefined };
  return { state: { ...NO_EPOCH, ended: endOf(state) }, epoch: epochOf(state) };
}

function isStarted({ lastAtMs }: EpochState): boolean {
  return lastAtMs !== Number.NEGATIVE_INFINITY;
}

function endOf({ time, startedAtMs, ended }: EpochState): EpochState['ended'] {
  return time === '' ? ended : { time, startedAtMs };
}

function isTold({ gga, rmc }: EpochState): boolean {
  return gga !== undefined || rmc !== undefined;
}

function taken(state: EpochState, sentence: Sentence): EpochState {
  switch (sentence.kind) {
    case 'GGA':
      return { ...state, gga: sentence };
    case 'RMC':
      return { ...state, rmc: sentence };
    case 'VTG':
      return { ...state, vtg: sentence };
    case 'GSA': {
      const known = state.inUse.get(sentence.system) ?? [];
      if (state.inUse.size >= MOST_SYSTEMS && known.length === 0) return state;
      // GPS and GLONASS of a receiver before NMEA 4.1 come under one name, and are told apart by their numbers.
      const all = [...new Set([...known, ...sentence.satellites])].slice(0, 200);
      const inUse = new Map(state.inUse).set(sentence.system, all);
      return { ...state, inUse, gsaHdop: sentence.hdop };
    }
    case 'GSV': {
      const bySignal = new Map(state.inView.get(sentence.system) ?? []);
      if (state.inView.size >= MOST_SYSTEMS || bySignal.size >= MOST_SYSTEMS) return state;
      bySignal.set(sentence.signal, sentence.inView);
      return { ...state, inView: new Map(state.inView).set(sentence.system, bySignal) };
    }
  }
}

function epochOf({ gga, rmc, vtg, inUse, inView, gsaHdop, startedAtMs }: EpochState): Epoch {
  // Quality 7 and 8 are no measurements: a position that somebody typed in, and a simulated one.
  const isGgaFix = gga === undefined || (gga.fix > 0 && gga.fix < 7);
  const hasFix = isGgaFix && (rmc === undefined || rmc.isValid || gga?.fix === 6) && isEither(gga, rmc);
  const inUseCount = [...inUse.values()].reduce((sum, all) => sum + all.length, 0);
  // One satellite is seen on several signals, and counted once: the signal that sees most of them counts.
  const views = [...inView.values()].map((bySignal) => Math.max(...bySignal.values()));
  return {
    atMs: startedAtMs,
    utcMs: hasFix && rmc?.isValid ? rmc.utcMs : undefined,
    fix: hasFix ? (gga?.fix ?? 1) : isEither(gga, rmc) ? 0 : undefined,
    position: hasFix ? (gga?.position ?? rmc?.position) : undefined,
    altitudeM: hasFix ? gga?.altitudeM : undefined,
    speedMPerS: hasFix ? (rmc?.speedMPerS ?? vtg?.speedMPerS) : undefined,
    courseDeg: hasFix ? (rmc?.courseDeg ?? vtg?.courseDeg) : undefined,
    hdop: hasFix ? (gga?.hdop ?? gsaHdop) : undefined,
    // GGA of old counts to 12 only.
    satellitesInUse: inUse.size > 0 ? Math.max(inUseCount, gga?.satellites ?? 0) : gga?.satellites,
    satellitesInView: views.length > 0 ? views.reduce((sum, one) => sum + one, 0) : undefined,
  };
}

function isEither(gga: EpochState['gga'], rmc: EpochState['rmc']): boolean {
  return gga !== undefined || rmc !== undefined;
}
