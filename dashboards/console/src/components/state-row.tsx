import type { StateMetric } from '../farm.ts';
import { formatMetric, shortLabel } from '../format-metric.ts';
import { tagsKey, usePoints } from '../history.ts';
import { stateSince } from '../valve-since.ts';
import { useView } from '../view.ts';
import { ConditionBadge } from './condition-badge.tsx';

/** How far back a state is followed to say since when it holds, to the minute. */
const LOOK_BACK = { every: '1m', everyMs: 60_000, lengthMs: 86_400_000, fn: 'last' } as const;

/** A valve or pump: its state in a word, and since when. What was read last is no state of now where its source is silent. */
export function StateRow({ metric }: { readonly metric: StateMetric }) {
  const { locale, history, nowMs, isLive } = useView();
  const { words } = locale;
  const { reading, quantity, condition, ageMs, closesAtMs } = metric;
  const { measurement, field } = quantity;
  const points = usePoints(history, { measurement, field, ...LOOK_BACK }, true);
  const isOn = reading.value !== 0;
  const isCurrent = isLive && (condition === 'good' || condition === 'uncertain');
  const { figure } = formatMetric(metric, locale);
  const name = [shortLabel(quantity, locale), reading.tags.point ?? reading.tags.device].join(' ');
  return (
    <li class="state" data-on={isOn && isCurrent} data-condition={condition} data-quantity={field}>
      <span class="state-name">{name}</span>
      <span class="pill">
        <span class="pill-mark" aria-hidden="true" />
        {isCurrent ? figure : words.unknownWas(figure)}
      </span>
      <span class="age">
        <ConditionBadge condition={condition} /> {isCurrent ? points && since() : locale.age(ageMs)}
        {isCurrent && closesAtMs !== undefined && (
          <strong class="closes">{words.closesIn(locale.duration(Math.max(0, closesAtMs - nowMs)))}</strong>
        )}
      </span>
    </li>
  );

  function since(): string {
    const own = points?.get(tagsKey(reading.tags));
    const { sinceMs, atLeast } = stateSince(own, Number(reading.value), reading.timeMs, LOOK_BACK.everyMs);
    const time = locale.time(sinceMs, nowMs);
    return atLeast ? words.sinceAtLeast(time) : words.sinceTime(time, locale.duration(nowMs - sinceMs));
  }
}
