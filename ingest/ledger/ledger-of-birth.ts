import { LEDGER_METRICS } from '../../core/ledger.ts';
import type { Metric } from '../../core/sparkplug/payload.ts';
import type { LedgerAnnouncement } from './ledger-book.ts';

const LEDGER_ID = /^[0-9a-f]{16}$/;

/** What an NBIRTH says of the ledger; `undefined` where its gateway keeps none, or says what cannot be. */
export function ledgerOfBirth(metrics: readonly Metric[]): LedgerAnnouncement | undefined {
  const said = (name: string) => metrics.find((metric) => metric.name === name)?.value;
  const ledger = said(LEDGER_METRICS.id);
  const first = said(LEDGER_METRICS.first);
  const next = said(LEDGER_METRICS.next);
  if (typeof ledger !== 'string' || !LEDGER_ID.test(ledger)) return undefined;
  if (!isNumber(first) || !isNumber(next) || first > next) return undefined;
  return { ledger, first, next };
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
