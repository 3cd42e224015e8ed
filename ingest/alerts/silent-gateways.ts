import { type Condition, conditionKey } from './condition.ts';

/** As the host session knows a gateway that has been born at some time. */
export interface GatewayPresence {
  /** `site/gateway` */
  readonly name: string;
  /** `unknown`: this host itself was away, and has not heard of it since. */
  readonly presence: 'online' | 'offline' | 'unknown';
  /** When it was last known to live. */
  readonly lastMs: number;
}

/**
 * Who is silent now. A gateway of which nothing is known, as after a restart of this host, stays what it was: silent or not.
 * `before`: what was wrong at the last look, by key. Who was last heard before `goneMs` is no news.
 */
export function silentGateways(
  gateways: Iterable<GatewayPresence>,
  before: ReadonlyMap<string, Condition>,
  nowMs: number,
  silentMs: number,
  goneMs = Number.NEGATIVE_INFINITY,
): Condition[] {
  const found: Condition[] = [];
  for (const { name, presence, lastMs } of gateways) {
    if (presence === 'online') continue;
    const old = before.get(conditionKey('silent', name));
    if (old) {
      found.push(old);
      continue;
    }
    if (presence === 'unknown' || nowMs - lastMs < silentMs || lastMs < goneMs) continue;
    const since = new Date(lastMs).toISOString();
    found.push({
      ...{ key: conditionKey('silent', name), kind: 'silent', subject: name, severity: 'warning' },
      ...{ sinceMs: lastMs, noticedMs: nowMs, explains: false },
      words: {
        en: `Gateway ${name} has been silent since ${since}`,
        zh: `网关 ${name} 自 ${since} 起失联`,
      },
    });
  }
  return found;
}
