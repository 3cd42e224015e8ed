import type { Language } from '../../../../core/errors.ts';
import { en, type Messages } from './en.ts';
import { zh } from './zh.ts';

const MESSAGES: Record<Language, Messages> = { en, zh };
const HTML_LANG: Record<Language, string> = { en: 'en', zh: 'zh-Hans' };

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Below this, the exact age says nothing and its ticking only distracts. */
const JUST_NOW_MS = 10_000;

/** Words, numbers and times of one language, in the viewer's time zone. */
export interface Locale {
  readonly language: Language;
  /** For `<html lang>`. */
  readonly htmlLang: string;
  readonly words: Messages;
  number(value: number, decimals: number): string;
  /** Names one after the other. */
  list(names: readonly string[]): string;
  /** How long ago, in words. */
  age(ms: number): string;
  /** How long something has lasted, to the minute. */
  duration(ms: number): string;
  /** Hour and minute, with the date where it is not the day of `nowMs`, and the year where it is not that year. */
  time(timeMs: number, nowMs: number): string;
  /** Beginning and end as `time`; the end has its date where that is not the day of the beginning, also when it is today. */
  span(fromMs: number, toMs: number, nowMs: number): readonly [string, string];
  clock(timeMs: number): string;
  day(timeMs: number): string;
  /** The zone that all these times are in, by name and offset. */
  zone(timeMs: number): string;
}

export function createLocale(language: Language, timeZone?: string): Locale {
  const words = MESSAGES[language];
  const tag = language === 'zh' ? 'zh-CN' : 'en-GB';
  const zone = timeZone === undefined ? {} : { timeZone };
  const formats = new Map<number, Intl.NumberFormat>();
  const relative = new Intl.RelativeTimeFormat(tag, { style: 'short' });
  const hourMinute = new Intl.DateTimeFormat(tag, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...zone,
  });
  const date = new Intl.DateTimeFormat(tag, { month: 'short', day: 'numeric', ...zone });
  const dateOfYear = new Intl.DateTimeFormat(tag, { dateStyle: 'medium', ...zone });
  const year = new Intl.DateTimeFormat('en', { year: 'numeric', ...zone });
  const number = (value: number, decimals: number) => {
    let format = formats.get(decimals);
    if (!format) {
      format = new Intl.NumberFormat(tag, {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      });
      formats.set(decimals, format);
    }
    // A rounded −0.0 would read as frost.
    return format.format(Math.abs(value) < 0.5 * 10 ** -decimals ? 0 : value);
  };
  const timeOf = (timeMs: number, nowMs: number) => {
    const time = hourMinute.format(timeMs);
    if (year.format(timeMs) !== year.format(nowMs)) return `${dateOfYear.format(timeMs)} ${time}`;
    return date.format(timeMs) === date.format(nowMs) ? time : `${date.format(timeMs)} ${time}`;
  };
  return {
    language,
    htmlLang: HTML_LANG[language],
    words,
    number,
    list: (names) => names.join(language === 'zh' ? '、' : ', '),
    age(ms) {
      if (ms < JUST_NOW_MS) return words.justNow;
      if (ms < MINUTE_MS) return relative.format(-Math.floor(ms / SECOND_MS), 'second');
      if (ms < HOUR_MS) return relative.format(-Math.floor(ms / MINUTE_MS), 'minute');
      if (ms < 2 * DAY_MS) return relative.format(-Math.floor(ms / HOUR_MS), 'hour');
      return relative.format(-Math.floor(ms / DAY_MS), 'day');
    },
    duration(ms) {
      const minutes = Math.floor(ms / MINUTE_MS);
      if (minutes < 1) return words.underAMinute;
      if (minutes < 60) return words.minutes(number(minutes, 0));
      if (ms >= 2 * DAY_MS) return words.days(number(Math.floor(ms / DAY_MS), 0));
      const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
      return rest === 0
        ? words.hours(number(hours, 0))
        : words.hoursMinutes(number(hours, 0), number(rest, 0));
    },
    time: timeOf,
    span: (fromMs, toMs, nowMs) => [timeOf(fromMs, nowMs), timeOf(toMs, fromMs)],
    clock: (timeMs) => hourMinute.format(timeMs),
    day: (timeMs) => date.format(timeMs),
    zone: (timeMs) => {
      const [name, offset] = (['long', 'shortOffset'] as const).map((timeZoneName) =>
        new Intl.DateTimeFormat(tag, { timeZoneName, ...zone })
          .formatToParts(timeMs)
          .find(({ type }) => type === 'timeZoneName')!
          .value.replace('GMT', 'UTC'),
      );
      return words.named(name!, offset!);
    },
  };
}

/** The first of the viewer's languages that we speak; English where we speak none. */
export function preferredLanguage(languages: readonly string[]): Language {
  for (const language of languages) {
    if (/^zh\b/i.test(language)) return 'zh';
    if (/^en\b/i.test(language)) return 'en';
  }
  return 'en';
}
