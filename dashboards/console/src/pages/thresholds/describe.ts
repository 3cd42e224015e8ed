import type { Quantity } from '../../../../../core/quantities.ts';
import type { Rule, ThresholdScope, ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { CROPS } from '../../../../../core/zones/crops.ts';
import { formatSpan } from '../../format-span.ts';
import type { Locale } from '../../i18n/locale.ts';
import type { KnownZone } from './api.ts';
import { WORDS } from './words.ts';

const MOST_DECIMALS = 6;

/** Thresholds in the words of those who set them. */
export interface Describing {
  readonly locale: Locale;
  readonly zones: readonly KnownZone[];
  readonly quantities: readonly Quantity[];
}

/** A figure as somebody has written it: 20, not 20.0. */
export function asSet(value: number, quantity: Quantity | undefined, locale: Locale): string {
  const decimals = Math.min(String(value).split('.')[1]?.length ?? 0, MOST_DECIMALS);
  const unit = quantity?.unit ?? '';
  const figure = locale.number(value, decimals);
  return unit === '' || unit === '1' ? figure : `${figure}\u00a0${unit}`;
}

/** "Warn below 20 %, until 23 %, after 10 min". */
export function describeRule(
  { rule, severity, forS, measurement, field }: ThresholdWish,
  on: Describing,
): string {
  const words = WORDS[on.locale.language];
  const quantity = on.quantities.find((one) => one.measurement === measurement && one.field === field);
  const when = conditionOf(rule, quantity, on.locale);
  // Silence and standstill have their length of time in them already.
  const isAfter = forS > 0 || rule.kind === 'bounds' || rule.kind === 'rate';
  const after = isAfter ? words.after(forS === 0 ? undefined : formatSpan(forS, on.locale)) : '';
  return words.sentence(words.verbs[severity], when, after);
}

function conditionOf(rule: Rule, quantity: Quantity | undefined, locale: Locale): string {
  const words = WORDS[locale.language];
  const write = (value: number) => asSet(value, quantity, locale);
  switch (rule.kind) {
    case 'bounds': {
      const low = rule.low && words.below(write(rule.low.raise), write(rule.low.clear));
      const high = rule.high && words.above(write(rule.high.raise), write(rule.high.clear));
      return [low, high].filter((one) => one !== undefined).join(words.or);
    }
    case 'rate': {
      const within = formatSpan(rule.overS, locale);
      const rise = rule.rise !== undefined ? words.rises(write(rule.rise)) : undefined;
      const fall = rule.fall !== undefined ? words.falls(write(rule.fall)) : undefined;
      return words.within([rise, fall].filter((one) => one !== undefined).join(words.or), within);
    }
    case 'stuck':
      return words.stuck(write(rule.band), formatSpan(rule.overS, locale));
    case 'no-data':
      return words.noData(formatSpan(rule.afterS, locale));
    case 'implausible':
      return words.implausible;
    case 'neighbours':
      return words.neighbours(write(rule.by));
  }
}

/** "Tomato in the mid-season stage, zone North field"; "Everywhere" where it names nothing. */
export function describeScope(scope: ThresholdScope, { locale, zones }: Describing): string {
  const words = WORDS[locale.language];
  const { site, zone, gateway, device, point, crop, stage } = scope;
  const parts = [
    crop !== undefined && cropName(crop, stage, locale),
    zone !== undefined && words.zoneNamed(zoneName(site, zone, zones)),
    device !== undefined && words.deviceNamed(device),
    point !== undefined && words.pointNamed(point),
    gateway !== undefined && words.gatewayNamed(gateway),
    site !== undefined && words.siteNamed(site),
  ].filter((one) => one !== false);
  if (parts.length === 0) return words.everywhere;
  const said = parts.join(words.comma);
  return said.charAt(0).toUpperCase() + said.slice(1);
}

export function cropName(crop: string, stage: string | undefined, locale: Locale): string {
  const { language } = locale;
  const known = CROPS.find(({ id }) => id === crop);
  const name = known ? (language === 'en' ? known.en.toLowerCase() : known.zh) : crop;
  if (stage === undefined) return name;
  return WORDS[language].inStage(name, stageName(crop, stage, locale));
}

export function stageName(crop: string | undefined, stage: string, { language }: Locale): string {
  const stages = CROPS.find(({ id }) => id === crop)?.stages;
  return stages?.find(({ id }) => id === stage)?.[language] ?? stage;
}

/** As people call it, with the id that readings carry where it is another. */
export function zoneName(site: string | undefined, zone: string, zones: readonly KnownZone[]): string {
  const found = zones.find((one) => one.id === zone && (site === undefined || one.site === site));
  return found?.name ?? zone;
}
