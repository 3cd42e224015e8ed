import type { CataloguedMetric } from '../farm.ts';
import { formatMetric, shortLabel } from '../format-metric.ts';
import { useView } from '../view.ts';
import { ConditionBadge } from './condition-badge.tsx';

const COMPASS_POINTS = 8;
/** A younger value needs no age of its own: its card says when it was updated. */
const OWN_AGE_MS = 60_000;

/** One value with its unit and, where it is not fresh and good, how old it is and what is wrong with it. */
export function MetricTile({ metric, from, isMain = false }: TileProps) {
  const { locale } = useView();
  const { words } = locale;
  const { figure, unit } = formatMetric(metric, locale);
  const { quantity, condition, ageMs, reading } = metric;
  const age = locale.age(ageMs);
  const hasNote = condition !== 'good' || reading.clock === 'unsynced' || ageMs > OWN_AGE_MS;
  return (
    <div
      class={`tile ${isMain ? 'tile-main' : ''}`}
      data-condition={condition}
      data-quantity={quantity.field}
    >
      <dt>
        {shortLabel(quantity, locale)}
        {from !== undefined && <span class="from"> {from}</span>}
      </dt>
      <dd>
        <span class="figure">
          <span class="number">{figure}</span>
          {unit !== '' && <span class="unit">{unit === '°' ? unit : `\u00a0${unit}`}</span>}
          {quantity.field === 'wind_direction' && (
            <span class="unit">{` ${words.compass[Math.round(Number(reading.value) / 45) % COMPASS_POINTS]}`}</span>
          )}
        </span>
        {hasNote && (
          <span class="age">
            <ConditionBadge condition={condition} /> {age}
            {reading.clock === 'unsynced' && ` · ${words.clockUnsynced}`}
          </span>
        )}
      </dd>
    </div>
  );
}

interface TileProps {
  readonly metric: CataloguedMetric;
  /** Which device it is from, where the label alone does not tell. */
  readonly from?: string | undefined;
  readonly isMain?: boolean;
}
