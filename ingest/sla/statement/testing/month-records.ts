import type { Gap, LinkRecord } from '../../../../core/links/link-record.ts';
import { noMeasures } from '../../../../core/links/measures.ts';
import { seededRandom } from '../../../../core/testing/seeded-random.ts';

export interface MonthOptions {
  readonly fromMs: number;
  readonly toMs: number;
  readonly recordMs: number;
  readonly ratePerS: number;
  readonly seed: number;
  /** Of the round trip, ms. */
  readonly medianMs: number;
  /** Share lost, evenly. */
  readonly loss: number;
  /** Times in which every probe is lost. */
  readonly dark?: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Times in which the agent was away. */
  readonly away?: readonly { readonly fromMs: number; readonly toMs: number }[];
  /** Records in which loss comes in bursts: share of records, and what of each is lost. */
  readonly bursts?: { readonly share: number; readonly loss: number };
}

/** Records as an agent makes them, the same for the same seed. */
export function* monthRecords(options: MonthOptions): Generator<LinkRecord> {
  const random = seededRandom(options.seed);
  const { fromMs, toMs, recordMs, ratePerS, medianMs } = options;
  for (let at = fromMs; at < toMs; at += recordMs) {
    if (isIn(options.away, at)) continue;
    const measures = noMeasures();
    const { account, roundTrip, variation, invalidBy } = measures;
    const isBurst = options.bursts !== undefined && random() < options.bursts.share;
    const isDark = isIn(options.dark, at);
    account.scheduled = Math.max(1, Math.round(ratePerS * (recordMs / 1000) * (0.9 + 0.2 * random())));
    const share = isDark ? 1 : isBurst ? options.bursts!.loss : options.loss;
    for (let probe = 0; probe < account.scheduled; probe++) {
      const chance = random();
      if (chance < share) account.lost++;
      else if (chance > 0.99999) account.late++;
      else if (chance > 0.9999) account.invalid++;
      else {
        const rush = 1 + 0.15 * Math.sin((at / 86_400_000) * 2 * Math.PI);
        const ms = medianMs * rush * (0.95 + 0.1 * random()) + (random() < 0.02 ? 6 * random() : 0);
        roundTrip.add(ms);
        variation.add(ms * 0.02 * random());
        account.received++;
      }
    }
    invalidBy.stall = account.invalid;
    measures.kernelStamped = account.received;
    measures.jitterMs = 0.02 * medianMs;
    const gaps: Gap[] = isDark ? [{ fromMs: at, toMs: at + recordMs, probes: account.lost }] : [];
    const flows = [{ ...measures, sourcePort: 0 }];
    yield { fromMs: at, toMs: at + recordMs, flows, gaps, ttlForward: 58, ttlReturn: 57, pathChanges: 0 };
  }
}

function isIn(spans: MonthOptions['dark'], ms: number): boolean {
  return spans?.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs) ?? false;
}
