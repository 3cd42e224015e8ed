import { useBoard } from './board-context.ts';
import { cssColour, textColour } from './colours.ts';
import { thresholdOf } from './field.ts';
import { FieldLink } from './field-link.tsx';
import { endsOf, type Figure, figuresOf, shareOf } from './figures.ts';
import { JudgementWord } from './judgement.tsx';
import type { PanelContentProps } from './panel-content.ts';

function useFigures({ panel, data }: PanelContentProps): Figure[] {
  const { locale, nowMs } = useBoard();
  return figuresOf(panel, data.frames, locale, nowMs);
}

/** Large figures, with how they came about behind them. */
export function Stat(props: PanelContentProps) {
  const figures = useFigures(props);
  const { graphMode, colorMode, textMode, orientation } = (props.panel.options ?? {}) as Record<
    string,
    string
  >;
  return (
    <div class="stats" data-orientation={orientation ?? 'auto'}>
      {figures.map((figure) => (
        <div
          key={figure.key}
          class="stat"
          style={{ '--c': cssColour(figure.shown.color), '--t': textColour(figure.shown.color) }}
          data-mode={colorMode ?? 'value'}
        >
          {(figures.length > 1 || textMode === 'value_and_name' || textMode === 'name') && (
            <span class="stat-name">{figure.name}</span>
          )}
          {textMode !== 'name' && <FigureText figure={figure} />}
          <JudgementWord shown={figure.shown} />
          {graphMode === 'area' && <Spark figure={figure} />}
        </div>
      ))}
    </div>
  );
}

function FigureText({ figure: { shown, field, value } }: { readonly figure: Figure }) {
  return (
    <FieldLink field={field} value={value}>
      <span class="stat-figure" data-text={shown.isMapped}>
        {shown.figure}
        <span class="unit">{shown.unit}</span>
      </span>
    </FieldLink>
  );
}

const SPARK = { width: 100, height: 24 };

function Spark({ figure: { field, times } }: { readonly figure: Figure }) {
  const values = field.values;
  const numbers = values.filter((value) => typeof value === 'number');
  if (numbers.length < 2 || times.length !== values.length) return null;
  const [low, high] = [numbers.reduce((a, b) => Math.min(a, b)), numbers.reduce((a, b) => Math.max(a, b))];
  const [start, end] = [times[0]!, times.at(-1)!];
  let isAfterHole = true;
  const path = values.flatMap((value, index) => {
    if (typeof value !== 'number') {
      isAfterHole = true;
      return [];
    }
    const x = (SPARK.width * (times[index]! - start)) / (end - start || 1);
    const y = SPARK.height - 1 - ((SPARK.height - 2) * (value - low)) / (high - low || 1);
    const command = isAfterHole ? 'M' : 'L';
    isAfterHole = false;
    return `${command}${x.toFixed(1)} ${y.toFixed(1)}`;
  });
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${SPARK.width} ${SPARK.height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path d={path.join('')} />
    </svg>
  );
}

const ARC = Math.PI * 1.25;
const RADIUS = 40;

/** A value on an arc between the ends of its scale, with the steps of its thresholds along it. */
export function Gauge(props: PanelContentProps) {
  const figures = useFigures(props);
  return (
    <div class="gauges">
      {figures.map((figure) => {
        const { config, values } = figure.field;
        const [low, high] = endsOf(config, values);
        const steps = config.thresholds?.steps ?? [];
        const isPercent = config.thresholds?.mode === 'percentage';
        const at = (value: number | null) =>
          value === null
            ? 0
            : Math.min(1, Math.max(0, isPercent ? value / 100 : (value - low) / (high - low)));
        return (
          <div key={figure.key} class="gauge">
            <svg viewBox="-52 -52 104 82" aria-hidden="true">
              <path class="gauge-track" d={arc(0, 1)} />
              {steps.map(({ value, color }, index) => (
                <path
                  key={color}
                  class="gauge-step"
                  d={arc(at(value), at(steps[index + 1]?.value ?? null) || 1, 48)}
                  style={{ stroke: cssColour(color) }}
                />
              ))}
              <path
                class="gauge-value"
                d={arc(0, shareOf(figure.value, figure.field))}
                style={{ stroke: cssColour(figure.shown.color, 'var(--accent)') }}
              />
            </svg>
            <div class="gauge-text">
              <FigureText figure={figure} />
              <JudgementWord shown={figure.shown} />
            </div>
            {figures.length > 1 && <span class="stat-name">{figure.name}</span>}
          </div>
        );
      })}
    </div>
  );
}

function arc(from: number, to: number, radius = RADIUS): string {
  const point = (share: number) => {
    const angle = -Math.PI / 2 - ARC / 2 + share * ARC;
    return `${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
  };
  const isLarge = (to - from) * ARC > Math.PI ? 1 : 0;
  return `M${point(from)}A${radius} ${radius} 0 ${isLarge} 1 ${point(to)}`;
}

/** Values as bars beside each other, on one scale. */
export function BarGauge(props: PanelContentProps) {
  const figures = useFigures(props);
  const all = figures.map(({ value }) => value);
  return (
    <ul class="bars">
      {figures.map((figure) => (
        <li key={figure.key}>
          <span class="bar-name">{figure.name}</span>
          <span class="bar-figure">
            <FieldLink field={figure.field} value={figure.value}>
              {figure.shown.figure}
              {figure.shown.unit}
            </FieldLink>{' '}
            <JudgementWord shown={figure.shown} />
          </span>
          <span class="bar-track" aria-hidden="true">
            <span
              style={{
                width: `${100 * shareOf(figure.value, { ...figure.field, values: all })}%`,
                background: cssColour(figure.shown.color ?? stepColour(figure), 'var(--accent)'),
              }}
            />
          </span>
        </li>
      ))}
    </ul>
  );
}

function stepColour({ value, field }: Figure): string | undefined {
  return typeof value === 'number' ? thresholdOf(value, field.config)?.color : undefined;
}
