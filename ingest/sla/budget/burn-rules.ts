const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Highest first. */
export const SEVERITIES = ['critical', 'warning'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Burning `rate` times as fast as the budget allows, over a long window and still in a short one. */
export interface BurnRule {
  readonly id: string;
  readonly longMs: number;
  readonly shortMs: number;
  readonly rate: number;
  readonly severity: Severity;
  /** How many records of the long window the bad probes must come from: one burst is no rate. */
  readonly leastRecords: number;
  /** What is lost in short outages, which are told as such, is no part of it. */
  readonly besideOutages: boolean;
}

/**
 * The pairs of windows that the field has settled on for 30 days (2 %, 5 % and 10 % of the budget), and one that tells within
 * minutes of a loss that would break the objective, however little of the budget it has used yet.
 */
export const BURN_RULES: readonly BurnRule[] = [
  rule('fast', HOUR_MS, 5 * MINUTE_MS, 14.4, 'critical'),
  rule('medium', 6 * HOUR_MS, 30 * MINUTE_MS, 6, 'critical'),
  rule('slow', 72 * HOUR_MS, 6 * HOUR_MS, 1, 'warning'),
  {
    ...rule('breach', 15 * MINUTE_MS, 5 * MINUTE_MS, 2, 'warning'),
    ...{ leastRecords: 5, besideOutages: true },
  },
];

function rule(id: string, longMs: number, shortMs: number, rate: number, severity: Severity): BurnRule {
  return { id, longMs, shortMs, rate, severity, leastRecords: 1, besideOutages: false };
}

/** All windows of the rules, shortest first. */
export const BURN_WINDOWS_MS: readonly number[] = [
  ...new Set(BURN_RULES.flatMap(({ longMs, shortMs }) => [longMs, shortMs])),
].sort((a, b) => a - b);

/** Past this, whole hours are exact enough: the longest window that is judged record by record. */
export const RECORDS_MS = 6 * HOUR_MS;
