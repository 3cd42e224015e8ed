import type { SilenceMatcher } from '../../../../../core/alerts/silence.ts';
import type { Thing } from '../../components/found.ts';
import type { Things } from '../../components/use-things.ts';

/** What somebody chooses; the key of a cause comes from its event. */
export const MATCHED = ['site', 'zone', 'gateway', 'device', 'link'] as const;
export type MatchedName = (typeof MATCHED)[number];
export type Matcher = Pick<SilenceMatcher, MatchedName>;

/** What stands in the value of a thing, by the slashes in it. */
const PATHS: Readonly<Record<MatchedName, readonly MatchedName[]>> = {
  site: ['site'],
  zone: ['site', 'zone'],
  gateway: ['site', 'gateway'],
  device: ['site', 'gateway', 'device'],
  link: ['link'],
};

const KINDS = {
  site: 'sites',
  zone: 'zones',
  gateway: 'gateways',
  device: 'devices',
  link: 'links',
} as const;

/** What can be chosen beside what is chosen already: of a site only what is in it. */
export function thingsFor(name: MatchedName, matcher: Matcher, things: Things): readonly Thing[] | undefined {
  const within = PATHS[name].slice(0, -1);
  return things[KINDS[name]]?.filter(({ value }) => {
    const parts = value.split('/');
    return within.every((key, n) => matcher[key] === undefined || matcher[key] === parts[n]);
  });
}

/** The thing that a matcher names; by its own id where there is none. */
export function matchedThing(name: MatchedName, matcher: Matcher, things: Things): string | undefined {
  const own = matcher[name];
  if (own === undefined) return undefined;
  return thingsFor(name, matcher, things)?.find(({ value }) => value.split('/').at(-1) === own)?.value ?? own;
}

/** Choosing a device says where it is too; what is elsewhere, or within what is taken out, goes. */
export function choose(name: MatchedName, value: string | undefined, matcher: Matcher): Matcher {
  const path = PATHS[name];
  const parts = value?.split('/') ?? [];
  const isWhole = parts.length === path.length;
  const set = Object.fromEntries(
    isWhole ? path.map((key, n) => [key, parts[n]]) : [[name, value]],
  ) as Matcher;
  const isChanged = (key: MatchedName) => key in set && set[key] !== matcher[key];
  const kept = Object.entries({ ...matcher, ...set }).filter(([key, one]) => {
    if (one === undefined || one === '') return false;
    const within = PATHS[key as MatchedName].slice(0, -1);
    return key in set || !within.some(isChanged);
  });
  return Object.fromEntries(kept);
}
