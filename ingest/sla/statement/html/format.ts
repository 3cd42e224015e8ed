/** Three decimals below 10 ms, two below 100: finer than the 1 % that a histogram knows, and the same width in a table. */
export function msText(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  return ms.toFixed(Math.abs(ms) < 10 ? 3 : Math.abs(ms) < 100 ? 2 : 1);
}

/** A share as percent, with two figures that count however small it is. */
export function percentText(share: number | null | undefined): string {
  if (share === null || share === undefined) return '–';
  const percent = share * 100;
  if (percent === 0) return '0 %';
  // 99.998 % of a month is not 100 %.
  const away = Math.min(percent, 100 - percent) || percent;
  const decimals = Math.min(6, Math.max(2, 1 - Math.floor(Math.log10(Math.abs(away)))));
  return `${percent.toFixed(decimals)} %`;
}

export function countText(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** `2 d 3 h`, `4 min 10 s`, `1.20 s`. */
export function lengthText(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;
  const parts = [
    [Math.floor(ms / 86_400_000), 'd'],
    [Math.floor(ms / 3_600_000) % 24, 'h'],
    [Math.floor(ms / 60_000) % 60, 'min'],
    [Math.floor(ms / 1000) % 60, 's'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** Times as clocks of `zone` show them; in UTC where this machine does not know it, which `name` then says. */
export function timesOf(zone: string): {
  readonly name: string;
  at(ms: number): string;
  dayOf(ms: number): string;
} {
  const options = { dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' } as const;
  let name = zone;
  let format: Intl.DateTimeFormat;
  try {
    // Sweden writes its dates as ISO 8601 does.
    format = new Intl.DateTimeFormat('sv-SE', { ...options, timeZone: zone });
  } catch {
    name = 'UTC';
    format = new Intl.DateTimeFormat('sv-SE', { ...options, timeZone: 'UTC' });
  }
  return { name, at: (ms) => format.format(ms), dayOf: (ms) => format.format(ms).slice(0, 10) };
}

/** Safe as text and as the value of an attribute. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);
}
