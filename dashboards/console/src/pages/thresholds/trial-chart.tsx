import { useMemo } from 'preact/hooks';
import type { Quantity } from '../../../../../core/quantities.ts';
import type { Rule, ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import type { Bound, Marks } from '../../components/chart-marks.ts';
import TimeChart from '../../components/time-chart.tsx';
import { useConsole } from '../../console.ts';
import { figureWithUnit } from '../../format-metric.ts';
import type { Locale } from '../../i18n/locale.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Trial, TrialSeries } from './api.ts';
import { asSet, zoneName } from './describe.ts';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

const CHART_PX = 190;
/** Points nearer than this share of the chart have a line between them, whatever their own rhythm. */
const SMALLEST_GAP = 1 / 400;

interface TrialChartProps {
  readonly wish: ThresholdWish;
  readonly trial: Trial;
  readonly series: TrialSeries;
  /** What the threshold as it stands would have done with this series. */
  readonly before: TrialSeries | undefined;
  readonly known: Known;
}

/** One series: its readings, the bounds as lines, when it would have been raised, and when it would be as things stand. */
export function TrialChart({ wish, trial, series, before, known }: TrialChartProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const { fromMs, toMs } = trial;
  const { tags, points, raised } = series;
  const quantity = known.on.quantities.find(
    (one) => one.measurement === wish.measurement && one.field === wish.field,
  );
  const name = [tags.zone && zoneName(tags.site, tags.zone, known.places.zones), tags.device, tags.point]
    .filter(Boolean)
    .join(' · ');
  const lines = useMemo(() => [{ name: '', points }], [points]);
  const marks = useMemo<Marks>(
    () => ({
      bounds: boundsOf(wish.rule, quantity, locale),
      spans: raised.map((one) => ({ fromMs: one.fromMs, toMs: one.toMs ?? toMs })),
    }),
    [wish.rule, quantity, locale, raised, toMs],
  );
  const write = (value: number) => (quantity ? figureWithUnit(value, quantity, locale) : String(value));
  const decimals = quantity?.decimals ?? 1;
  const count = locale.number(raised.length, 0);
  const [low, high] = [Math.min(...points.value), Math.max(...points.value)];
  return (
    <figure class="trial-chart">
      <figcaption>{name || tags.gateway}</figcaption>
      <TimeChart
        lines={lines}
        fromMs={fromMs}
        toMs={toMs}
        everyMs={(toMs - fromMs) * SMALLEST_GAP}
        leastSpan={20 * 10 ** -decimals}
        colour="--other"
        heightPx={CHART_PX}
        summary={words.chartSaid(name, write(low), write(high), count)}
        locale={locale}
        format={write}
        formatTick={(value) => locale.number(value, Number.isInteger(value) ? 0 : Math.max(1, decimals))}
        marks={marks}
      />
      {before && (
        <>
          <Strip name={words.stripNew} said={words.stripNewSaid(count)} {...{ raised, fromMs, toMs }} />
          <Strip
            name={words.stripNow}
            said={words.stripNowSaid(locale.number(before.raised.length, 0))}
            {...{ raised: before.raised, fromMs, toMs }}
          />
        </>
      )}
      {raised.length > 0 && <EventList {...{ raised, toMs, write }} />}
    </figure>
  );
}

interface StripProps {
  readonly name: string;
  readonly said: string;
  readonly raised: TrialSeries['raised'];
  readonly fromMs: number;
  readonly toMs: number;
}

/** When it was raised, in line with the chart above. */
function Strip({ name, said, raised, fromMs, toMs }: StripProps) {
  const share = (ms: number) => `${(100 * ms) / (toMs - fromMs)}%`;
  return (
    <div class="band" role="img" aria-label={said}>
      <span class="band-name" aria-hidden="true">
        {name}
      </span>
      <span class="band-track strip">
        {raised.map((one) => (
          <span
            key={one.fromMs}
            class="band-on strip-on"
            style={{ left: share(one.fromMs - fromMs), width: share((one.toMs ?? toMs) - one.fromMs) }}
          />
        ))}
      </span>
    </div>
  );
}

interface EventListProps {
  readonly raised: TrialSeries['raised'];
  readonly toMs: number;
  readonly write: (value: number) => string;
}

/** The same for those who want figures, or do not see the chart. */
function EventList({ raised, toMs: endMs, write }: EventListProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  return (
    <details>
      <summary>{words.eventList(locale.number(raised.length, 0))}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">{words.eventFrom}</th>
            <th scope="col">{words.eventLong}</th>
            <th scope="col">{words.eventWorst}</th>
          </tr>
        </thead>
        <tbody>
          {raised.map(({ fromMs, toMs, worst }) => (
            <tr key={fromMs}>
              <td>{locale.time(fromMs, endMs)}</td>
              <td>
                {locale.duration((toMs ?? endMs) - fromMs)}
                {toMs === undefined && ` (${words.eventOpen})`}
              </td>
              <td>{worst === undefined ? '–' : write(worst)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

function boundsOf(rule: Rule, quantity: Quantity | undefined, locale: Locale): Bound[] {
  if (rule.kind !== 'bounds') return [];
  const words = WORDS[locale.language];
  return (['low', 'high'] as const).flatMap((which): Bound[] => {
    const bound = rule[which];
    if (!bound) return [];
    const [outside, inside] = which === 'low' ? (['below', 'above'] as const) : (['above', 'below'] as const);
    const { raise, clear } = bound;
    const raised = words.raiseLine(asSet(raise, quantity, locale));
    const raiseLine: Bound = { value: raise, kind: 'raise', side: outside, label: raised };
    if (clear === raise) return [raiseLine];
    const cleared = words.clearLine(asSet(clear, quantity, locale));
    return [raiseLine, { value: clear, kind: 'clear', side: inside, label: cleared }];
  });
}
