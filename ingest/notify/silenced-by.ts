import type { Silence } from '../../core/alerts/silence.ts';
import type { AlertEvent } from '../alerts/alert-event.ts';
import { isMatched } from './places-of.ts';

/** When it ends, or ended. */
export function silenceEndMs({ untilMs, ended }: Silence): number {
  return Math.min(untilMs, ended?.ms ?? untilMs);
}

/** The silence that keeps an event from being told just now; of several the one that lasts longest. */
export function silencedBy(
  event: AlertEvent,
  silences: readonly Silence[],
  nowMs: number,
): Silence | undefined {
  return silences
    .filter((one) => silenceEndMs(one) > nowMs && isMatched(one.matcher, event))
    .sort((a, b) => silenceEndMs(b) - silenceEndMs(a))[0];
}
