import { asSluiceError } from '../../core/errors.ts';
import { type SeriesKey, seriesIdentity, seriesKey } from '../../core/reading.ts';
import type { Rule, Threshold } from '../../core/thresholds/threshold.ts';
import type { Store } from '../stores/store.ts';
import { RATE_PARTS, remembered } from './assess.ts';
import type { JudgeState } from './judge-state.ts';

const MOST_POINTS = 1_000_000;

/** What rules that look back knew of a series at the end of the run before. */
export interface Past {
  of(key: SeriesKey, rule: Rule): JudgeState['memory'];
}

/** Lowest and highest value of each part of the time that a rule looks at. */
export interface PastPart {
  readonly fromMs: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The values within the time of `rate` and `stuck`, read back once at the start: two questions for each quantity and time, however many
 * series. Where the store cannot answer that, the rule begins anew. Throws what is retryable of `Store.query`.
 */
export async function readPast(
  thresholds: Iterable<Threshold>,
  store: Pick<Store, 'query'>,
  nowMs: number,
): Promise<Past> {
  const asked = new Map<string, Map<string, PastPart[]>>();
  for (const { enabled, measurement, field, rule } of thresholds) {
    if (!enabled || (rule.kind !== 'rate' && rule.kind !== 'stuck')) continue;
    const name = nameOf({ measurement, field }, rule.overS);
    if (asked.has(name)) continue;
    asked.set(name, new Map());
    try {
      asked.set(name, await partsOf({ measurement, field }, rule.overS, store, nowMs));
    } catch (thrown) {
      if (asSluiceError(thrown).retryable) throw thrown;
    }
  }
  return {
    of: (key, rule) => {
      if (rule.kind !== 'rate' && rule.kind !== 'stuck') return undefined;
      const identity = seriesIdentity(key);
      const parts = asked.get(nameOf(key, rule.overS))?.get(identity);
      return parts && remembered(rule, parts);
    },
  };
}

async function partsOf(
  quantity: Pick<SeriesKey, 'measurement' | 'field'>,
  overS: number,
  store: Pick<Store, 'query'>,
  nowMs: number,
): Promise<Map<string, PastPart[]>> {
  const everyMs = Math.ceil((1000 * overS) / RATE_PARTS);
  const times = { fromMs: nowMs - 1000 * overS, toMs: nowMs, maxPoints: MOST_POINTS };
  const [lowest, highest] = await Promise.all(
    (['min', 'max'] as const).map((fn) => store.query({ ...quantity, ...times, window: { everyMs, fn } })),
  );
  const found = new Map<string, PastPart[]>();
  const highs = new Map(highest!.map((one) => [identityOf(quantity, one.tags), one]));
  for (const { tags, timeMs, value } of lowest!) {
    const identity = identityOf(quantity, tags);
    const high = highs.get(identity);
    const max = new Map(high?.timeMs.map((ms, n) => [ms, Number(high.value[n])]));
    const parts = timeMs.map((fromMs, n) => ({
      ...{ fromMs, min: Number(value[n]), max: max.get(fromMs) ?? Number(value[n]) },
    }));
    found.set(identity, parts);
  }
  return found;
}

function identityOf(
  { measurement, field }: Pick<SeriesKey, 'measurement' | 'field'>,
  tags: Partial<SeriesKey>,
): string {
  return seriesIdentity(seriesKey({ ...tags, measurement, field, unit: '' }));
}

function nameOf({ measurement, field }: Pick<SeriesKey, 'measurement' | 'field'>, overS: number): string {
  return `${measurement}/${field}/${overS}`;
}
