import { LINK_CLASSES, type LinkClass, PROBE_KINDS, type ProbeKind } from '../../../core/links/measures.ts';
import type { Link } from '../../../core/links/mesh.ts';
import { TAGS, type Tags } from '../../../core/reading.ts';

/** The quantity whose texts are records of evidence. */
export const EVIDENCE = { measurement: 'link', field: 'evidence' } as const;

/** Where evidence comes from: one link, probed in one way, by one agent. Another agent, or another class, is another series. */
export interface EvidenceSeries {
  readonly link: string;
  readonly class: LinkClass;
  readonly kind: ProbeKind;
  readonly site: string;
  readonly gateway: string;
}

/** Nothing where the tags are not those of a link: it is somebody else's series of that name. */
export function evidenceSeriesOf({
  link,
  class: linkClass,
  point,
  site,
  gateway,
}: Tags): EvidenceSeries | undefined {
  const found = LINK_CLASSES.find((one) => one === linkClass);
  const kind = PROBE_KINDS.find((one) => one === point);
  return link !== '' && found && kind ? { link, class: found, kind, site, gateway } : undefined;
}

/** A link of the mesh is measured by one agent: what another says under its name is no evidence of it. */
export function isOwn({ site, gateway }: Pick<EvidenceSeries, 'site' | 'gateway'>, link?: Link): boolean {
  return !link || (link.from.site === site && link.from.gateway === gateway);
}

/** One series of the store: evidence may be in several, where a device was given another zone. */
export function keyOf(tags: Tags): string {
  return JSON.stringify(TAGS.map((tag) => tags[tag]));
}
