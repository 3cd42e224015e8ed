import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { MetricTile } from '../../components/metric-tile.tsx';
import { QuantityChart } from '../../components/quantity-chart.tsx';
import { StateBand } from '../../components/state-band.tsx';
import { StateRow } from '../../components/state-row.tsx';
import { UpdatedAge } from '../../components/updated-age.tsx';
import { useConsole } from '../../console.ts';
import type { CataloguedMetric, Place } from '../../farm.ts';
import { groupBy } from '../../group-by.ts';
import { useVisible } from '../../use-visible.ts';
import { useView } from '../../view.ts';

/** What is drawn over time, the first of them in large figures; a place with none of them shows its first value. */
const CHARTED = [
  'soil/moisture',
  'soil/temperature',
  'irrigation/flow',
  'irrigation/tank_level',
  'gnss/speed',
];
const MAIN_CHART_PX = 150;
const CHART_PX = 110;

/** A zone or a device: what holds now in large figures, then how it came to be. */
export function PlaceCard({ place, title, bands, strip, controls }: PlaceCardProps) {
  const { words } = useView().locale;
  const [ref, isVisible] = useVisible<HTMLElement>();
  // An alert leads here with the zone that it is about.
  const isAsked = useConsole().place.query.get('zone') === place.key;
  useEffect(() => {
    if (isAsked) ref.current?.scrollIntoView();
  }, [isAsked]);
  const all = [...place.gauges, ...place.states];
  const isOffline = all.length > 0 && all.every(({ condition }) => condition === 'offline');
  const byQuantity = [...groupBy(place.gauges, ({ quantity }) => nameOf(quantity)).values()];
  const preferred = byQuantity.filter(([first]) => CHARTED.includes(nameOf(first!.quantity)));
  const charted = preferred.length > 0 ? preferred : byQuantity.slice(0, 1);
  const main = charted[0];
  const tiles = [...charted.slice(0, 1), ...byQuantity.filter((metrics) => metrics !== main)];
  const headingId = `place-${place.key.replaceAll('/', '-')}`;
  return (
    <article
      class="card place"
      ref={ref}
      aria-labelledby={headingId}
      data-place={place.name}
      data-offline={isOffline}
    >
      <header class="card-head">
        <h3 id={headingId}>
          <span class="eyebrow">
            {words[place.kind]}
            {title !== undefined && title !== place.name && ` ${place.name}`}
          </span>{' '}
          {title ?? place.name}
        </h3>
        {all.length > 0 && <UpdatedAge metrics={all} />}
      </header>
      {strip}
      {place.states.length > 0 && (
        <ul class="states">
          {place.states.map((metric) => (
            <StateRow key={metric.key} metric={metric} />
          ))}
        </ul>
      )}
      {controls}
      <dl class="tiles">
        {tiles.flatMap((metrics) =>
          metrics.map((metric) => (
            <MetricTile
              key={metric.key}
              metric={metric}
              isMain={metrics === main}
              from={metrics.length > 1 ? sourceOf(metric) : undefined}
            />
          )),
        )}
      </dl>
      {charted.map((metrics, index) => (
        <QuantityChart
          key={nameOf(metrics[0]!.quantity)}
          metrics={metrics}
          isVisible={isVisible}
          heightPx={index === 0 ? MAIN_CHART_PX : CHART_PX}
        />
      ))}
      {charted.length > 0 &&
        bands.map((metric) => <StateBand key={metric.key} metric={metric} isVisible={isVisible} />)}
    </article>
  );
}

interface PlaceCardProps {
  readonly place: Place;
  /** As people call it, where that is not the name in its readings. */
  readonly title?: string | undefined;
  /** In a line, before everything else. */
  readonly strip?: ComponentChildren;
  /** What can be done, under what holds. */
  readonly controls?: ComponentChildren;
  /** States drawn under the charts. */
  readonly bands: readonly CataloguedMetric[];
}

function nameOf({ measurement, field }: CataloguedMetric['quantity']): string {
  return `${measurement}/${field}`;
}

function sourceOf({ reading: { tags } }: CataloguedMetric): string {
  return [tags.device, tags.point].filter(Boolean).join(' ');
}
