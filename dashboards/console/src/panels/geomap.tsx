import { useEffect, useState } from 'preact/hooks';
import { useBoard } from './board-context.ts';
import { cssColour } from './colours.ts';
import { shown } from './field.ts';
import { type Cell, type Field, type Frame, valuesOf } from './model.ts';
import type { PanelContentProps } from './panel-content.ts';
import { merged } from './table-frame.ts';

type Ring = readonly (readonly number[])[];
interface Outline {
  readonly name: string;
  readonly rings: readonly Ring[];
}
interface Spot {
  readonly name: string;
  readonly text: string;
  readonly color: string | undefined;
  readonly lat: number;
  readonly lon: number;
}

const SIZE = { width: 600, height: 380, edge: 34 };

/** Places on a map without any tiles: outlines of zones where there are some, and a mark for each row. */
export function Geomap({ panel, data }: PanelContentProps) {
  const { locale, words, nowMs } = useBoard();
  const outlines = useOutlines();
  const frame = merged(data.frames);
  const spots = frame ? spotsOf(frame, (value, field) => shown(value, field.config, locale, nowMs)) : [];
  const project = projection(spots, outlines);
  if (!project || spots.length === 0) return <p class="panel-empty">{words.noData}</p>;
  return (
    <figure class="geo">
      <svg
        viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
        role="img"
        aria-label={words.mapOf(panel.title ?? '', locale.number(spots.length, 0))}
      >
        {outlines.map(({ name, rings }) => (
          <path key={name} class="geo-zone" d={rings.map((ring) => pathOf(ring, project)).join('')}>
            <title>{name}</title>
          </path>
        ))}
        {spots.map((spot) => {
          const [x, y] = project(spot.lon, spot.lat);
          return (
            <g key={`${spot.name} ${x} ${y}`} transform={`translate(${x.toFixed(1)} ${y.toFixed(1)})`}>
              <circle r="8" style={{ fill: cssColour(spot.color, 'var(--accent)') }} />
              <text class="geo-label" x="12" y="5">
                {spot.name}
              </text>
            </g>
          );
        })}
      </svg>
      <figcaption>{words.noTiles}</figcaption>
      <ul class="geo-list">
        {spots.map((spot) => (
          <li key={`${spot.name} ${spot.lat} ${spot.lon}`}>
            <i style={{ background: cssColour(spot.color, 'var(--accent)') }} aria-hidden="true" />{' '}
            {spot.name} {spot.text}
          </li>
        ))}
      </ul>
    </figure>
  );
}

/** Zones are drawn where the installation has some; without them the marks stand alone. */
function useOutlines(): readonly Outline[] {
  const { api } = useBoard();
  const [outlines, setOutlines] = useState<readonly Outline[]>([]);
  useEffect(() => {
    let isGone = false;
    api
      .get<{
        features: readonly { properties?: { name?: unknown; id?: string }; geometry?: Geometry | null }[];
      }>('/api/v1/zones/export')
      .then(({ features }) => {
        const found = features.map(({ properties, geometry }) => ({
          name: String(properties?.id ?? ''),
          rings: ringsOf(geometry),
        }));
        if (!isGone) setOutlines(found);
      })
      // An installation without zones, or whoever may not see them: the marks are what the panel is about.
      .catch(() => undefined);
    return () => {
      isGone = true;
    };
  }, [api]);
  return outlines;
}

interface Geometry {
  readonly type: string;
  readonly coordinates: unknown;
}

function ringsOf(geometry: Geometry | null | undefined): readonly Ring[] {
  if (geometry?.type === 'Polygon') return geometry.coordinates as Ring[];
  return geometry?.type === 'MultiPolygon' ? (geometry.coordinates as Ring[][]).flat() : [];
}

const LATITUDES = /^(latitude|lat|纬度)$/i;
const LONGITUDES = /^(longitude|lon|lng|经度)$/i;

function spotsOf(frame: Frame, write: (value: Cell, field: Field) => ReturnType<typeof shown>): Spot[] {
  const fields = valuesOf(frame);
  const find = (pattern: RegExp) =>
    fields.find(({ name, title }) => pattern.test(name) || pattern.test(title));
  const [lat, lon] = [find(LATITUDES), find(LONGITUDES)];
  if (!lat || !lon) return [];
  const others = fields.filter((field) => field !== lat && field !== lon);
  const names = others.filter(({ values }) => values.some((value) => typeof value === 'string'));
  const figures = others.filter((field) => !names.includes(field));
  return lat.values.flatMap((latitude, row) => {
    const longitude = lon.values[row];
    if (typeof latitude !== 'number' || typeof longitude !== 'number') return [];
    const written = figures.map((field) => ({ field, shown: write(field.values[row] ?? null, field) }));
    return {
      name: names
        .map(({ values }) => values[row])
        .filter(Boolean)
        .at(-1) as string,
      text: written.map(({ field, shown: one }) => `${field.title} ${one.figure}${one.unit}`).join(', '),
      color: written[0]?.shown.color,
      ...{ lat: latitude, lon: longitude },
    };
  });
}

/** Fits all into the frame; east–west distances shrink with the latitude. */
function projection(spots: readonly Spot[], outlines: readonly Outline[]) {
  const corners = outlines.flatMap(({ rings }) => rings.flat());
  const lons = [...spots.map(({ lon }) => lon), ...corners.map(([lon]) => lon!)];
  const lats = [...spots.map(({ lat }) => lat), ...corners.map(([, lat]) => lat!)];
  if (lons.length === 0) return undefined;
  const [west, east] = [lons.reduce((a, b) => Math.min(a, b)), lons.reduce((a, b) => Math.max(a, b))];
  const [south, north] = [lats.reduce((a, b) => Math.min(a, b)), lats.reduce((a, b) => Math.max(a, b))];
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const [inner, high] = [SIZE.width - 4 * SIZE.edge, SIZE.height - 2 * SIZE.edge];
  const scale = Math.min(
    inner / Math.max((east - west) * narrow, 1e-4),
    high / Math.max(north - south, 1e-4),
  );
  return (lon: number, lat: number): [number, number] => [
    SIZE.width / 2 + (lon - (west + east) / 2) * narrow * scale,
    SIZE.height / 2 - (lat - (south + north) / 2) * scale,
  ];
}

function pathOf(ring: Ring, project: (lon: number, lat: number) => [number, number]): string {
  const points = ring.map(([lon, lat]) =>
    project(lon!, lat!)
      .map((one) => one.toFixed(1))
      .join(' '),
  );
  return points.length > 0 ? `M${points.join('L')}Z` : '';
}
