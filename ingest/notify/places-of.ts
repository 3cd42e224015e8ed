import { type Scope, seesAll, seesLink, seesSite } from '../../core/access.ts';
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
  if (seesAll(scope)) return true;
  return [...event.causing, ...event.silent].some((member) => seesMember(scope, member));
}

/** Whether all of the cause itself is theirs: what keeps quiet a whole event does so for everybody whom it concerns. */
export function seesCause(scope: Scope, { causing }: Pick<Members, 'causing'>): boolean {
  return causing.every((member) => seesMember(scope, member));
}

export function seesMember(scope: Scope, member: Members['causing'][number]): boolean {
  const { site, link } = placeOf(member);
  if (site === undefined && link === undefined) return scope.sites === 'all' || scope.links === 'all';
  return (site !== undefined && seesSite(scope, site)) || (link !== undefined && seesLink(scope, link));
}

/** An event without what is of it elsewhere: names of other sites and links are none of their business. */
export function partSeen(scope: Scope, event: AlertEvent): AlertEvent {
  if (seesAll(scope)) return event;
  const [causing, silent] = [event.causing, event.silent].map((members) =>
    members.filter((member) => seesMember(scope, member)),
  ) as [AlertMember[], AlertMember[]];
  const own = new Set([...causing, ...silent].map(({ key }) => key));
  const timeline = event.timeline.filter(
    ({ step, what }) => (step !== 'joined' && step !== 'left') || what === undefined || own.has(what),
  );
  return { ...event, causing, silent, timeline };
}

/** An event is silenced only where everything that it is about is: what joins it later is told. */
export function isMatched({ key, ...matcher }: SilenceMatcher, event: AlertEvent): boolean {
  if (key !== undefined && key !== event.key) return false;
  const wanted = Object.entries(matcher) as [keyof EventPlace, string][];
  if (wanted.length === 0) return key !== undefined;
  const places = placesOf(event);
  return places.length > 0 && places.every((place) => wanted.every(([name, value]) => place[name] === value));
}
