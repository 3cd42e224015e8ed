import type { LinkClass } from '../../core/links/measures.ts';
import type { Objective } from '../../core/links/mesh.ts';

const common = { latencyQuantile: 0.95, confidence: 0.95 };

type Defaults = Pick<Objective, 'latencyQuantile' | 'confidence'> & Partial<Objective>;

/**
 * What carriers that are directly connected hold each other to. Nothing is agreed for what crosses a border, so nobody is
 * judged by a figure that he did not set.
 */
export const DEFAULT_OBJECTIVES: Readonly<Record<LinkClass, Defaults>> = {
  intra: { ...common, latencyMs: 30, loss: 0.0003 },
  inter: { ...common, latencyMs: 30, loss: 0.003 },
  international: common,
};
