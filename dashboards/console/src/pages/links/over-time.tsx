import { useMemo } from 'preact/hooks';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { type Board, BoardContext } from '../../panels/board-context.ts';
import { configured } from '../../panels/field.ts';
import type { Cell, Frame, Panel } from '../../panels/model.ts';
import { Source } from '../../panels/source.ts';
import { TimeSeries } from '../../panels/time-series.tsx';
import { words as panelWords } from '../../panels/words.ts';
import '../../panels/panels.css';
import type { Latency, Objective } from './api.ts';
import { WORDS } from './words.ts';

interface OverTimeProps {
  readonly latency: Latency;
  readonly objective: Objective | undefined;
}

/** Percentiles of the round trip and the loss, drawn as on a dashboard. */
export function OverTime({ latency, objective }: OverTimeProps) {
  const { api, locale } = useConsole();
  const words = useWords(WORDS);
  const { fromMs, toMs } = latency;
  const board = useMemo(
    (): Board => ({
      ...{ api, locale, words: panelWords[locale.language], span: { fromMs, toMs }, turn: 0, nowMs: toMs },
      ...{ source: new Source(api, () => toMs), variables: new Map() },
      ...{ onSilence: () => {}, onZoom: () => {}, onWiden: () => {}, hrefOf: () => undefined },
    }),
    [api, locale, fromMs, toMs],
  );
  const panels = useMemo(() => {
    const { p50, p95, p99 } = words;
    return [
      chart(latency, words.latencyOverTime, 'ms', objective?.latencyMs, [
        [p50, ({ p50: value }) => value],
        [p95, ({ p95: value }) => value],
        [p99, ({ p99: value }) => value],
      ]),
      chart(latency, words.lossOverTime, 'percentunit', objective?.loss, [[words.loss, ({ loss }) => loss]]),
    ];
  }, [latency, objective, words]);
  return (
    <section aria-label={words.overTime}>
      <h2>{words.overTime}</h2>
      <BoardContext.Provider value={board}>
        <div class="over-time">
          {panels.map(({ panel, frames }) => (
            <div key={panel.title} class="card over-time-chart">
              <h3>{panel.title}</h3>
              <TimeSeries panel={panel} data={{ frames, unknown: [], everyMs: latency.everyMs }} />
            </div>
          ))}
        </div>
      </BoardContext.Provider>
    </section>
  );
}

type Point = Latency['points'][number];

/** Lines with the limit that is set as a dashed one; holes where there is no evidence. */
function chart(
  { points, everyMs }: Latency,
  title: string,
  unit: string,
  limit: number | undefined,
  lines: readonly (readonly [string, (point: Point) => Cell])[],
): { panel: Panel; frames: Frame[] } {
  const panel: Panel = {
    ...{ type: 'timeseries', title },
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        custom: {
          lineWidth: 2,
          insertNulls: 2.5 * everyMs,
          ...(limit !== undefined && { thresholdsStyle: { mode: 'dashed' }, axisSoftMax: limit * 1.2 }),
        },
        color: { mode: 'palette-classic' },
        ...(limit !== undefined && {
          thresholds: {
            mode: 'absolute',
            steps: [
              { value: null, color: 'transparent' },
              { value: limit, color: 'red' },
            ],
          },
        }),
      },
    },
  };
  const times = points.map(({ timeMs }) => timeMs);
  const frames = lines.map(
    ([name, read]): Frame => ({
      refId: name,
      fields: [
        { name: 'Time', title: 'Time', kind: 'time', values: times, labels: {}, config: {} },
        { name, title: name, kind: 'value', values: points.map(read), labels: {}, config: {} },
      ],
    }),
  );
  return { panel, frames: configured(frames, panel, new Map()) };
}
