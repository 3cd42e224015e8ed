import { randomUUID } from 'node:crypto';
import type { GatewayEvent } from '../../core/gateway-event.ts';
import type { ClockChange } from './clock-machine.ts';

/** Smaller corrections are no news. */
const WORTH_TELLING_MS = 1_000;

/** What the hosts are told of a change of the clock; `undefined` where it is none of their business. */
export function clockSetEvent(change: ClockChange, timeMs: number): GatewayEvent | undefined {
  if (change.kind !== 'synced' || Math.abs(change.byMs) < WORTH_TELLING_MS) return undefined;
  const seconds = (change.byMs / 1_000).toFixed(1);
  const { source } = change;
  const reason = {
    en: `the clock was set by ${source} and moved by ${seconds} s`,
    zh: `时钟已由 ${source} 校准，变动 ${seconds} 秒`,
  };
  return { id: randomUUID(), timeMs, kind: 'condition', condition: 'clock-set', isRaised: true, reason };
}
