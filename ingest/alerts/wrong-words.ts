import type { Words } from '../../core/errors.ts';
import { findQuantity } from '../../core/quantities.ts';
import type { SeriesKey } from '../../core/reading.ts';
import type { Rule, Threshold } from '../../core/thresholds/threshold.ts';
import type { JudgeState } from '../thresholds/judge-state.ts';

export type ZoneName = (site: string, zone: string) => string | undefined;

/**
 * Such as "Soil moisture in north is 17.8 %, below 20 % for 10 min; at worst 12 %, now 15 % (farm/pump/s1)", without a full stop. `latest`: its
 * value by now.
 */
export function wrongWords(
  series: SeriesKey,
  { rule, forS }: Pick<Threshold, 'rule' | 'forS'>,
  state: JudgeState,
  zoneName: ZoneName,
  latest?: number,
): Words {
  const { en, zh } = how(series, rule, state);
  const since = sinceWords(series, rule, state, latest);
  const what = quantityWords(series);
  const place = placeWords(series, zoneName);
  const who = [series.site, series.gateway, series.device, series.point]
    .filter((one) => one !== '')
    .join('/');
  const lasts = forS > 0 && rule.kind !== 'no-data';
  const forEn = lasts ? ` for ${lengthWords(forS).en}` : '';
  const forZh = lasts ? `，已持续 ${lengthWords(forS).zh}` : '';
  const flaps = state.flaps
    ? { en: '; it flaps: it comes and goes', zh: '；反复波动，时有时无' }
    : { en: '', zh: '' };
  return {
    en: `${what.en}${place.en} ${en}${forEn}${since.en}${flaps.en} (${who})`,
    zh: `${place.zh}${what.zh}${zh}${forZh}${since.zh}${flaps.zh}（${who}）`,
  };
}

export function quantityWords({ measurement, field }: Pick<SeriesKey, 'measurement' | 'field'>): Words {
  const quantity = findQuantity(measurement, field);
  const name = `${measurement}/${field}`;
  return { en: quantity?.en ?? name, zh: quantity?.zh ?? name };
}

/** In English with " in " before it, in Chinese with "的" after it; nothing where there is no place. */
export function placeWords(
  { site, zone, link }: Pick<SeriesKey, 'site' | 'zone' | 'link'>,
  zoneName: ZoneName,
): Words {
  const name = link !== '' ? link : zone !== '' ? (zoneName(site, zone) ?? zone) : '';
  if (name === '') return { en: '', zh: '' };
  return { en: link === '' ? ` in ${name}` : ` of ${name}`, zh: `${name} 的` };
}

function how(series: SeriesKey, rule: Rule, { side, value }: JudgeState): Words {
  const text = (number: number | undefined) => withUnit(series, number);
  switch (rule.kind) {
    case 'bounds': {
      const isLow = side === 'low';
      const bound = text((isLow ? rule.low : rule.high)?.raise);
      return {
        en: `is ${text(value)}, ${isLow ? 'below' : 'above'} ${bound}`,
        zh: `为 ${text(value)}，${isLow ? '低于' : '高于'} ${bound}`,
      };
    }
    case 'rate': {
      const over = lengthWords(rule.overS);
      const isRise = side === 'rise';
      return {
        en: `has ${isRise ? 'risen' : 'fallen'} by ${text(value)} within ${over.en}`,
        zh: `在 ${over.zh}内${isRise ? '上升' : '下降'} ${text(value)}`,
      };
    }
    case 'stuck': {
      const over = lengthWords(rule.overS);
      return {
        en: `has stayed at ${text(value)} for ${over.en}: the sensor may be stuck`,
        zh: `停留在 ${text(value)} 达 ${over.zh}：传感器可能卡死`,
      };
    }
    case 'no-data': {
      const after = lengthWords(rule.afterS);
      return { en: `has not been heard of for ${after.en}`, zh: `已 ${after.zh}无数据` };
    }
    case 'implausible':
      return side === 'range'
        ? { en: `cannot be ${text(value)}`, zh: `不可能为 ${text(value)}` }
        : { en: 'is bad by its own quality', zh: '的数据质量为坏' };
    case 'neighbours': {
      const by = text(rule.by);
      return {
        en: `is ${text(value)}, more than ${by} ${side === 'above' ? 'above' : 'below'} the median of its neighbours`,
        zh: `为 ${text(value)}，比邻近读数的中位数${side === 'above' ? '高' : '低'}出 ${by} 以上`,
      };
    }
  }
}

/** What became of the value since it was raised, as far as that reads differently. */
function sinceWords(
  series: SeriesKey,
  { kind }: Rule,
  { value, worst, phase }: JudgeState,
  latest: number | undefined,
): Words {
  const [first, far, now] = [value, worst ?? value, latest].map((one) => withUnit(series, one));
  if (phase !== 'raised' || value === undefined) return { en: '', zh: '' };
  const isWorse = far !== first;
  // What a rate has risen by is no value that it could be now.
  const isOther = ['bounds', 'neighbours'].includes(kind) && latest !== undefined && now !== first;
  const en = [isWorse ? `at worst ${far}` : '', isOther && now !== far ? `now ${now}` : ''];
  const zh = [isWorse ? `最差 ${far}` : '', isOther && now !== far ? `现为 ${now}` : ''];
  const joined = (all: string[], lead: string, comma: string) => {
    const said = all.filter((one) => one !== '').join(comma);
    return said === '' ? '' : `${lead}${said}`;
  };
  return { en: joined(en, '; ', ', '), zh: joined(zh, '；', '，') };
}

function withUnit({ measurement, field, unit }: SeriesKey, value: number | undefined): string {
  if (value === undefined) return '?';
  const decimals = findQuantity(measurement, field)?.decimals ?? 2;
  return `${Number(value.toFixed(decimals))} ${unit === '1' ? '' : unit}`.trim();
}

export function lengthWords(seconds: number): Words {
  for (const [unit, en, zh] of [
    [86_400, 'd', '天'],
    [3_600, 'h', '小时'],
    [60, 'min', '分钟'],
  ] as const) {
    if (seconds >= 2 * unit || seconds === unit) {
      const count = Number((seconds / unit).toFixed(1));
      return { en: `${count} ${en}`, zh: `${count} ${zh}` };
    }
  }
  return { en: `${seconds} s`, zh: `${seconds} 秒` };
}
