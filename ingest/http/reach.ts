import { type Scope, seesLink, seesSite } from '../../core/access.ts';
import { SluiceError, type Words } from '../../core/errors.ts';

/** The sites that may be searched, of those that are asked for; undefined for any, and none where nothing of it is seen. */
export function sitesWithin(
  { sites }: Scope,
  asked: readonly string[] | undefined,
): readonly string[] | undefined {
  if (sites === 'all') return asked;
  return asked ? asked.filter((site) => sites.includes(site)) : sites;
}

/** What is of a site that somebody does not see is not there for them. Throws `NOT_FOUND`, as for what there is not. */
export function assertSite(scope: Scope, site: string, what: Words): void {
  if (!seesSite(scope, site)) throw new SluiceError('NOT_FOUND', { what });
}

/** The same of links. */
export function assertLinks(scope: Scope, links: readonly string[]): void {
  const unseen = links.find((link) => !seesLink(scope, link));
  if (unseen === undefined) return;
  throw new SluiceError('NOT_FOUND', { what: { en: `link ${unseen}`, zh: `链路 ${unseen}` } });
}

export function gatewayWords(site: string, gateway: string): Words {
  return { en: `gateway ${site}/${gateway}`, zh: `网关 ${site}/${gateway}` };
}
