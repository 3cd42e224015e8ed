import type { TimeSpan } from '../ranges.ts';

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** `10s`, `5m`, `1h`; undefined where it is none. */
export function durationMs(text: string | null | undefined): number | undefined {
  const [, figure, unit] = /^>?(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text?.trim() ?? '') ?? [];
  return figure === undefined ? undefined : Number(figure) * UNITS_MS[unit!]!;
}

/** As the API takes it. */
export function durationText(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    if (ms % UNITS_MS[unit]! === 0) return `${ms / UNITS_MS[unit]!}${unit}`;
  }
  return `${ms}ms`;
}

const FLOORS: Readonly<Record<string, (date: Date) => void>> = {
  m: (date) => date.setSeconds(0, 0),
  h: (date) => date.setMinutes(0, 0, 0),
  d: (date) => date.setHours(0, 0, 0, 0),
  w: (date) => {
    date.setHours(0, 0, 0, 0);
    date.setDate(date.getDate() - ((date.getDay() + 6) % 7));
  },
  M: (date) => {
    date.setHours(0, 0, 0, 0);
    date.setDate(1);
  },
  y: (date) => {
    date.setHours(0, 0, 0, 0);
    date.setMonth(0, 1);
  },
};

/**
 * `now-6h`, `now/d` (begin of the day, or its end where it is the end of a time), `now-1d/d`, or milliseconds since 1970, in the
 * viewer's zone; undefined where it is none of them.
 */
export function parseTime(text: string, nowMs: number, isEnd: boolean): number | undefined {
  if (/^\d{10,}$/.test(text)) return Number(text);
  const [, sign, count, unit, floor] = /^now(?:([-+])(\d+)([smhdwMy]))?(?:\/([mhdwMy]))?$/.exec(text) ?? [];
  if (!text.startsWith('now') || (text !== 'now' && unit === undefined && floor === undefined)) {
    const parsed = Date.parse(text);
    return Number.isNaN(parsed) ? undefined : parsed;
  }
  const date = new Date(nowMs);
  if (unit !== undefined) {
    const signed = Number(`${sign}${count}`);
    shift(date, signed, unit);
  }
  if (floor !== undefined) {
    FLOORS[floor]!(date);
    if (isEnd) shift(date, 1, floor);
  }
  return date.getTime();
}

/** Days, months and years are those of the calendar, which clocks that are put forward or back do not change. */
function shift(date: Date, count: number, unit: string): void {
  if (unit === 'M') date.setMonth(date.getMonth() + count);
  else if (unit === 'y') date.setFullYear(date.getFullYear() + count);
  else if (unit === 'd') date.setDate(date.getDate() + count);
  else if (unit === 'w') date.setDate(date.getDate() + 7 * count);
  else date.setTime(date.getTime() + count * UNITS_MS[unit]!);
}

export function isRelative(from: string, to: string): boolean {
  return from.startsWith('now') || to.startsWith('now');
}

export function spanOf(from: string, to: string, nowMs: number): TimeSpan | undefined {
  const [fromMs, toMs] = [parseTime(from, nowMs, false), parseTime(to, nowMs, true)];
  return fromMs === undefined || toMs === undefined || fromMs >= toMs ? undefined : { fromMs, toMs };
}

const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 20, 30].map((s) => s * 1_000),
  ...[1, 2, 5, 10, 15, 20, 30].map((m) => m * 60_000),
  ...[1, 2, 3, 6, 12].map((h) => h * 3_600_000),
  ...[1, 7, 30].map((d) => d * 86_400_000),
];

/** `$__interval`: about as many windows as points are wanted, of a length that people use, at least `leastMs`. */
export function intervalMs({ fromMs, toMs }: TimeSpan, points: number, leastMs: number): number {
  const wantedMs = (toMs - fromMs) / Math.max(points, 1);
  const step = STEPS_MS.find((ms) => ms >= wantedMs) ?? STEPS_MS.at(-1)!;
  return Math.max(step, leastMs, 1_000);
}
