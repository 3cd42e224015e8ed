import type { CataloguedMetric } from '../farm.ts';
import { shortLabel } from '../format-metric.ts';
import { tagsKey, usePoints } from '../history.ts';
import { RANGES } from '../ranges.ts';
import { type Span, stateSpans } from '../state-spans.ts';
import { useView } from '../view.ts';

/** When a valve was open, closed, or not heard of, under the chart of what it did and over the same time. */
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
  const toMs = condition === 'offline' ? reading.timeMs : nowMs;
  const spans = points ? stateSpans(points, fromMs, toMs, RANGES[range].everyMs) : [];
  const percent = (ms: number) => `${(100 * ms) / lengthMs}%`;
  const share = (part: readonly Span[]) => {
    const ms = part.reduce((sum, span) => sum + span.toMs - span.fromMs, 0);
    return `${locale.number((100 * ms) / lengthMs, 0)}\u00a0%`;
  };
  const name = `${shortLabel(quantity, locale)} ${reading.tags.point ?? reading.tags.device ?? ''}`;
  const { bandSummary, rangeNames } = locale.words;
  const summary = bandSummary(
    name,
    rangeNames[range],
    share(spans.filter(({ isOn }) => isOn)),
    share(spans.filter(({ isOn }) => !isOn)),
  );
  return (
    <div class="band">
      <span class="band-name" aria-hidden="true">
        {reading.tags.point ?? shortLabel(quantity, locale)}
      </span>
      <div class="band-track" role="img" aria-label={summary}>
        {spans.map((span) => (
          <span
            key={span.fromMs}
            class={span.isOn ? 'band-on' : 'band-off'}
            style={{ left: percent(span.fromMs - fromMs), width: percent(span.toMs - span.fromMs) }}
          />
        ))}
      </div>
    </div>
  );
}
