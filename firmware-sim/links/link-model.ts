import { seedFor, uniformAt } from '../farm/random.ts';
import type { Impairment } from './link-config.ts';

/** One direction of one flow: how many of its packets have come by, and whether the last of them was in a burst of loss. */
export interface FlowState {
  readonly seed: number;
  readonly packets: number;
  readonly isInBurst: boolean;
}

/** What becomes of a packet: the delays after which it and its copies leave, in ms; none where it is lost. */
export interface Fate {
  readonly delaysMs: readonly number[];
  readonly isHeldBack: boolean;
}

export interface FateStep {
  readonly state: FlowState;
  readonly fate: Fate;
}

/** Random numbers that a packet may take: each question has its own place, so that no setting moves the answers to others. */
const DRAWS_PER_PACKET = 8;
const DRAW = { loss: 0, duplicate: 1, holdBack: 2, jitter: 3, copyJitter: 5 } as const;

/** Of the Lomax distribution: its mean is its scale, its variance has no bound. */
const TAIL_SHAPE = 2;
/** Even of the heaviest tail. */
export const LONGEST_DELAY_MS = 30_000;

const LOST: Fate = { delaysMs: [], isHeldBack: false };

/** `flow` counts the flows of a link from 0, in the order of their first packets. */
export function flowSeed(seed: number, link: string, direction: 'there' | 'back', flow: number): number {
  return seedFor(seed, `link ${link} ${direction} ${flow}`);
}

export function newFlow(seed: number): FlowState {
  return { seed, packets: 0, isInBurst: false };
}

/** What becomes of the next packet: a function of the seed and its number, and for bursts of the packets before it; never of time. */
export function nextFate(state: FlowState, impairment: Impairment): FateStep {
  const { seed, packets } = state;
  const draw = (place: number) => uniformAt(seed, packets * DRAWS_PER_PACKET + place);
  const isLost = draw(DRAW.loss) < lossNow(state, impairment);
  const next = { seed, packets: packets + 1, isInBurst: isLost };
  if (isLost) return { state: next, fate: LOST };
  const { delayMs, jitter, duplicateShare, reorder } = impairment;
  const isHeldBack = reorder !== undefined && draw(DRAW.holdBack) < reorder.share;
  const atLeastMs = delayMs + (isHeldBack ? reorder.byMs : 0);
  const leaves = (place: number) =>
    Math.min(LONGEST_DELAY_MS, Math.max(0, atLeastMs + jitterMs(jitter, draw(place), draw(place + 1))));
  const delaysMs = [leaves(DRAW.jitter)];
  if (draw(DRAW.duplicate) < duplicateShare) delaysMs.push(leaves(DRAW.copyJitter));
  return { state: next, fate: { delaysMs, isHeldBack } };
}

/**
 * Gilbert–Elliott with nothing lost outside of bursts and all within: a burst of b packets at the mean ends after each
 * with probability 1/b, and begins with what then makes the loss p of all packets.
 */
function lossNow({ packets, isInBurst }: FlowState, { loss: { share, meanBurst } }: Impairment): number {
  if (meanBurst === undefined || share === 1 || packets === 0) return share;
  return isInBurst ? 1 - 1 / meanBurst : share / (meanBurst * (1 - share));
}

function jitterMs(jitter: Impairment['jitter'], first: number, second: number): number {
  if (!jitter) return 0;
  switch (jitter.shape) {
    case 'uniform':
      return jitter.ms * first;
    case 'normal':
      return jitter.ms * Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
    case 'heavy-tail':
      return jitter.ms * ((1 - first) ** (-1 / TAIL_SHAPE) - 1);
  }
}
