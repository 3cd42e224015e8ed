import type { Language } from '../../../../core/errors.ts';
import type { Locale } from '../i18n/locale.ts';

export interface Written {
  readonly figure: string;
  /** With the space before it, where one belongs there; empty where there is none. */
  readonly unit: string;
}

/** Steps of a unit: from this value on it is written so many times smaller, with another name. */
type Scale = readonly (readonly [from: number, by: number, en: string, zh?: string])[];

const MINUTE_S = 60;
const HOUR_S = 3_600;
const DAY_S = 86_400;

const TIME_S: Scale = [
  [0, 1e-6, 'µs'],
  [0.001, 0.001, 'ms'],
  [1, 1, 's'],
  [MINUTE_S, MINUTE_S, 'min'],
  [HOUR_S, HOUR_S, 'h'],
  [2 * DAY_S, DAY_S, 'd', '天'],
];
const scaled = (scale: Scale, unit: number): Scale =>
  scale.map(([from, by, ...names]) => [from / unit, by / unit, ...names]);
const metric = (unit: string): Scale => [
  [0, 1, unit],
  [1e3, 1e3, `k${unit}`],
  [1e6, 1e6, `M${unit}`],
  [1e9, 1e9, `G${unit}`],
  [1e12, 1e12, `T${unit}`],
];
const binary = (unit: string): Scale => [
  [0, 1, unit],
  ...['Ki', 'Mi', 'Gi', 'Ti'].map(
    (name, index) => [1024 ** (index + 1), 1024 ** (index + 1), `${name}${unit}`] as const,
  ),
];

const SCALES: Readonly<Record<string, Scale>> = {
  short: [
    [0, 1, ''],
    [1e4, 1e3, 'K', 'K'],
    [1e6, 1e6, 'M', 'M'],
    [1e9, 1e9, 'G', 'G'],
  ],
  s: TIME_S,
  ms: scaled(TIME_S, 0.001),
  m: scaled(TIME_S, MINUTE_S),
  h: scaled(TIME_S, HOUR_S),
  d: scaled(TIME_S, DAY_S),
  dtdurations: TIME_S,
  bytes: binary('B'),
  decbytes: metric('B'),
  bps: metric('bit/s'),
  Bps: metric('B/s'),
  hertz: metric('Hz'),
  pps: metric('p/s'),
  kwatth: [[0, 1, 'kWh']],
};

/** Grafana's ids of units that are written as they are. */
const SUFFIXES: Readonly<Record<string, string>> = {
  celsius: '°C',
  degree: '°',
  humidity: '%',
  percent: '%',
  pressurekpa: 'kPa',
  pressurehpa: 'hPa',
  pressurembar: 'mbar',
  velocityms: 'm/s',
  lengthm: 'm',
  lengthmm: 'mm',
  lengthkm: 'km',
  areaM2: 'm²',
  areaHA: 'ha',
  Wm2: 'W/m²',
  ppm: 'ppm',
  conppm: 'ppm',
  conmgm3: 'mg/m³',
  conμgm3: 'µg/m³',
  lux: 'lx',
  volt: 'V',
  amp: 'A',
  watt: 'W',
  rothz: 'Hz',
  rotrpm: 'rpm',
  dBm: 'dBm',
  decmbytes: 'MB',
  mbytes: 'MiB',
  m3: 'm³',
  litre: 'L',
  flowlpm: 'L/min',
  flowcms: 'm³/s',
  cps: '/s',
  ops: '/s',
  cpm: '/min',
  reqps: '/s',
  mps: '/s',
  wps: '/s',
  opm: '/min',
  pH: 'pH',
};

const WORDS: Readonly<Record<string, Readonly<Record<Language, readonly [string, string]>>>> = {
  bool: { en: ['false', 'true'], zh: ['否', '是'] },
  bool_yes_no: { en: ['no', 'yes'], zh: ['否', '是'] },
  bool_on_off: { en: ['off', 'on'], zh: ['关', '开'] },
};

/** A value by Grafana's id of its unit. Decimals that are not given are as many as its size asks for. */
export function writeValue(
  value: number,
  unit: string | undefined,
  decimals: number | null | undefined,
  locale: Locale,
  nowMs = 0,
): Written {
  const { language } = locale;
  const words = WORDS[unit ?? ''];
  if (words) return { figure: words[language][value ? 1 : 0], unit: '' };
  if (unit?.startsWith('dateTime')) {
    const isAge = unit === 'dateTimeFromNow';
    return { figure: isAge ? locale.age(Math.max(0, nowMs - value)) : locale.time(value, nowMs), unit: '' };
  }
  if (unit === 'percentunit') return suffixed(value * 100, '%', decimals, locale);
  const scale = SCALES[unit ?? ''];
  if (scale) {
    const step = scale.findLast(([from]) => Math.abs(value) >= from) ?? scale[0]!;
    // Nothing at all is told in the unit that was meant.
    const [, by, en, zh] = value === 0 ? (scale.find(([, one]) => one === 1) ?? step) : step;
    return suffixed(value / by, language === 'zh' ? (zh ?? en) : en, by === 1 ? decimals : undefined, locale);
  }
  const prefix = /^prefix:(.*)/s.exec(unit ?? '')?.[1];
  if (prefix !== undefined) return { figure: `${prefix}${numberOf(value, decimals, locale)}`, unit: '' };
  const suffix = /^(?:suffix|si|time|currency|count):(.*)/s.exec(unit ?? '')?.[1];
  return suffixed(value, suffix ?? SUFFIXES[unit ?? ''] ?? (isNone(unit) ? '' : unit!), decimals, locale);
}

export function plain({ figure, unit }: Written): string {
  return figure + unit;
}

function suffixed(
  value: number,
  suffix: string,
  decimals: number | null | undefined,
  locale: Locale,
): Written {
  const unit = suffix.trim();
  const gap = unit === '' || unit === '°' ? '' : '\u00a0';
  return { figure: numberOf(value, decimals, locale), unit: gap + unit };
}

function numberOf(value: number, decimals: number | null | undefined, locale: Locale): string {
  return locale.number(value, decimals ?? decimalsFor(value));
}

/** Three digits that say something, and none that say nothing. */
function decimalsFor(value: number): number {
  if (value === 0 || Number.isInteger(value)) return 0;
  const size = Math.floor(Math.log10(Math.abs(value)));
  const digits = Math.min(Math.max(0, 2 - size), 6);
  return Math.abs(value - Math.round(value)) < 1e-9 ? 0 : digits;
}

function isNone(unit: string | undefined): boolean {
  return (
    unit === undefined || unit === '' || ['none', 'string', 'locale', 'sishort', 'number'].includes(unit)
  );
}
