import type { Metric } from '../farm.ts';
import { formatMetric } from '../format-metric.ts';
import { useView } from '../view.ts';
import { ConditionBadge } from './condition-badge.tsx';

/** Readings by name, where each came from, and how old it is. */
export function ReadingTable({ metrics }: { readonly metrics: readonly Metric[] }) {
  const { locale } = useView();
  const { words } = locale;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{words.name}</th>
          <th scope="col" class="right">
            {words.value}
          </th>
          <th scope="col">{words.updated}</th>
        </tr>
      </thead>
      <tbody>
        {metrics.map((metric) => {
          const { reading, quantity, condition, ageMs } = metric;
          const { figure, unit } = formatMetric(metric, locale);
          return (
            <tr key={metric.key} data-condition={condition}>
              <th scope="row">
                {quantity?.[locale.language] ?? `${reading.measurement}/${reading.field}`}
                <span class="from">
                  {[reading.tags.gateway, reading.tags.device, reading.tags.point]
                    .filter(Boolean)
                    .join(' / ')}
                </span>
              </th>
              <td class="right cell-figure">
                {figure} <span class="unit">{unit}</span>
              </td>
              <td class="cell-age">
                <ConditionBadge condition={condition} /> {locale.age(ageMs)}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
