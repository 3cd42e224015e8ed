import {
  formatConfirmation,
  LEDGER_METRICS,
  type LedgerConfirmation,
  MOST_RANGES,
} from '../../core/ledger.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';

/** The payloads of the NCMDs that confirm these ranges: more than one where there are many. */
export function confirmCommands({ ledger, ranges }: LedgerConfirmation, nowMs: number): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  for (let from = 0; from < ranges.length; from += MOST_RANGES) {
    const value = formatConfirmation({ ledger, ranges: ranges.slice(from, from + MOST_RANGES) });
    const metric = { name: LEDGER_METRICS.confirm, timeMs: nowMs, dataType: DATA_TYPES.String, value };
    payloads.push(encodePayload({ timeMs: nowMs, metrics: [metric] }));
  }
  return payloads;
}
