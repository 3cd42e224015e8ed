import type { Metric } from '../farm.ts';
import { useView } from '../view.ts';
import { ConditionBadge } from './condition-badge.tsx';

/** When the newest of some values came in, or that they all are from a device that is gone. */
export function UpdatedAge({ metrics }: { readonly metrics: readonly Metric[] }) {
  const { locale } = useView();
  const age = locale.age(
    metrics.reduce((youngest, { ageMs }) => Math.min(youngest, ageMs), Number.POSITIVE_INFINITY),
  );
  const isOffline = metrics.every(({ condition }) => condition === 'offline');
  return (
    <span class="age">
      {isOffline ? <ConditionBadge condition="offline" /> : locale.words.updatedAge(age)}
    </span>
  );
}
