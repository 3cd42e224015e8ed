import type { Gateway } from '../../api.ts';
import { GatewayList } from '../../components/gateway-list.tsx';
import { MetricTile } from '../../components/metric-tile.tsx';
import { OtherReadings } from '../../components/other-readings.tsx';
import { RangePicker } from '../../components/range-picker.tsx';
import { Summary } from '../../components/summary.tsx';
import { UpdatedAge } from '../../components/updated-age.tsx';
import type { CataloguedMetric, Farm, Place } from '../../farm.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import type { RangeName } from '../../ranges.ts';
import { useView } from '../../view.ts';
import { useFarm } from './farm-context.ts';
import { OpenAlerts } from './open-alerts.tsx';
import { PlaceCard } from './place-card.tsx';
import { SiteWaters } from './site-water.tsx';
import { ValveControl } from './valve-control.tsx';
import { FARM_WORDS } from './words.ts';
import { type LocatedDevice, ZoneMap } from './zone-map.tsx';
import { isValve } from './zone-state.ts';
import { ZoneStrip } from './zone-strip.tsx';

/** Everything there is, most urgent first. */
export function FarmPage({ farm, gateways, onRange }: FarmPageProps) {
  const { words } = useView().locale;
  const own = useWords(FARM_WORDS);
  const { zones } = useFarm();
  const places = [...withoutReadings(farm, zones), ...farm.devices];
  const titleOf = (place: Place) =>
    place.kind === 'zone'
      ? zones.find(({ site, id }) => site === place.site && id === place.name)?.name
      : undefined;
  return (
    <>
      <OpenAlerts />
      <Summary farm={farm} gateways={gateways} />
      <SiteWaters />
      <ZoneMap places={places} located={locatedDevices(farm)} />
      {places.length > 0 && (
        <section aria-labelledby="places">
          <div class="section-head">
            <h2 id="places">{words.places}</h2>
            <a href={hrefOf('farm', ['zones'])}>{own.toZones}</a>
            <RangePicker onChange={onRange} />
          </div>
          <div class="cards">
            {places.map((place) => (
              <PlaceCard
                key={place.key}
                place={place}
                title={titleOf(place)}
                bands={bandsFor(place, farm.valves)}
                strip={place.kind === 'zone' && <ZoneStrip place={place} />}
                controls={place.states
                  .filter(isValve)
                  .map((valve) => (
                    <ValveControl key={valve.key} valve={valve} place={titleOf(place) ?? place.name} />
                  ))}
              />
            ))}
          </div>
        </section>
      )}
      {farm.weather.length > 0 && (
        <section class="weather-part" aria-labelledby="weather">
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

/** A zone that nothing was read of is there all the same, and unknown. */
function withoutReadings(
  farm: Farm,
  zones: readonly { readonly site: string; readonly id: string }[],
): readonly Place[] {
  const known = new Set(farm.zones.map(({ key }) => key));
  const silent = zones
    .filter(({ site, id }) => !known.has(`${site}/${id}`))
    .map(
      ({ site, id }): Place => ({
        kind: 'zone',
        key: `${site}/${id}`,
        site,
        name: id,
        gauges: [],
        states: [],
      }),
    );
  return [...farm.zones, ...silent];
}

/** Whatever says where it is, the receivers of gateways too. */
function locatedDevices(farm: Farm): LocatedDevice[] {
  const all = [
    ...[...farm.zones, ...farm.devices].flatMap(({ gauges }) => gauges),
    ...[...farm.gateways.values()].flatMap(({ metrics }) => metrics),
  ].filter(({ reading }) => reading.measurement === 'gnss');
  return all
    .filter(({ reading }) => reading.field === 'latitude')
    .flatMap((latitude): LocatedDevice[] => {
      const { site, gateway, device } = latitude.reading.tags;
      const longitude = all.find(
        ({ reading: { field, tags } }) =>
          field === 'longitude' && tags.site === site && tags.gateway === gateway && tags.device === device,
      );
      if (!longitude) return [];
      return [
        {
          key: latitude.key,
          name: device ?? gateway ?? '',
          at: [Number(longitude.reading.value), Number(latitude.reading.value)],
          isOffline: latitude.condition === 'offline',
        },
      ];
    });
}

/** A place's own states; under a flow meter, every valve of its gateway, because they explain the flow. */
function bandsFor(place: Place, valves: readonly CataloguedMetric[]): readonly CataloguedMetric[] {
  if (place.states.length > 0) return place.states;
  const flow = place.gauges.find(({ quantity }) => quantity.field === 'flow');
  const { site, gateway } = flow?.reading.tags ?? {};
  if (!flow) return [];
  return valves.filter(({ reading: { tags } }) => tags.site === site && tags.gateway === gateway);
}
