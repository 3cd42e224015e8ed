import { useBoard } from './board-context.ts';
import { cssColour } from './colours.ts';
import { shown, type shownText } from './field.ts';
import { FiguresTable } from './figures-table.tsx';
import type { Cell } from './model.ts';
import type { PanelContentProps } from './panel-content.ts';
import { type Series, seriesIn } from './series.ts';
import { TimeTicks } from './time-ticks.tsx';

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly text: string;
  readonly color: string | undefined;
}

/** A band for each series, cut where its state changes; the word stands in it where there is room. */
export function StateTimeline({ panel, data }: PanelContentProps) {
  const { span, locale, words } = useBoard();
  const series = seriesIn(data.frames);
  const lengthMs = span.toMs - span.fromMs;
  const percent = (ms: number) => `${(100 * ms) / lengthMs}%`;
  const legend = new Map(
    series.flatMap((one) =>
      spansOf(one, span.toMs, data.everyMs, locale).map(({ text, color }) => [text, color] as const),
    ),
  );
  return (
    <div class="timeline">
      {series.map((one) => {
        const spans = spansOf(one, span.toMs, data.everyMs, locale);
        const latest = spans.at(-1);
        return (
          <div key={one.field.title} class="timeline-row">
            <span class="timeline-name">{one.field.title}</span>
            <div
              class="timeline-track"
              role="img"
              aria-label={
                latest ? words.latestOf(one.field.title, latest.text) : `${one.field.title}: ${words.noData}`
              }
            >
              {spans.map(({ fromMs, toMs, text, color }) => (
                <span
                  key={fromMs}
                  title={`${text} · ${words.between(locale.time(fromMs, span.toMs), locale.time(toMs, span.toMs))}`}
                  style={{
                    left: percent(Math.max(0, fromMs - span.fromMs)),
                    width: percent(Math.min(toMs, span.toMs) - Math.max(fromMs, span.fromMs)),
                    '--c': cssColour(color, 'var(--ink-soft)'),
                  }}
                >
                  {text}
                </span>
              ))}
            </div>
          </div>
        );
      })}
      <TimeTicks />
      <ul class="legend">
        {[...legend].slice(0, 12).map(([text, color]) => (
          <li key={text} class="legend-item">
            <i style={{ background: cssColour(color, 'var(--ink-soft)') }} aria-hidden="true" /> {text}
          </li>
        ))}
      </ul>
      <FiguresTable title={panel.title ?? ''} series={series} />
    </div>
  );
}

/** Readings are a state until the next one; a time without any longer than a few windows is unknown. */
function spansOf(
  { times, values, field }: Series,
  endMs: number,
  everyMs: number,
  locale: Parameters<typeof shownText>[2],
): Span[] {
  const spans: Span[] = [];
  const gapMs = usualGap(times, everyMs);
  let last: { value: Cell; span: Span } | undefined;
  times.forEach((fromMs, index) => {
    const value = values[index] ?? null;
    if (value === null) {
      last = undefined;
      return;
    }
    const next = times[index + 1];
    const toMs =
      next !== undefined && next - fromMs <= gapMs ? next : Math.min(fromMs + gapMs, next ?? endMs);
    const { figure, unit, color } = shown(value, field.config, locale);
    const text = figure + unit;
    if (last && last.span.text === text && last.span.toMs >= fromMs) {
      last.span = { ...last.span, toMs };
      spans[spans.length - 1] = last.span;
    } else {
      const span = { fromMs, toMs, text, color };
      spans.push(span);
      last = { value, span };
    }
  });
  return spans;
}

/** Twice what usually lies between two readings. */
function usualGap(times: readonly number[], everyMs: number): number {
  const gaps = times
    .slice(1)
    .map((time, index) => time - times[index]!)
    .sort((a, b) => a - b);
  return 2.5 * Math.max(everyMs, gaps[Math.floor(gaps.length / 2)] ?? everyMs);
}
