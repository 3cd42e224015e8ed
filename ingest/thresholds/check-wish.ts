import { SluiceError, type Words } from '../../core/errors.ts';
import { findQuantity, type Quantity } from '../../core/quantities.ts';
import type { Bound, ThresholdWish } from '../../core/thresholds/threshold.ts';
import { CROPS } from '../../core/zones/crops.ts';

/** What a schema cannot say. Throws `REQUEST_INVALID`, which names the field. */
export function checkWish({ measurement, field, scope, rule }: ThresholdWish): void {
  const quantity = findQuantity(measurement, field);
  if (!quantity || quantity.kind === 'text')
    throw invalid('field', {
      en: `there is no quantity ${measurement}/${field} that could be judged; see /api/v1/quantities`,
      zh: `没有可判定的量 ${measurement}/${field}；可用的量见 /api/v1/quantities`,
    });
  const { crop, stage } = scope;
  const known = CROPS.find(({ id }) => id === crop);
  if (stage !== undefined && crop === undefined)
    throw invalid('scope.stage', { en: 'a stage needs its crop', zh: '填写生育期时须同时填写作物' });
  if (known && stage !== undefined && !known.stages.some(({ id }) => id === stage))
    throw invalid('scope.stage', {
      en: `${crop} has the stages ${known.stages.map(({ id }) => id).join(', ')}`,
      zh: `${known.zh}的生育期为 ${known.stages.map(({ id }) => id).join('、')}`,
    });
  if (rule.kind === 'bounds') checkBounds(rule.low, rule.high, quantity);
  if (rule.kind === 'rate' && rule.rise === undefined && rule.fall === undefined)
    throw invalid('rule', { en: 'needs rise, fall, or both', zh: '须填写 rise、fall 或两者' });
}

function checkBounds(low: Bound | undefined, high: Bound | undefined, quantity: Quantity): void {
  if (!low && !high) throw invalid('rule', { en: 'needs low, high, or both', zh: '须填写下限、上限或两者' });
  for (const [name, bound] of [
    ['low', low],
    ['high', high],
  ] as const) {
    for (const key of ['raise', 'clear'] as const) {
      const value = bound?.[key];
      if (value === undefined || (value >= quantity.min && value <= quantity.max)) continue;
      const range = `${quantity.min} … ${quantity.max} ${quantity.unit}`.trim();
      throw invalid(`rule.${name}.${key}`, {
        en: `${quantity.en} is within ${range}`,
        zh: `${quantity.zh}的范围为 ${range}`,
      });
    }
  }
  if (low && low.clear < low.raise)
    throw invalid('rule.low.clear', { en: 'must not be below raise', zh: '不得低于触发值' });
  if (high && high.clear > high.raise)
    throw invalid('rule.high.clear', { en: 'must not be above raise', zh: '不得高于触发值' });
  if (low && high && (low.clear > high.clear || low.raise >= high.raise))
    throw invalid('rule.low', {
      en: 'must leave room below the upper bound',
      zh: '下限与上限之间须留有余地',
    });
}

function invalid(field: string, problem: Words): SluiceError {
  return new SluiceError('REQUEST_INVALID', { field, problem });
}
