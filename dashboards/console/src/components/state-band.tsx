import type { CataloguedMetric } from '../farm.ts';
import { shortLabel } from '../format-metric.ts';
import { tagsKey, usePoints } from '../history.ts';
import { RANGES } from '../ranges.ts';
import { onSpans } from '../state-spans.ts';
import { useView } from '../view.ts';

/** When a valve was open, under the chart of what it did and over the same time. */
export function StateBand({
  metric,
  isVisible,
}: {
  readonly metric: CataloguedMetric;
  readonly isVisible: boolean;
}) {
  const { locale, history, range, nowMs, shown } = useView();
  const { reading, quantity, condition } = metric;
  const { measurement, field } = quantity;
  // A window in which the valve was ever open is drawn as open: a short irrigation must not vanish in a long time.
  const all = usePoints(history, { measurement, field, ...RANGES[range], fn: 'max' }, isVisible);
  const points = all?.get(tagsKey(reading.tags));
  const { fromMs } = shown;
  const lengthMs = shown.toMs - fromMs;
  const spans = points ? onSpans(points, fromMs, condition === 'offline' ? reading.timeMs : nowMs) : [];
  const percent = (ms: number) => `${(100 * ms) / lengthMs}%`;
  const onMs = spans.reduce((sum, span) => sum + span.toMs - span.fromMs, 0);
  const share = `${locale.number((100 * onMs) / lengthMs, 0)} %`;
  const name = `${shortLabel(quantity, locale)} ${reading.tags.point ?? reading.tags.device ?? ''}`;
  const summary = locale.words.bandSummary(name, locale.words.rangeNames[range], share);
  return (
    <div class="band">
      <span class="band-name" aria-hidden="true">
        {reading.tags.point ?? shortLabel(quantity, locale)}
      </span>
      <div class="band-track" role="img" aria-label={summary}>
        {spans.map((span) => (
          <span
            key={span.fromMs}
            class="band-on"
            style={{ left: percent(span.fromMs - fromMs), width: percent(span.toMs - span.fromMs) }}
          />
        ))}
      </div>
    </div>
  );
}
