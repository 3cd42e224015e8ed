/** A calendar month, or what a month is made of, in the time of some place. `edgesMs` are the starts of its days and its end. */
export interface MonthBounds {
  /** Such as `2026-10`. */
  readonly month: string;
  /** IANA name, such as `Asia/Shanghai`. */
  readonly zone: string;
  readonly fromMs: number;
  /** Not included. */
  readonly toMs: number;
  /** UTC in ms: where each day begins, in order, and `toMs`. */
  readonly edgesMs: readonly number[];
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const MONTH = /^(20\d{2})-(0[1-9]|1[0-2])$/;

/**
 * By the time zone database of this machine. Undefined where `month` is none of this century or `zone` is unknown. A day that begins where clocks go
 * forward begins at the first moment that it has.
 */
export function monthBounds(month: string, zone: string): MonthBounds | undefined {
  const [, year, number] = MONTH.exec(month) ?? [];
  const offsetMs = offsets(zone);
  if (year === undefined || !offsetMs) return undefined;
  const first = Date.UTC(Number(year), Number(number) - 1, 1);
  const last = Date.UTC(Number(year), Number(number), 1);
  const edgesMs: number[] = [];
  for (let day = first; day <= last; day += DAY_MS) edgesMs.push(startOf(day, offsetMs));
  return { month, zone, fromMs: edgesMs[0]!, toMs: edgesMs.at(-1)!, edgesMs };
}

/** The first moment at which clocks show `wallMs` or later: both of the offsets around it are tried. */
function startOf(wallMs: number, offsetMs: (ms: number) => number): number {
  const [before, after] = [wallMs - DAY_MS, wallMs + DAY_MS].map((ms) => wallMs - offsetMs(ms)) as [
    number,
    number,
  ];
  const right = [before, after].filter((ms) => ms + offsetMs(ms) === wallMs);
  if (right.length > 0) return Math.min(...right);
  // Clocks were put forward over it: the moment at which they were.
  let ms = Math.min(before, after);
  while (ms + offsetMs(ms) < wallMs) ms += MINUTE_MS;
  return ms;
}

/** How far the clocks of `zone` are ahead of UTC, by moment. */
function offsets(zone: string): ((ms: number) => number) | undefined {
  // Ingest asks each minute for months of UTC, and the database behind a format takes 0.3 s to be there on a small machine.
  if (zone === 'UTC') return () => 0;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
  return (ms) => {
    const name = format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
  };
}
