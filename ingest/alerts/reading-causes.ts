import type { Condition } from './condition.ts';
import type { Cause, CauseKind } from './find-causes.ts';

/** What is known of the gateway that a series comes from. */
export interface GatewayNow {
  /** Undefined of one that has no session: it sends to a door for third parties. */
  readonly presence: 'online' | 'offline' | 'unknown' | undefined;
  /** When any of its series last said what is now, and how many of its devices ever have. */
  readonly heardMs: number;
  readonly devices: number;
}

interface Filling extends Cause {
  readonly causing: Condition[];
  readonly silent: Condition[];
}

export interface ReadingContext {
  readonly nowMs: number;
  readonly gateway: (site: string, gateway: string) => GatewayNow;
  /** Keys of conditions that are told already. */
  readonly toldBefore: ReadonlySet<string>;
}

/**
 * Adds what is wrong with readings and with this program to the causes of links and gateways.
 *
 * 1. While this program itself is in trouble, that is one cause, and silence is not told anew: nobody could be heard.
 * 2. A series that is silent belongs to whatever explains that its gateway is; else to its gateway, where nothing at all comes
 *    of that; else to its device. While its gateway is away and that is not told yet, it waits.
 * 3. All else that is wrong with one quantity in one zone is one cause; without a zone, on one device or link.
 */
export function withReadings(
  causes: readonly Cause[],
  conditions: readonly Condition[],
  context: ReadingContext,
): Cause[] {
  const lists = new Map<string, Filling>(
    causes.map((one) => [one.key, { ...one, causing: [...one.causing], silent: [...one.silent] }]),
  );
  const put = (kind: CauseKind, subject: string): Filling => {
    const key = `${kind}:${subject}`;
    const cause = lists.get(key) ?? { key, kind, subject, causing: [], silent: [] };
    lists.set(key, cause);
    return cause;
  };
  const ofGateway = new Map<string, string>();
  for (const { key, causing, silent } of causes)
    for (const { kind, subject } of [...causing, ...silent])
      if (kind === 'silent') ofGateway.set(subject, key);
  const isAway = conditions.some(({ kind }) => kind === 'own');
  for (const condition of [...conditions].sort((a, b) => (a.key < b.key ? -1 : 1))) {
    if (condition.kind === 'own') put('own', 'sluice').causing.push(condition);
    else if (condition.kind === 'delivery') put('delivery', condition.subject).causing.push(condition);
    else if (condition.kind !== 'no-data') {
      const { measurement, field } = condition.judged!.series;
      put('quantity', `${placeOf(condition)}/${measurement}/${field}`).causing.push(condition);
    } else {
      const { site = '', gateway = '' } = condition.place ?? {};
      const explained = lists.get(ofGateway.get(`${site}/${gateway}`) ?? '');
      if (explained) {
        explained.silent.push(condition);
        continue;
      }
      const isTold = context.toldBefore.has(condition.key);
      const now = context.gateway(site, gateway);
      const isWaiting = isAway || (now.presence !== undefined && now.presence !== 'online');
      if (isWaiting && !isTold) continue;
      const isQuiet = isGatewayQuiet(condition, now, context.nowMs);
      if (isQuiet) put('gateway', `${site}/${gateway}`).causing.push(condition);
      else put('device', condition.subject).causing.push(condition);
    }
  }
  return [...lists.values()];
}

/**
 * Nothing has come of any of its devices for half of the time that this series was silent: then it is not this device. What is
 * the only one says nothing of its gateway.
 */
function isGatewayQuiet({ sinceMs }: Condition, { heardMs, devices }: GatewayNow, nowMs: number): boolean {
  return devices > 1 && heardMs > 0 && nowMs - heardMs > (nowMs - sinceMs) / 2;
}

function placeOf({ judged }: Condition): string {
  const { site, zone, gateway, device, link } = judged!.series;
  if (link !== '') return link;
  return zone === '' ? [site, gateway, device].join('/') : `${site}/${zone}`;
}
