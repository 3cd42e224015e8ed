import type uPlot from 'uplot';
import type { TimeSpan } from '../ranges.ts';

/** A level that values are held against: drawn across the chart, with its words beside it. */
export interface Bound {
  readonly value: number;
  readonly label: string;
  /** `clear` is dotted, `raise` dashed: told apart without colour. */
  readonly kind: 'raise' | 'clear';
  /** On which side of the line its words stand, so that two lines near each other can both be read. */
  readonly side: 'above' | 'below';
}

export interface Marks {
  readonly bounds: readonly Bound[];
  /** Times that are shaded, with slanting lines over them. */
  readonly spans: readonly TimeSpan[];
}

const HATCH_PX = 8;
const DASHES = { raise: [8, 5], clear: [2, 4] } as const;

/** Draws under the lines of a chart: shaded times first, then bounds. */
export function drawMarks(u: uPlot, { bounds, spans }: Marks, colour: string, font: string): void {
  const { ctx, bbox } = u;
  const scale = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  for (const { fromMs, toMs } of spans) {
    const left = Math.max(u.valToPos(fromMs, 'x', true), bbox.left);
    const right = Math.min(u.valToPos(toMs, 'x', true), bbox.left + bbox.width);
    // A short event among ninety days is seen all the same.
    if (right >= left) hatch(ctx, { left, width: Math.max(right - left, 2 * scale), bbox, scale });
  }
  ctx.font = font.replace(/\d+px/, `${12 * scale}px`);
  ctx.textAlign = 'left';
  ctx.textBaseline = 'alphabetic';
  for (const { value, label, kind, side } of bounds) {
    const y = u.valToPos(value, 'y', true);
    ctx.lineWidth = 1.5 * scale;
    ctx.setLineDash(DASHES[kind].map((length) => length * scale));
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.fillText(label, bbox.left + 6 * scale, side === 'above' ? y - 5 * scale : y + 14 * scale);
  }
  ctx.restore();
}

interface Area {
  readonly left: number;
  readonly width: number;
  readonly bbox: uPlot.BBox;
  readonly scale: number;
}

function hatch(ctx: CanvasRenderingContext2D, { left, width, bbox, scale }: Area): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, width, bbox.height);
  ctx.clip();
  ctx.globalAlpha = 0.14;
  ctx.fillRect(left, bbox.top, width, bbox.height);
  ctx.globalAlpha = 0.5;
  ctx.lineWidth = scale;
  ctx.setLineDash([]);
  ctx.beginPath();
  // From the plot's own corner, so that neighbouring times have one pattern.
  const step = HATCH_PX * scale;
  const first = Math.floor((left - bbox.left - bbox.height) / step) * step + bbox.left;
  for (let x = first; x < left + width; x += step) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}
