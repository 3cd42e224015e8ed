import { metresFrom, type Position } from '../../../../../core/zones/position.ts';

/** What of the land is shown: metres east and north of `origin` in the middle, and how many pixels a metre takes. */
export interface MapView {
  readonly eastM: number;
  readonly northM: number;
  readonly pxPerM: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Bounds {
  readonly origin: Position;
  readonly widthM: number;
  readonly heightM: number;
}

const MARGIN_PX = 36;
/** From a hand's breadth to all of the earth, for sites may be anywhere on it. */
const MOST_PX_PER_M = 200;
const LEAST_PX_PER_M = 0.000_005;
/** A single point has no extent to go by. */
const LEAST_EXTENT_M = 10;

export function boundsOf(positions: readonly Position[]): Bounds | undefined {
  if (positions.length === 0) return undefined;
  const [west, east] = acrossTheShortWay(positions.map(([lon]) => lon!));
  const [south, north] = extent(positions.map(([, lat]) => lat!));
  const origin = [(west + east) / 2, (south + north) / 2];
  const [halfEastM, halfNorthM] = metresFrom(origin, [east, north]);
  return { origin, widthM: 2 * halfEastM, heightM: 2 * halfNorthM };
}

/** All of it, as large as there is room. */
export function viewOfAll({ widthM, heightM }: Bounds, { width, height }: Size): MapView {
  const across = (width - 2 * MARGIN_PX) / Math.max(widthM, LEAST_EXTENT_M);
  const up = (height - 2 * MARGIN_PX) / Math.max(heightM, LEAST_EXTENT_M);
  return { eastM: 0, northM: 0, pxPerM: limited(Math.min(across, up)) };
}

export function toPixels(
  position: Position,
  { origin }: Bounds,
  view: MapView,
  { width, height }: Size,
): [number, number] {
  const [east, north] = metresFrom(origin, position);
  return [width / 2 + (east - view.eastM) * view.pxPerM, height / 2 - (north - view.northM) * view.pxPerM];
}

/** An outline as a path of whole pixels; points that fall on the one before are left out, which for most of a large farm are nearly all. */
export function pathOf(
  rings: readonly (readonly Position[])[],
  pixels: (position: Position) => readonly [number, number],
): string {
  return rings
    .map((ring) => {
      const points = ring.map((one) => pixels(one).map(Math.round).join(' '));
      return `M${points.filter((one, index) => one !== points[index - 1]).join('L')}Z`;
    })
    .join('');
}

export function moved(view: MapView, rightPx: number, downPx: number): MapView {
  return { ...view, eastM: view.eastM - rightPx / view.pxPerM, northM: view.northM + downPx / view.pxPerM };
}

/** Larger by `factor`, with the point that is `rightPx` and `downPx` from the middle where it is. */
export function zoomed(view: MapView, factor: number, rightPx = 0, downPx = 0): MapView {
  const pxPerM = limited(view.pxPerM * factor);
  const shift = 1 / view.pxPerM - 1 / pxPerM;
  return { eastM: view.eastM + rightPx * shift, northM: view.northM - downPx * shift, pxPerM };
}

/** A round length of 1, 2 or 5 that is at most `mostPx` long. */
export function scaleBar(pxPerM: number, mostPx: number): { readonly lengthM: number; readonly px: number } {
  const mostM = mostPx / pxPerM;
  const power = 10 ** Math.floor(Math.log10(mostM));
  const lengthM = ([5, 2, 1].find((step) => step * power <= mostM) ?? 1) * power;
  return { lengthM, px: lengthM * pxPerM };
}

/** Land on both sides of 180° is not spread around the earth: there the west is counted on. */
function acrossTheShortWay(longitudes: readonly number[]): [number, number] {
  const plain = extent(longitudes);
  const on = extent(longitudes.map((lon) => (lon < 0 ? lon + 360 : lon)));
  return on[1] - on[0] < plain[1] - plain[0] ? on : plain;
}

function extent(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([least, most], one) => [Math.min(least, one), Math.max(most, one)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
}

function limited(pxPerM: number): number {
  return Math.min(MOST_PX_PER_M, Math.max(LEAST_PX_PER_M, pxPerM));
}
