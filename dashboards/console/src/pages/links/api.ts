import type { Words } from '../../../../../core/errors.ts';
import type { LinkClass } from '../../../../../core/links/measures.ts';

/** Replies of the API as /api/openapi.json describes them; only what this page shows. */
export type Verdict = 'pass' | 'breach' | 'insufficient' | null;

export interface Pop {
  readonly id: string;
  readonly network: string;
  readonly name: Words;
}

export interface Objective {
  readonly latencyMs: number;
  readonly latencyQuantile: number;
  readonly loss: number;
  readonly confidence: number;
}

export interface Link {
  readonly id: string;
  readonly from: Pop;
  readonly to: Pop;
  readonly class: LinkClass;
  readonly objective?: Objective;
  readonly behind: readonly string[];
  readonly agent: {
    readonly site: string;
    readonly gateway: string;
    readonly online: boolean;
    readonly plan: string;
  };
}

export interface Mesh {
  readonly networks: readonly { readonly id: string; readonly name: Words }[];
  readonly pops: readonly Pop[];
}

export interface Account {
  readonly scheduled: number;
  readonly received: number;
  readonly lost: number;
  readonly late: number;
  readonly notSent: number;
  readonly invalid: number;
  readonly excluded: number;
}

export interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

export interface Cell {
  readonly id: string;
  readonly class: LinkClass;
  readonly from: string | null;
  readonly to: string | null;
  readonly verdict: Verdict;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly loss: number | null;
  readonly lossBounds: Bounds;
  readonly samples: number;
  readonly account: Account;
  readonly coverage: number | null;
  readonly withoutRetroactive?: { readonly verdict: Verdict };
}

export interface PartJudgement {
  readonly verdict: Verdict;
  readonly samples: number;
  readonly bad: { readonly least: number; readonly most: number };
  readonly share: number | null;
  readonly bounds: Bounds;
}

export interface Judgement extends PartJudgement {
  readonly limit: number | null;
  readonly confidence: number;
  readonly bursts: { readonly designEffect: number };
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly 'p99.9': number | null;
}

export interface Figures {
  readonly verdict: Verdict;
  readonly loss: Judgement;
  readonly latency: (Judgement & { readonly limitMs: number; readonly quantile: number }) | null;
  readonly account: Account;
  readonly roundTrip: Percentiles;
  readonly jitterMs: number;
  readonly forward: Direction;
  readonly back: Direction;
  readonly oneWayErrorMs: number | null;
}

/** The losses of one way alone, and its times where clocks are synchronised. */
export interface Direction extends PartJudgement {
  readonly latency: Percentiles;
}

export interface ClassFigures extends Figures {
  readonly class: LinkClass;
  readonly links: number;
  readonly verdicts: { readonly pass: number; readonly breach: number; readonly insufficient: number };
}

export interface Matrix {
  readonly fromMs: number;
  readonly toMs: number;
  readonly links: readonly Cell[];
  readonly classes: readonly ClassFigures[];
}

export interface Probe extends Figures {
  readonly kind: string;
  readonly judged: boolean;
  readonly withoutRetroactive?: Figures;
  readonly coverage: {
    readonly share: number | null;
    readonly holes: readonly { readonly fromMs: number; readonly toMs: number }[];
    readonly holesLeftOut: number;
  };
  readonly exclusions: readonly (MaintenanceWindow & { readonly probes: number })[];
  readonly strangers: readonly { readonly site: string; readonly gateway: string }[];
  readonly unreadable: readonly { readonly timeMs: number; readonly reason: string }[];
  readonly gone: number;
}

export interface Sla {
  readonly fromMs: number;
  readonly toMs: number;
  readonly objective: Objective | null;
  readonly verdict: Verdict;
  readonly probes: readonly Probe[];
}

export interface Latency {
  readonly fromMs: number;
  readonly toMs: number;
  readonly everyMs: number;
  readonly points: readonly {
    readonly timeMs: number;
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
    readonly sent: number;
    readonly lost: number;
    readonly loss: number | null;
  }[];
}

export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
  readonly probes: number;
  readonly bad: number;
  readonly allowed: number;
  readonly spent: number | null;
}

export interface Budget {
  readonly kind: 'loss' | 'latency';
  readonly objective: number;
  readonly days30: Period;
  readonly month: Period;
  readonly burn: readonly {
    readonly windowMs: number;
    readonly probes: number;
    readonly rate: number | null;
  }[];
  readonly burning: readonly string[];
  readonly usedUpMs: number | null;
}

export interface LinkBudget {
  readonly objective: Objective;
  readonly budgets: readonly Budget[];
}

export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  readonly probes: number;
  readonly end: 'answered' | 'unknown' | 'lasting';
  readonly isStartKnown: boolean;
  readonly attribution: {
    readonly fault: string;
    readonly reverse: string;
    readonly alsoDown: readonly string[];
    readonly words: Words;
  };
}

export interface Outages {
  readonly outages: readonly Outage[];
  readonly leftOut: number;
  readonly unknown: readonly { readonly fromMs: number; readonly toMs: number; readonly why: string }[];
  readonly knownMs: number;
  readonly downMs: number;
  readonly availability: number | null;
}

export interface MaintenanceTime {
  readonly links: readonly string[];
  readonly pops: readonly string[];
  readonly networks: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
}

export interface MaintenanceWindow extends MaintenanceTime {
  readonly id: string;
  readonly reason: string;
  readonly issuer: string;
  readonly enteredMs: number;
  readonly retroactive: boolean;
  readonly planned: MaintenanceTime | null;
  readonly withdrawn?: { readonly ms: number; readonly by: string; readonly reason: string };
}
