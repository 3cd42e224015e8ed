import type { Objective } from '../../../core/links/mesh.ts';
import type { Blocks } from '../../../core/links/statistics/burst-bounds.ts';
import type { Piece } from '../evidence/evidence.ts';
import { type Span, spansOf } from './coverage.ts';
import { type Digest, digestOf, joined, joinedBlocks, lossByHour } from './figures.ts';

/** All that a cell of the matrix, and the sum of its class, need of the evidence of a link. */
export interface MergedHours {
  readonly digest: Digest;
  readonly lossByHour: Blocks;
  readonly spans: readonly Span[];
}

/** Pieces in order of time, of which those that `isIn` names count. */
export function mergedHours(
  pieces: readonly Piece[],
  objective: Objective | undefined,
  isIn: (piece: Piece) => boolean,
): MergedHours {
  return {
    digest: digestOf(pieces, objective, isIn),
    lossByHour: lossByHour(pieces, isIn),
    spans: spansOf(pieces),
  };
}

/** The same as of all pieces at once. */
export function followedBy(first: MergedHours, then: MergedHours): MergedHours {
  return {
    digest: joined([first.digest, then.digest]),
    lossByHour: joinedBlocks([first.lossByHour, then.lossByHour]),
    spans: [...first.spans, ...then.spans],
  };
}
