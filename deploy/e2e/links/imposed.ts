import type { LinkConfig } from '../../../firmware-sim/links/link-config.ts';
import { flowSeed, newFlow, nextFate } from '../../../firmware-sim/links/link-model.ts';

/** What a simulated link does to the first probes of its first flow. */
export interface Imposed {
  readonly received: number;
  readonly lost: number;
  /**
   * Of the lost whose way can be told: not of those before the first answer, where nobody knows the reflector's count, and
   * not of a run that was lost on both ways and lies in more than one record.
   */
  readonly lostForward: number;
  readonly lostReturn: number;
  /** Further answers to probes that have one. */
  readonly duplicates: number;
  /** Whose first answer comes after that of a later probe. */
  readonly reordered: number;
  /** Runs of three losses and more, in order: how many probes. */
  readonly gaps: readonly number[];
}

interface OnTheWay {
  readonly probe: number;
  readonly atMs: number;
}

/** Probes after the last that is asked for: those that may overtake it. */
const AFTER = 1_000;

/**
 * Knows beforehand, from the simulator's model alone, what an honest agent must report that sends one probe each
 * `everyMs` to a reflector that answers everything at once. `records`: how many it sent in each.
 */
export function imposedOn(
  { id, there, back }: LinkConfig,
  seed: number,
  records: readonly number[],
  everyMs: number,
): Imposed {
  const ends = new Set<number>();
  let probes = 0;
  for (const count of records) {
    probes += count;
    ends.add(probes);
  }
  const sent = Array.from({ length: probes + AFTER }, (_, probe) => ({ probe, atMs: probe * everyMs }));
  const reflected = pass(sent, flowSeed(seed, id, 'there', 0), there);
  const answers = pass(reflected, flowSeed(seed, id, 'back', 0), back);
  const isReflected = new Set(reflected.map(({ probe }) => probe));
  const answersOf = new Map<number, number>();
  const overtaken = new Set<number>();
  let latest = -1;
  for (const { probe } of answers) {
    const before = answersOf.get(probe) ?? 0;
    answersOf.set(probe, before + 1);
    if (before === 0 && probe < latest) overtaken.add(probe);
    latest = Math.max(latest, probe);
  }
  const asked = sent.slice(0, probes).map(({ probe }) => probe);
  const isLost = ({ probe }: OnTheWay) => !answersOf.has(probe);
  const lost = sent.filter(isLost).map(({ probe }) => probe);
  const lostOfAsked = lost.filter((probe) => probe < probes);
  const isTold = (run: readonly number[]) =>
    !run.includes(0) &&
    (new Set(run.map((probe) => isReflected.has(probe))).size === 1 ||
      !run.slice(1).some((probe) => ends.has(probe)));
  const directed = runsOf(lost)
    .filter(isTold)
    .flat()
    .filter((probe) => probe < probes);
  const lostForward = directed.filter((probe) => !isReflected.has(probe)).length;
  return {
    ...{ received: probes - lostOfAsked.length, lost: lostOfAsked.length },
    lostForward,
    lostReturn: directed.length - lostForward,
    duplicates: asked.reduce((sum, probe) => sum + Math.max(0, (answersOf.get(probe) ?? 0) - 1), 0),
    reordered: asked.filter((probe) => overtaken.has(probe)).length,
    gaps: runsOf(lostOfAsked)
      .map(({ length }) => length)
      .filter((length) => length >= 3),
  };
}

/** In the order in which they come out. */
function pass(packets: readonly OnTheWay[], seed: number, impairment: LinkConfig['there']): OnTheWay[] {
  let state = newFlow(seed);
  const out = packets.flatMap(({ probe, atMs }) => {
    const step = nextFate(state, impairment);
    state = step.state;
    return step.fate.delaysMs.map((delayMs) => ({ probe, atMs: atMs + delayMs }));
  });
  return out.sort((a, b) => a.atMs - b.atMs);
}

function runsOf(numbers: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const [at, number] of numbers.entries()) {
    if (at > 0 && numbers[at - 1] === number - 1) runs.at(-1)!.push(number);
    else runs.push([number]);
  }
  return runs;
}
