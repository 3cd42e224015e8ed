import type { Completeness, Delivery, MissingRange } from '../../core/completeness.ts';
import type { GatewayLedger } from './gateway-ledger.ts';

/** Missing ranges that one answer lists; their readings are counted all the same. */
const MOST_MISSING = 1_000;

export interface AccountParts {
  /** Oldest first; none for a gateway that keeps no ledger. */
  readonly ledgers: readonly GatewayLedger[];
}

interface Period {
  readonly fromMs: number;
  readonly toMs: number;
  /** Readings by code in these hours, `''` for what is stored. */
  readonly counts: ReadonlyMap<string, number>;
}

export function summaryOf({ ledgers }: AccountParts): Delivery {
  const sum = (of: (ledger: GatewayLedger) => number) => ledgers.reduce((total, one) => total + of(one), 0);
  const produced = sum((one) => one.produced);
  const stored = sum((one) => one.stored);
  const dropped = sum((one) => one.dropped);
  const inFlight = sum((one) => one.inFlight);
  return {
    ledger: ledgerNow(ledgers),
    produced,
    stored,
    rejected: produced - stored - dropped - inFlight,
    dropped,
    inFlight,
    share: produced === 0 ? null : stored / produced,
  };
}

/** With a period: what lies in it. A missing range counts as a whole wherever it touches the period. */
export function completenessOf(parts: AccountParts, period: Period | undefined): Completeness {
  const all = parts.ledgers.flatMap(missingOf);
  const missing = period ? all.filter((range) => touches(range, period)) : all;
  const listed = {
    missing: missing.slice(0, MOST_MISSING),
    missingLeftOut: Math.max(0, missing.length - MOST_MISSING),
  };
  if (!period) return { ...summaryOf(parts), rejectedByCode: rejectedByCode(parts), ...listed };
  const byCode = Object.fromEntries([...period.counts].filter(([code]) => code !== ''));
  const stored = period.counts.get('') ?? 0;
  const rejected = Object.values(byCode).reduce((total, readings) => total + readings, 0);
  const readingsOf = (isDropped: boolean) =>
    missing
      .filter(({ reason }) => (reason === 'dropped') === isDropped)
      .reduce((total, { readings }) => total + readings, 0);
  const dropped = readingsOf(true);
  const inFlight = readingsOf(false);
  const produced = stored + rejected + dropped + inFlight;
  return {
    ledger: ledgerNow(parts.ledgers),
    produced,
    stored,
    rejected,
    dropped,
    inFlight,
    share: produced === 0 ? null : stored / produced,
    rejectedByCode: byCode,
    ...listed,
  };
}

function ledgerNow(ledgers: readonly GatewayLedger[]): string {
  return ledgers.findLast(({ closedMs }) => closedMs === undefined)?.ledger ?? 'none';
}

function rejectedByCode({ ledgers }: AccountParts): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { rejected } of ledgers) {
    for (const [code, readings] of rejected) sums[code] = (sums[code] ?? 0) + readings;
  }
  return sums;
}

function missingOf(one: GatewayLedger): MissingRange[] {
  const { ledger, openedMs, closedMs } = one;
  if (ledger === '') {
    if (one.inFlight === 0) return [];
    const times = { afterMs: openedMs, ...(closedMs === undefined ? {} : { beforeMs: closedMs }) };
    return [{ ledger, readings: one.inFlight, ...times, reason: 'ledger-closed' }];
  }
  const dropped = one.drops.map(({ first, last, readings, fromMs, toMs }): MissingRange => {
    return { ledger, first, last, readings, afterMs: fromMs, beforeMs: toMs, reason: 'dropped' };
  });
  const reason = closedMs === undefined ? 'awaited' : 'ledger-closed';
  const gaps = one.gaps().map((gap): MissingRange => {
    const beforeMs = gap.beforeMs ?? closedMs;
    return {
      ledger,
      ...gap,
      ...(beforeMs === undefined ? {} : { beforeMs }),
      readings: gap.last - gap.first + 1,
      reason,
    };
  });
  return [...gaps, ...dropped].sort((a, b) => a.first! - b.first!);
}

/** Where nothing is known of one side, it may reach any far. */
function touches({ afterMs, beforeMs }: MissingRange, { fromMs, toMs }: Period): boolean {
  return (afterMs ?? 0) < toMs && (beforeMs ?? Number.POSITIVE_INFINITY) >= fromMs;
}
