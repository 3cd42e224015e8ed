import type { Gateway } from '../api.ts';
import type { CataloguedMetric, Farm, Place } from '../farm.ts';
import type { RangeName } from '../ranges.ts';
import { useView } from '../view.ts';
import { GatewayList } from './gateway-list.tsx';
import { MetricTile } from './metric-tile.tsx';
import { OtherReadings } from './other-readings.tsx';
import { PlaceCard } from './place-card.tsx';
import { RangePicker } from './range-picker.tsx';
import { Summary } from './summary.tsx';
import { UpdatedAge } from './updated-age.tsx';

/** Everything there is, most urgent first. */
export function FarmPage({ farm, gateways, onRange }: FarmPageProps) {
  const { words } = useView().locale;
  const places = [...farm.zones, ...farm.devices];
  return (
    <>
      <Summary farm={farm} gateways={gateways} />
      {places.length > 0 && (
        <section aria-labelledby="places">
          <div class="section-head">
            <h2 id="places">{words.places}</h2>
            <RangePicker onChange={onRange} />
          </div>
          <div class="cards">
            {places.map((place) => (
              <PlaceCard key={place.key} place={place} bands={bandsFor(place, farm.valves)} />
            ))}
          </div>
        </section>
      )}
      {farm.weather.length > 0 && (
        <section aria-labelledby="weather">
          <div class="section-head">
            <h2 id="weather">{words.weather}</h2>
            <UpdatedAge metrics={farm.weather} />
          </div>
          <dl class="card weather">
            {farm.weather.map((metric) => (
              <MetricTile key={metric.key} metric={metric} />
            ))}
          </dl>
        </section>
      )}
      {gateways.length > 0 && <GatewayList gateways={gateways} health={farm.gateways} />}
      {farm.others.length > 0 && <OtherReadings metrics={farm.others} />}
    </>
  );
}

interface FarmPageProps {
  readonly farm: Farm;
  readonly gateways: readonly Gateway[];
  readonly onRange: (range: RangeName) => void;
}

/** A place's own states; under a flow meter, every valve of its gateway, because they explain the flow. */
function bandsFor(place: Place, valves: readonly CataloguedMetric[]): readonly CataloguedMetric[] {
  if (place.states.length > 0) return place.states;
  const flow = place.gauges.find(({ quantity }) => quantity.field === 'flow');
  const { site, gateway } = flow?.reading.tags ?? {};
  if (!flow) return [];
  return valves.filter(({ reading: { tags } }) => tags.site === site && tags.gateway === gateway);
}
