import { type Scope, seesLink, seesSite } from '../../core/access.ts';
import type { SilenceMatcher } from '../../core/alerts/silence.ts';
import type { AlertEvent, AlertMember, EventPlace } from '../alerts/alert-event.ts';

const LINK_KINDS: ReadonlySet<string> = new Set(['outage', 'loss', 'latency']);

type Members = {
  readonly [K in 'causing' | 'silent']: readonly Pick<AlertMember, 'kind' | 'subject' | 'place'>[];
};

/** Everywhere that an event is about. */
export function placesOf({ causing, silent }: Members): EventPlace[] {
  return [...causing, ...silent].map(placeOf);
}

function placeOf({ kind, subject, place }: Members['causing'][number]): EventPlace {
  if (place) return place;
  if (LINK_KINDS.has(kind)) return { link: subject };
  if (kind !== 'silent') return {};
  const [site, gateway] = subject.split('/');
  return { ...(site ? { site } : {}), ...(gateway ? { gateway } : {}) };
}

/** Whether somebody with this scope is concerned by it; what has no place concerns those who see all of a kind. */
export function seesEvent(scope: Scope, event: Members): boolean {
  if (scope.sites === 'all' && scope.links === 'all') return true;
  return placesOf(event).some(
    ({ site, link }) =>
      (site === undefined && link === undefined && (scope.sites === 'all' || scope.links === 'all')) ||
      (site !== undefined && seesSite(scope, site)) ||
      (link !== undefined && seesLink(scope, link)),
  );
}

/** An event is silenced only where everything that it is about is: what joins it later is told. */
export function isMatched({ key, ...matcher }: SilenceMatcher, event: AlertEvent): boolean {
  if (key !== undefined && key !== event.key) return false;
  const wanted = Object.entries(matcher) as [keyof EventPlace, string][];
  if (wanted.length === 0) return key !== undefined;
  const places = placesOf(event);
  return places.length > 0 && places.every((place) => wanted.every(([name, value]) => place[name] === value));
}
