import type { LastReading, SetTags } from '../../api.ts';
import { useAsked } from '../../use-asked.ts';
import type { Command } from './api.ts';

const EVERY_MS = 3_000;
const HOUR_MS = 3_600_000;
/** The longest that a gateway may be asked to keep a valve open, and what an hour that has begun takes from it. */
const LOOK_BACK_MS = 5 * HOUR_MS;
const MOST = 100;
/** What a valve that has moved takes until its new state is read, sent and shown. */
const SHOWN_WITHIN_MS = 4_000;

/** The last command for each point, by whomever. */
export type Deeds = ReadonlyMap<string, Command>;

/** What everybody has asked of valves lately; asks nothing before `isReady`. */
export function useDeeds(nowMs: number, isReady: boolean): Deeds {
  const fromMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS - LOOK_BACK_MS;
  const path = `/api/v1/commands?from=${fromMs}&limit=${MOST}`;
  const { answer } = useAsked<{ commands: readonly Command[] }>(isReady ? path : undefined, EVERY_MS);
  return lastOfEach(answer?.commands ?? []);
}

/** Of commands with the newest first. */
export function lastOfEach(commands: readonly Command[]): Deeds {
  return new Map(commands.map((one): [string, Command] => [keyOf(one), one]).reverse());
}

export function deedFor(deeds: Deeds, { measurement, field, tags }: Point): Command | undefined {
  const { site = '', gateway = '', device = '', point } = tags;
  const metric = [measurement, field, point].filter(Boolean).join('/');
  return deeds.get(keyOf({ site, gateway, device, metric }));
}

/**
 * What was read before a command that may have been carried out, and is not what it asked for, is not known to be so any more:
 * the answer is late, or the reading behind it.
 */
export function isInDoubt(deed: Command | undefined, reading: LastReading, nowMs: number): boolean {
  if (!deed || deed.state === 'refused' || deed.state === 'expired') return false;
  if ((Number(deed.value) !== 0) === (reading.value !== 0)) return false;
  const doneMs = deed.answeredMs ?? deed.submittedMs;
  return reading.timeMs <= doneMs && nowMs - doneMs > SHOWN_WITHIN_MS;
}

interface Point {
  readonly measurement: string;
  readonly field: string;
  readonly tags: SetTags;
}

function keyOf({ site, gateway, device, metric }: Pick<Command, 'site' | 'gateway' | 'device' | 'metric'>) {
  return `${site}/${gateway}/${device}/${metric}`;
}
