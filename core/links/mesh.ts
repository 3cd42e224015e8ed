import type { Words } from '../errors.ts';
import type { ProbeSpec } from './link-plan.ts';
import type { LinkClass, ProbeKind } from './measures.ts';

/** What a class of links, or one link, is held to. */
export interface Objective {
  /** The `latencyQuantile` of the round trips is to be below this, ms. */
  readonly latencyMs: number;
  /** 0 to 1. */
  readonly latencyQuantile: number;
  /** The share of probes that is lost or late is to be below this: 0.003 is 0.3 %. */
  readonly loss: number;
  /** How sure a verdict must be, such as 0.95. */
  readonly confidence: number;
}

/** A point of presence: a gateway that measures, and the address at which it is measured. */
export interface Pop {
  readonly id: string;
  readonly network: string;
  readonly site: string;
  readonly gateway: string;
  readonly name: Words;
}

/** A directed link of the mesh. Its evidence is in readings with the tags `link`, `class`, and `point` for the kind of probe. */
export interface Link {
  readonly id: string;
  readonly from: Pop;
  readonly to: Pop;
  readonly class: LinkClass;
  readonly objective: Objective;
  /** The first is what verdicts go by. */
  readonly probes: readonly ProbeSpec[];
  /** `site.gateway` of gateways whose way to the host is this link: they fall silent with it. */
  readonly behind: readonly string[];
}

/** The mesh as its file describes it, expanded. */
export interface Mesh {
  /** Of the file's content; changes with it. */
  readonly version: string;
  readonly recordS: number;
  readonly pops: ReadonlyMap<string, Pop>;
  readonly links: ReadonlyMap<string, Link>;
}

/** The kind of probe that verdicts on `link` go by. */
export function judgedKind({ probes }: Link): ProbeKind {
  return probes[0]!.kind;
}
