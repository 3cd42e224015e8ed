/** Who people are to Sluice. What each role may do is below; which sites and links it sees is part of the account. */
export const ROLES = ['viewer', 'operator', 'agronomist', 'carrier', 'administrator'] as const;
export type Role = (typeof ROLES)[number];

/** A machine that hands in readings, and may do nothing else. Only tokens have it. */
export const TOKEN_ROLES = [...ROLES, 'source'] as const;
export type TokenRole = (typeof TOKEN_ROLES)[number];

/**
 * What a route of the API asks for. `read` is whatever can be seen; `audit` and `accounts` are about people; `settings` is whatever
 * changes how gateways, stores or the delivery of alerts work.
 */
export const PERMISSIONS = [
  'read',
  'readings',
  'command',
  'acknowledge',
  'silence',
  'thresholds',
  'zones',
  'maintenance',
  'settings',
  'accounts',
  'audit',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export const MAY: Readonly<Record<TokenRole, readonly Permission[]>> = {
  viewer: ['read'],
  operator: ['read', 'command', 'acknowledge'],
  agronomist: ['read', 'acknowledge', 'silence', 'thresholds', 'zones'],
  carrier: ['read', 'acknowledge', 'silence', 'maintenance'],
  administrator: PERMISSIONS,
  source: ['readings'],
};

/** Which sites and links somebody sees; a list names them. Whoever sees no site sees nothing that belongs to one. */
export interface Scope {
  readonly sites: 'all' | readonly string[];
  readonly links: 'all' | readonly string[];
}

/** Who a request comes from. `open`: sign-in is switched off, which loopback alone may have. */
export interface Identity extends Scope {
  readonly name: string;
  readonly kind: 'person' | 'token' | 'open';
  readonly role: TokenRole;
}

export function may(identity: Identity, permission: Permission): boolean {
  return MAY[identity.role].includes(permission);
}

export function seesAll({ sites, links }: Scope): boolean {
  return sites === 'all' && links === 'all';
}

export function seesSite({ sites }: Scope, site: string): boolean {
  return sites === 'all' || sites.includes(site);
}

/** What is measured of a link goes by the link, and everything else by its site. */
export function seesSeries(
  scope: Scope,
  { site, link }: { readonly site: string; readonly link: string },
): boolean {
  return link === '' ? seesSite(scope, site) : seesLink(scope, link);
}

export function seesLink({ links }: Scope, link: string): boolean {
  return links === 'all' || links.includes(link);
}
