import { useConsole } from '../../console.ts';
import type { Place } from '../../farm.ts';
import { figureWithUnit } from '../../format-metric.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useFarm } from './farm-context.ts';
import { meterOf } from './flow-answer.ts';
import { FARM_WORDS } from './words.ts';
import { boundsFor, isCurrent, isMoisture, isValve, type ZoneWord, zoneWord } from './zone-state.ts';

/** The word for a zone, from what is known of it here. */
export function useZoneWord(): (place: Place) => ZoneWord {
  const { isConnected, zones, thresholds, judged } = useFarm();
  return (place) => {
    if (!isConnected) return 'unknown';
    const zone = zones.find(({ site, id }) => site === place.site && id === place.name);
    return zoneWord({ zone, gauges: place.gauges, states: place.states }, thresholds, judged);
  };
}

/** A zone in a line: its word, what its moisture is judged by, and today's water. */
export function ZoneStrip({ place }: { readonly place: Place }) {
  const { locale } = useConsole();
  const { isConnected, zones, thresholds, water, flows } = useFarm();
  const words = useWords(FARM_WORDS);
  const word = useZoneWord()(place);
  const zone = zones.find(({ site, id }) => site === place.site && id === place.name);
  const moisture = place.gauges.find(isMoisture);
  const bounds = moisture && boundsFor(moisture.reading.tags, zone, thresholds);
  const today = water.find(({ site }) => site === place.site)?.zones.find((one) => one.zone === place.name);
  const open = place.states.find((one) => isValve(one) && isCurrent(one) && one.reading.value !== 0);
  const meter = open && meterOf(open, flows);
  const shown = (value: number) => figureWithUnit(value, moisture!.quantity, locale);
  return (
    <div class="zone-strip">
      <p>
        <span class="zone-word" data-word={word}>
          {words.zoneStates[word]}
        </span>
        {word === 'unknown' && (
          <span class="age"> {isConnected ? words.unknownWhy : words.notConnected}</span>
        )}
        {bounds && <span class="zone-bounds"> {boundsWords()}</span>}
      </p>
      {meter && isConnected && isCurrent(meter) && (
        <p>
          {words.flowNow}{' '}
          <strong>{figureWithUnit(Number(meter.reading.value), meter.quantity, locale)}</strong>
        </p>
      )}
      {today && (
        <p>
          {words.waterToday} <strong>{locale.number(today.m3, 2)} m³</strong>
          {today.how !== 'metered' && <span class="age"> {words.estimated}</span>}
        </p>
      )}
    </div>
  );

  function boundsWords(): string {
    const { low, high } = bounds!;
    if (low === undefined) return high === undefined ? '' : words.boundHigh(shown(high));
    return high === undefined ? words.boundLow(shown(low)) : words.boundsBoth(shown(low), shown(high));
  }
}
