import type { Completeness } from '../../core/completeness.ts';
import { THRESHOLD_MEASUREMENT } from '../../core/thresholds/threshold.ts';
import { gatewayName } from '../gateway-name.ts';
import type { GatewayCounters, GatewayStatus, Presence } from '../http/sources.ts';
import type { LetterCount } from '../letters/letter-file.ts';
import { pointsOf, type SelfPoint } from './self-point.ts';

export interface GatewayBounds {
  /** A gateway that is away for longer is missed, s. */
  readonly awayS: number;
  readonly completeness: { readonly raisePct: number; readonly clearPct: number };
}

/** `day`: of the last 24 hours; nothing of a gateway that keeps no ledger, or has produced nothing. */
export function gatewayPoints(
  status: GatewayStatus,
  day: Pick<Completeness, 'share' | 'inFlight' | 'dropped' | 'ledger'>,
  bounds: GatewayBounds,
  nowMs: number,
): SelfPoint[] {
  const { site, gateway, devices } = status;
  const tags = { site, gateway };
  const { raisePct, clearPct } = bounds.completeness;
  const hasLedger = day.ledger !== 'none';
  return [
    ...pointsOf('gateway', tags, {
      online: onlineOf(status),
      away: status.online ? 0 : sinceS(nowMs, Math.max(status.sinceMs, status.lastSeenMs)),
      completeness: day.share === null ? null : 100 * day.share,
      missing: hasLedger ? day.inFlight + day.dropped : null,
    }),
    ...pointsOf(THRESHOLD_MEASUREMENT, tags, {
      gateway_away_high: bounds.awayS,
      gateway_away_high_clear: bounds.awayS / 2,
      ...(day.share !== null && {
        gateway_completeness_low: raisePct,
        gateway_completeness_low_clear: clearPct,
      }),
    }),
    ...devices.flatMap((device) =>
      pointsOf(
        'device',
        { ...tags, device: device.device },
        {
          online: onlineOf(device),
          silent: sinceS(nowMs, device.lastSeenMs),
        },
      ),
    ),
  ];
}

export function counterPoints(
  counters: readonly GatewayCounters[],
  letters: readonly Pick<LetterCount, 'site' | 'gateway' | 'waiting' | 'more'>[],
): SelfPoint[] {
  const waiting = new Map<string, number>();
  for (const one of letters) {
    const name = gatewayName(one);
    waiting.set(name, (waiting.get(name) ?? 0) + one.waiting + one.more);
  }
  return counters.flatMap((one) =>
    pointsOf(
      'pipeline',
      { site: one.site, gateway: one.gateway },
      {
        received: one.received,
        stored: one.stored,
        rejected: one.rejected,
        dropped: one.dropped,
        repeated: one.repeated,
        deferred: one.deferred,
        in_flight: one.inFlight,
        letters: waiting.get(gatewayName(one)) ?? 0,
      },
    ),
  );
}

/** What is not known is not told: after a restart, a gateway that has not been heard of yet is not offline. */
function onlineOf({ presence }: Presence): number | null {
  return presence === 'unknown' ? null : Number(presence === 'online');
}

/** Nothing for what has never been heard of; a clock that was set back says nothing below zero. */
function sinceS(nowMs: number, thenMs: number): number | null {
  return thenMs > 0 ? Math.max(0, (nowMs - thenMs) / 1000) : null;
}
