import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import { type Position, polygonsOf } from '../../../../../core/zones/position.ts';
import type { Zone } from '../../../../../core/zones/zone.ts';
import { Button } from '../../components/button.tsx';
import { useConsole } from '../../console.ts';
import type { Place } from '../../farm.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useFarm } from './farm-context.ts';
import { MapPatterns } from './map-patterns.tsx';
import {
  boundsOf,
  type MapView,
  moved,
  pathOf,
  type Size,
  scaleBar,
  toPixels,
  viewOfAll,
  zoomed,
} from './map-view.ts';
import { useDragging } from './use-dragging.ts';
import { FARM_WORDS } from './words.ts';
import type { ZoneWord } from './zone-state.ts';
import { useZoneWord } from './zone-strip.tsx';

const STEP_PX = 60;
const ZOOM = 1.5;
const BAR_PX = 110;

/** A device or gateway that says where it is. */
export interface LocatedDevice {
  readonly key: string;
  readonly name: string;
  readonly at: Position;
  readonly isOffline: boolean;
}

interface ZoneMapProps {
  readonly places: readonly Place[];
  readonly located: readonly LocatedDevice[];
}

/** Outlines with name, word and pattern, and devices; no tiles, so it works where there is no internet. */
export function ZoneMap({ places, located }: ZoneMapProps) {
  const { me } = useConsole();
  const words = useWords(FARM_WORDS);
  const { zones } = useFarm();
  const drawn = useMemo(() => zones.filter(({ geometry }) => geometry), [zones]);
  if (drawn.length === 0) {
    return (
      <section class="card empty">
        <h2>{words.noZones}</h2>
        {may(me, 'zones') && (
          <p>
            {words.noZonesText} <a href={hrefOf('farm', ['zones'])}>{words.toZones}</a>
          </p>
        )}
      </section>
    );
  }
  return <DrawnMap zones={drawn} places={places} located={located} />;
}

function DrawnMap({ zones, places, located }: ZoneMapProps & { readonly zones: readonly Zone[] }) {
  const words = useWords(FARM_WORDS);
  const { locale } = useConsole();
  const holder = useRef<HTMLDivElement>(null);
  const size = useSize(holder);
  const bounds = useMemo(() => boundsOf(zones.flatMap(positionsOf))!, [zones]);
  const [chosen, setView] = useState<MapView>();
  const view = chosen ?? viewOfAll(bounds, size);
  const change = (step: (view: MapView) => MapView) =>
    setView((known) => step(known ?? viewOfAll(bounds, size)));
  useDragging(holder, change, chosen !== undefined);
  const wordOf = useZoneWord();
  const { eastM, northM, pxPerM } = view;
  const { width, height } = size;
  // Every two seconds something else on the page is new: a hundred thousand points are worked out when the view is.
  const drawn = useMemo(
    () => zones.map((zone) => drawZone(zone, pixels)),
    [zones, bounds, eastM, northM, pxPerM, width, height],
  );
  const devices = located.map((one) => {
    const [x, y] = pixels(one.at);
    return { ...one, x, y };
  });
  const bar = scaleBar(view.pxPerM, BAR_PX);
  return (
    <section class="card map" aria-label={words.map}>
      <div
        class="map-holder"
        ref={holder}
        role="application"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved by keys
        tabIndex={0}
        aria-label={`${words.map}. ${words.mapHelp}`}
        onKeyDown={(event) => {
          const step = KEYS[event.key];
          if (!step) return;
          event.preventDefault();
          if (step === 'all') setView(undefined);
          else change(step);
        }}
        data-moved={chosen !== undefined || undefined}
      >
        <svg width={size.width} height={size.height} aria-hidden="true">
          <MapPatterns />
          {drawn.map((one) => (
            <DrawnZone
              key={`${one.zone.site}/${one.zone.id}`}
              drawn={one}
              word={wordFor(one.zone)}
              isCovered={devices.some(({ x, y }) => isOnWords(x - one.x, y - one.y))}
            />
          ))}
          {devices.map(({ key, name, x, y, isOffline }) => (
            <g key={key} class="map-device" data-offline={isOffline}>
              <circle cx={x} cy={y} r={6} />
              <text x={x + 10} y={y + 4}>
                {name}
              </text>
            </g>
          ))}
          <g class="map-scale" transform={`translate(12 ${size.height - 14})`}>
            <path d={`M0 -6V0H${bar.px}V-6`} />
            <text x={bar.px / 2} y={-6}>
              {bar.lengthM >= 1_000
                ? `${locale.number(bar.lengthM / 1_000, 0)} km`
                : `${locale.number(bar.lengthM, bar.lengthM < 1 ? 1 : 0)} m`}
            </text>
          </g>
          <g class="map-north" transform={`translate(${size.width - 24} 34)`}>
            <path d="M0 -22L7 0L0 -5L-7 0Z" />
            <text y={14}>{words.north}</text>
          </g>
        </svg>
      </div>
      <p class="map-legend" aria-hidden="true">
        <span>
          <i class="map-dot" /> {words.legendAt}
        </span>{' '}
        <span>
          <i class="map-dot map-dot-in" /> {words.legendIn}
        </span>
      </p>
      <p class="map-buttons">
        <Button aria-label={words.zoomIn} onClick={() => change((one) => zoomed(one, ZOOM))}>
          +
        </Button>
        <Button aria-label={words.zoomOut} onClick={() => change((one) => zoomed(one, 1 / ZOOM))}>
          −
        </Button>
        <Button onClick={() => setView(undefined)}>{words.showAll}</Button>
      </p>
    </section>
  );

  function pixels(position: Position): [number, number] {
    return toPixels(position, bounds, view, size);
  }

  function wordFor({ site, id }: Zone): ZoneWord {
    const place = places.find((one) => one.site === site && one.name === id);
    return place ? wordOf(place) : 'unknown';
  }
}

const KEYS: Readonly<Record<string, 'all' | ((view: MapView) => MapView)>> = {
  ArrowLeft: (view) => moved(view, STEP_PX, 0),
  ArrowRight: (view) => moved(view, -STEP_PX, 0),
  ArrowUp: (view) => moved(view, 0, STEP_PX),
  ArrowDown: (view) => moved(view, 0, -STEP_PX),
  '+': (view) => zoomed(view, ZOOM),
  '=': (view) => zoomed(view, ZOOM),
  '-': (view) => zoomed(view, 1 / ZOOM),
  0: 'all',
};

interface Drawn {
  readonly zone: Zone;
  readonly path: string;
  /** The middle of its outline, and the upper end of that, px. */
  readonly x: number;
  readonly y: number;
  readonly topPx: number;
}

/** Whether a device so far from the middle of a zone would stand on the zone's name and word, or its own name would. */
function isOnWords(rightPx: number, downPx: number): boolean {
  return rightPx > -140 && rightPx < 70 && downPx > -24 && downPx < 24;
}

function drawZone(zone: Zone, pixels: (position: Position) => [number, number]): Drawn {
  const rings = polygonsOf(zone.geometry!).flat();
  return { zone, path: pathOf(rings, pixels), ...middleOf(rings[0]!.map(pixels)) };
}

interface DrawnZoneProps {
  readonly drawn: Drawn;
  readonly word: ZoneWord;
  /** By a device in its middle: then name and word stand above it. */
  readonly isCovered: boolean;
}

function DrawnZone({ drawn, word, isCovered }: DrawnZoneProps) {
  const words = useWords(FARM_WORDS);
  const { placements } = useFarm();
  const { zone, path, x, y, topPx } = drawn;
  const wordsY = isCovered ? Math.max(topPx - 22, HIGHEST_WORDS_PX) : y;
  const devices = placements.filter((one) => one.site === zone.site && one.zone === zone.id).length;
  return (
    <g class="map-zone" data-word={word} data-zone={zone.id}>
      <path d={path} class="map-fill" fill-rule="evenodd" />
      <path d={path} fill={`url(#map-${word})`} class="map-edge" fill-rule="evenodd" />
      <text x={x} y={wordsY - 4} class="map-name">
        {zone.name}
      </text>
      <text x={x} y={wordsY + 14} class="map-word">
        {words.zoneStates[word]}
      </text>
      {Array.from({ length: Math.min(devices, MOST_DOTS) }, (_, index) => (
        <circle
          key={index}
          class="map-dot-in"
          cx={x + (index - (Math.min(devices, MOST_DOTS) - 1) / 2) * 12}
          cy={y + 26}
          r={4}
        />
      ))}
    </g>
  );
}

const MOST_DOTS = 8;
/** Above it the map ends. */
const HIGHEST_WORDS_PX = 20;

function middleOf(points: readonly (readonly [number, number])[]): Pick<Drawn, 'x' | 'y' | 'topPx'> {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [topPx, bottomPx] = [Math.min(...ys), Math.max(...ys)];
  return { x: (Math.min(...xs) + Math.max(...xs)) / 2, y: (topPx + bottomPx) / 2, topPx };
}

function positionsOf({ geometry }: Zone): Position[] {
  return geometry ? polygonsOf(geometry).flat(2) : [];
}

function useSize(holder: { readonly current: HTMLElement | null }): Size {
  const [size, setSize] = useState<Size>({ width: 320, height: 280 });
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      const { width, height } = entry!.contentRect;
      if (width > 0) setSize({ width, height });
    });
    watch.observe(holder.current!);
    return () => watch.disconnect();
  }, []);
  return size;
}
