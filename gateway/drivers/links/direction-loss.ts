import type { Probe } from './probe.ts';

/** What the reflector's count has shown of one flow so far. */
export interface CountState {
  /** Its count in the last answer; `undefined` where nothing can be told from the next one. */
  readonly counter: number | undefined;
  /** Probes sent after that one which were never answered. */
  readonly unanswered: number;
}

export const NO_COUNT: CountState = { counter: undefined, unanswered: 0 };

export interface DirectionLoss {
  readonly lostForward: number;
  readonly lostReturn: number;
  readonly state: CountState;
}

/**
 * On which way the lost of one record were lost. A stateful reflector numbers what it answers by itself (RFC 8762, 4.2),
 * so between two answers its numbers grow by one for each probe that arrived there:
 *
 *     sent      7   8   9  10      two were never answered,
 *     counter  41   ·   ·  43      and one of the two got there: one lost on the way there, one on the way back
 *
 * Where the numbers do not fit (it was started anew, something was doubled or overtaken), or the answer after comes when
 * the record is closed, the direction stays unknown. `probes` are those of one flow and record, in order of sending.
 *
 * Some reflectors count all that they answer, or all from one address, so that the probes of others look like ours that got there. That
 * shows where nothing is missing between two answers: there the numbers of a session grow by one, and over a record one
 * that was overtaken cancels out. Where they do not, no direction of that record is told.
 */
export function directionLoss(probes: readonly Probe[], state: CountState): DirectionLoss {
  let { counter, unanswered } = state;
  let lost = 0;
  let lostForward = 0;
  let lostReturn = 0;
  let foreign = 0;
  const settle = (answer: Probe, between: number) => {
    if (between === 0) foreign += foreignOf(counter, answer);
    const split = splitOf(counter, answer, between, lost);
    lostForward += split.forward;
    lostReturn += split.back;
    lost = 0;
  };
  for (const probe of probes) {
    if (isUnanswered(probe)) {
      unanswered++;
      if (probe.end === 'lost') lost++;
      continue;
    }
    settle(probe, unanswered);
    counter = counterOf(probe);
    unanswered = 0;
  }
  let between = unanswered;
  let ahead = lost > 0 ? probes.at(-1)!.next : undefined;
  for (; ahead && isUnanswered(ahead); ahead = ahead.next) between++;
  if (ahead) settle(ahead, between);
  const isOurs = foreign === 0;
  return {
    lostForward: isOurs ? lostForward : 0,
    lostReturn: isOurs ? lostReturn : 0,
    state: { counter, unanswered },
  };
}

/** What the reflector has counted besides between two probes that were sent one after the other. */
function foreignOf(before: number | undefined, answer: Probe): number {
  const counter = counterOf(answer);
  return before === undefined || counter === undefined ? 0 : ((counter - before) | 0) - 1;
}

function splitOf(before: number | undefined, answer: Probe, between: number, lost: number) {
  const counter = counterOf(answer);
  if (before === undefined || counter === undefined) return { forward: 0, back: 0 };
  // The number has 32 bits, and goes on at 0.
  const arrived = ((counter - before) >>> 0) - 1;
  if (arrived < 0 || arrived > between) return { forward: 0, back: 0 };
  if (arrived === 0) return { forward: lost, back: 0 };
  if (arrived === between) return { forward: 0, back: lost };
  // Some of those between are of another record, or may never have been sent: which ones arrived cannot be told.
  return lost === between ? { forward: lost - arrived, back: arrived } : { forward: 0, back: 0 };
}

function isUnanswered({ roundTripMs }: Probe): boolean {
  return Number.isNaN(roundTripMs);
}

function counterOf({ counter, isCountedTwice }: Probe): number | undefined {
  return isCountedTwice ? undefined : counter;
}
