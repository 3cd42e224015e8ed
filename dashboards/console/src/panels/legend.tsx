import { useBoard } from './board-context.ts';
import { reduced, shownText } from './field.ts';
import type { Panel } from './model.ts';
import type { Series } from './series.ts';

interface LegendProps {
  readonly panel: Panel;
  readonly series: readonly Series[];
  readonly hidden: readonly string[];
  readonly onToggle: (name: string) => void;
}

/** Which line is what; pressing one hides it or shows it again. */
export function Legend({ panel, series, hidden, onToggle }: LegendProps) {
  const { locale, nowMs } = useBoard();
  const options = panel.options?.legend as
    | { showLegend?: boolean; displayMode?: string; calcs?: readonly string[] }
    | undefined;
  if (options?.showLegend === false || options?.displayMode === 'hidden' || series.length === 0) return null;
  const shown = series.filter(
    ({ field }) => (field.config.custom?.hideFrom as { legend?: boolean } | undefined)?.legend !== true,
  );
  return (
    <ul class="legend" data-mode={options?.displayMode ?? 'list'}>
      {shown.map(({ field, colour, values }) => (
        <li key={field.title}>
          <button
            type="button"
            aria-pressed={!hidden.includes(field.title)}
            onClick={() => onToggle(field.title)}
          >
            <i style={{ background: colour }} data-dash={isDashed(field.config.custom)} aria-hidden="true" />
            {field.title}
            {(options?.calcs ?? []).map((calc) => (
              <b key={calc}>{shownText(reduced(values, calc), field.config, locale, nowMs)}</b>
            ))}
          </button>
        </li>
      ))}
    </ul>
  );
}

function isDashed(custom: Readonly<Record<string, unknown>> | undefined): boolean {
  return (custom?.lineStyle as { fill?: string } | undefined)?.fill === 'dash';
}
