import type { StatedDay } from '../figures.ts';
import { escaped } from './format.ts';

const WIDTH = 640;
const HEIGHT = 98;
const LEFT = 44;
const RIGHT = 6;
const TOP = 6;
const BOTTOM = 16;

interface Frame {
  readonly x: (at: number) => number;
  readonly y: (value: number) => number;
  readonly text: string;
}

/** p95 solid, p50 dashed, the objective dotted, by day. Days without a figure leave a gap in the line. */
export function latencyChart(days: readonly StatedDay[], limitMs: number, words: string): string {
  const frame = frameOf(
    days,
    days.flatMap(({ p50, p95 }) => [p50 ?? 0, p95 ?? 0]),
    limitMs,
  );
  const lines = [
    path(frame, days, ({ p95 }) => p95, 'stroke="#0a4f8f" stroke-width="1.6"'),
    path(frame, days, ({ p50 }) => p50, 'stroke="#0a4f8f" stroke-width="1.2" stroke-dasharray="4 3"'),
  ];
  return drawn(frame.text + lines.join(''), words);
}

/** A bar per day, the objective dotted. */
export function lossChart(days: readonly StatedDay[], limit: number, words: string): string {
  const shares = days.map(({ lost, probes }) => (probes > 0 ? (100 * lost) / probes : 0));
  const frame = frameOf(days, shares, 100 * limit);
  const wide = (WIDTH - LEFT - RIGHT) / days.length;
  const bars = shares.map((share, at) => {
    const top = frame.y(share);
    const height = HEIGHT - BOTTOM - top;
    const isOver = share >= 100 * limit;
    return share === 0
      ? ''
      : `<rect x="${fixed(LEFT + at * wide + wide * 0.2)}" y="${fixed(top)}" width="${fixed(wide * 0.6)}" height="${fixed(height)}" fill="${isOver ? '#a3161d' : '#5b7fa6'}" stroke="${isOver ? '#4d0a0d' : 'none'}"/>`;
  });
  return drawn(frame.text + bars.join(''), words);
}

/** Axes from zero to a round number above everything, the limit, the days' numbers, and hatching where nothing was measured. */
function frameOf(days: readonly StatedDay[], values: readonly number[], limit: number): Frame {
  const top = roundAbove(Math.max(limit, ...values));
  const wide = (WIDTH - LEFT - RIGHT) / days.length;
  const x = (at: number) => LEFT + (at + 0.5) * wide;
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const marks = [0, top / 2, top].map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(value))}" y2="${fixed(y(value))}" stroke="#d5dae0"/><text x="${LEFT - 4}" y="${fixed(y(value) + 3)}" text-anchor="end">${Number(value.toPrecision(3))}</text>`,
  );
  const numbers = days.map((_day, at) =>
    at === 0 || (at + 1) % 5 === 0
      ? `<text x="${fixed(x(at))}" y="${HEIGHT - 4}" text-anchor="middle">${at + 1}</text>`
      : '',
  );
  const empty = days.map(({ probes }, at) =>
    probes === 0
      ? `<rect x="${fixed(LEFT + at * wide)}" y="${TOP}" width="${fixed(wide)}" height="${HEIGHT - TOP - BOTTOM}" fill="url(#none)"/>`
      : '',
  );
  const bound = `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(limit))}" y2="${fixed(y(limit))}" stroke="#1b1f24" stroke-width="1.2" stroke-dasharray="1.5 3"/>`;
  return { x, y, text: [...empty, ...marks, ...numbers, bound].join('') };
}

function path(
  { x, y }: Frame,
  days: readonly StatedDay[],
  of: (day: StatedDay) => number | null,
  attributes: string,
): string {
  let text = '';
  let isDown = false;
  const alone: string[] = [];
  for (const [at, day] of days.entries()) {
    const value = of(day);
    if (value === null) {
      isDown = false;
      continue;
    }
    const isAlone = !isDown && (days[at + 1] === undefined || of(days[at + 1]!) === null);
    if (isAlone) alone.push(`<circle cx="${fixed(x(at))}" cy="${fixed(y(value))}" r="1.8" fill="#0a4f8f"/>`);
    text += `${isDown ? 'L' : 'M'}${fixed(x(at))} ${fixed(y(value))}`;
    isDown = true;
  }
  return `<path d="${text}" fill="none" ${attributes}/>${alone.join('')}`;
}

function drawn(content: string, words: string): string {
  return `<figure><figcaption>${escaped(words)}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(words)}">${content}</svg></figure>`;
}

/** Defines the hatching, once per file. */
export const HATCHING =
  '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><defs><pattern id="none" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" fill="#f3f5f7"/><line x1="0" x2="0" y1="0" y2="6" stroke="#b5bec8" stroke-width="1.5"/></pattern></defs></svg>';

function roundAbove(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 3, 4, 5, 6, 8, 10].find((step) => step * power >= value * 1.05) ?? 12) * power;
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10);
}
