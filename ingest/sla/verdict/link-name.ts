import { SluiceError } from '../../../core/errors.ts';
import type { LinkClass, ProbeKind } from '../../../core/links/measures.ts';
import { judgedKind, type Link, type Objective } from '../../../core/links/mesh.ts';
import type { SeriesEvidence } from '../evidence/evidence.ts';

export interface LinkName {
  readonly id: string;
  readonly class: LinkClass;
  /** Not given for a link that the mesh no longer has. */
  readonly link: Link | undefined;
}

/** Throws `NOT_FOUND` for a link that neither the mesh nor the evidence knows. */
export function nameOf(id: string, link: Link | undefined, found: readonly SeriesEvidence[]): LinkName {
  const tags = found.find(({ series }) => series.link === id)?.series;
  const linkClass = link?.class ?? tags?.class;
  if (!linkClass) throw unknownLink(id);
  return { id, class: linkClass, link };
}

export function unknownLink(id: string): SluiceError {
  return new SluiceError('NOT_FOUND', {
    what: {
      en: `link ${id} in the mesh, nor evidence of it in that time`,
      zh: `链路 ${id}（网格中没有，该时段内也没有其证据）`,
    },
  });
}

export function judgedKindOf({ link }: LinkName): ProbeKind | undefined {
  return link && judgedKind(link);
}

/** Of several links: nothing where theirs differ. */
export function sameObjective(names: readonly LinkName[]): Objective | undefined {
  const [first, ...others] = names.map(({ link }) => link?.objective);
  return others.every((one) => JSON.stringify(one) === JSON.stringify(first)) ? first : undefined;
}
