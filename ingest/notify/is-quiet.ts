import type { QuietHours } from '../../core/alerts/contact.ts';

/** Time zones are few; making a format of one takes a tenth of a millisecond. */
const formats = new Map<string, Intl.DateTimeFormat>();

/** By the wall clock where the person is: what is twice or not at all when clocks change is as that clock shows it. */
export function isQuiet({ from, to, zone }: QuietHours, nowMs: number): boolean {
  const now = timeOfDay(zone, nowMs);
  return from <= to ? now >= from && now < to : now >= from || now < to;
}

/** `HH:MM`, which sorts as it runs. */
function timeOfDay(zone: string, nowMs: number): string {
  let format = formats.get(zone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-GB', {
      ...{ timeZone: knownZone(zone), hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
    });
    formats.set(zone, format);
  }
  return format.format(nowMs);
}

/** UTC where this program knows the zone no more, as after a change of Node.js: a wrong hour is better than no message to anybody. */
export function knownZone(zone: string): string {
  return isTimeZone(zone) ? zone : 'UTC';
}

export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
