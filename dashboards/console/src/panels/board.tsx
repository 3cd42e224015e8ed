import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { systemClock } from '../../../../core/clock.ts';
import { useConsole } from '../console.ts';
import type { TimeSpan } from '../ranges.ts';
import { BoardContext, type Board as Shared } from './board-context.ts';
import { interpolate, type VariableValue } from './interpolate.ts';
import { layout, type Placed } from './layout.ts';
import type { Dashboard } from './model.ts';
import { PanelFrame } from './panel-frame.tsx';
import { Source } from './source.ts';
import { durationMs, isRelative, spanOf } from './time.ts';
import { TimePicker } from './time-picker.tsx';
import { VariableBar } from './variable-bar.tsx';
import { type ResolvedVariable, resolveVariables, valuesOf } from './variables.ts';
import { words as allWords } from './words.ts';
import './panels.css';

const LEAST_REFRESH_MS = 5_000;
const DEFAULT_TIME = { from: 'now-6h', to: 'now' };

export interface BoardProps {
  readonly dashboard: Dashboard;
  /** What the address asks for: `from`, `to`, `refresh` and `var-…`. */
  readonly asked: URLSearchParams;
  /** Puts something else into the address. */
  readonly onAsk: (change: Readonly<Record<string, readonly string[]>>) => void;
  /** Where a link of a dashboard leads here. */
  readonly hrefOf: (url: string) => string | undefined;
}

/** A dashboard of Grafana, drawn by ourselves: its variables and time above, its panels in their places, live. */
export function Board({ dashboard, asked, onAsk, hrefOf }: BoardProps) {
  const { api, locale } = useConsole();
  const words = allWords[locale.language];
  const source = useMemo(() => new Source(api, () => systemClock.nowMs()), [api]);
  const from = asked.get('from') ?? dashboard.time?.from ?? DEFAULT_TIME.from;
  const to = asked.get('to') ?? dashboard.time?.to ?? DEFAULT_TIME.to;
  const refresh = asked.get('refresh') ?? (dashboard.refresh || '');
  const [turn, setTurn] = useState(0);
  const again = useCallback(() => setTurn((before) => before + 1), []);
  useRefreshing(isRelative(from, to) ? refresh : '', again);
  const nowMs = useMemo(() => systemClock.nowMs(), [turn, from, to]);
  const span = useMemo(
    () => spanOf(from, to, nowMs) ?? spanOf(DEFAULT_TIME.from, DEFAULT_TIME.to, nowMs)!,
    [from, to, nowMs],
  );
  const resolved = useVariables(dashboard, asked, source, turn);
  const silence = useSilence();
  const [folded, setFolded] = useState<readonly string[]>([]);

  const onTime = (start: string, end: string) => onAsk({ from: [start], to: [end] });
  const widen = () => {
    const half = (span.toMs - span.fromMs) / 2;
    onTime(
      String(Math.round(span.fromMs - half)),
      String(Math.round(Math.min(span.toMs + half, systemClock.nowMs()))),
    );
  };
  const variables = withTimes(resolved, span);
  const shared: Shared = {
    ...{ api, locale, words, source, span, turn, nowMs, variables },
    hrefOf: (url) => hrefOf(interpolate(url, variables)),
    onSilence: silence.onSilence,
    onZoom: ({ fromMs, toMs }) => onTime(String(Math.round(fromMs)), String(Math.round(toMs))),
    onWiden: widen,
  };
  const placed = resolved ? layout(dashboard.panels ?? [], resolved) : [];
  return (
    <BoardContext.Provider value={shared}>
      <div class="board-bar">
        {resolved && (
          <VariableBar
            variables={resolved}
            words={words}
            onChoose={(name, values) => onAsk({ [`var-${name}`]: values })}
          />
        )}
        <TimePicker
          {...{ locale, words, from, to, span, refresh, onTime, onNow: again, onWiden: widen }}
          onRefresh={(every) => onAsk({ refresh: [every] })}
        />
      </div>
      {silence.sinceMs !== undefined && (
        <div class="banner" role="alert">
          <p>
            <strong>{words.linkDown}</strong>{' '}
            {words.shownFrom(
              locale.time(silence.sinceMs, nowMs),
              locale.age(Math.max(0, systemClock.nowMs() - silence.sinceMs)),
            )}
          </p>
        </div>
      )}
      <div class="board" data-connected={silence.sinceMs === undefined} data-turn={turn}>
        {placed
          .filter(({ row }) => row === undefined || !folded.includes(row))
          .map((one) =>
            one.panel.type === 'row' ? (
              <Row
                key={one.key}
                placed={one}
                isFolded={folded.includes(one.key)}
                onFold={() =>
                  setFolded(
                    folded.includes(one.key)
                      ? folded.filter((other) => other !== one.key)
                      : [...folded, one.key],
                  )
                }
              />
            ) : (
              <PanelFrame key={one.key} placed={one} />
            ),
          )}
      </div>
      <footer class="foot">
        {words.updated(locale.clock(nowMs))} {words.timesIn(locale.zone(nowMs))} {words.zoomHint}
      </footer>
    </BoardContext.Provider>
  );
}

interface RowProps {
  readonly placed: Placed;
  readonly isFolded: boolean;
  readonly onFold: () => void;
}

function Row({ placed: { panel, at }, isFolded, onFold }: RowProps) {
  return (
    <h2 class="board-row" style={{ '--x': 1, '--y': at.y + 1, '--w': 24, '--h': at.h }}>
      <button type="button" aria-expanded={!isFolded} onClick={onFold}>
        <span aria-hidden="true">{isFolded ? '▸' : '▾'}</span> {panel.title}
      </button>
    </h2>
  );
}

/** Grafana's own variables of the time shown, beside those of the dashboard. */
function withTimes(resolved: readonly ResolvedVariable[] | undefined, { fromMs, toMs }: TimeSpan) {
  const one = (value: string): VariableValue => ({ values: [value] });
  return new Map<string, VariableValue>([
    ...valuesOf(resolved ?? []),
    ['__from', one(String(fromMs))] as const,
    ['__to', one(String(toMs))] as const,
  ]);
}

/** Asks again every so often while the page is looked at, and at once when it is again. */
function useRefreshing(refresh: string, again: () => void): void {
  useEffect(() => {
    const everyMs = durationMs(refresh);
    if (everyMs === undefined) return;
    let lastMs = systemClock.nowMs();
    const timer = setInterval(
      () => {
        if (document.hidden) return;
        lastMs = systemClock.nowMs();
        again();
      },
      Math.max(everyMs, LEAST_REFRESH_MS),
    );
    const onVisible = () => {
      if (document.hidden || systemClock.nowMs() - lastMs < everyMs) return;
      lastMs = systemClock.nowMs();
      again();
    };
    document.addEventListener('visibilitychange', onVisible);
    addEventListener('online', again);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', onVisible);
      removeEventListener('online', again);
    };
  }, [refresh, again]);
}

/** Undefined until they are known; kept as they are while nothing is heard. */
function useVariables(dashboard: Dashboard, asked: URLSearchParams, source: Source, turn: number) {
  const [resolved, setResolved] = useState<{ of: Dashboard; all: readonly ResolvedVariable[] }>();
  const chosen = [...asked].filter(([name]) => name.startsWith('var-')).join('&');
  const tries = useRef(0);
  useEffect(() => {
    const mine = ++tries.current;
    const askedFor = (name: string) => {
      const values = asked.getAll(`var-${name}`);
      return values.length > 0 ? values : undefined;
    };
    resolveVariables(dashboard, askedFor, source).then(
      (all) => {
        if (mine !== tries.current) return;
        setResolved((before) =>
          before?.of === dashboard && JSON.stringify(before.all) === JSON.stringify(all)
            ? before
            : { of: dashboard, all },
        );
      },
      // Nothing is heard: panels say so, and the next turn asks again. Without a first answer there is nothing to show but that.
      () => setResolved((before) => before ?? { of: dashboard, all: [] }),
    );
  }, [dashboard, chosen, source, turn]);
  return resolved?.of === dashboard ? resolved.all : undefined;
}

/** Since when what is shown is not what is: the last turn that was answered, while any panel hears nothing. */
function useSilence() {
  const silent = useRef(new Set<string>());
  const goodMs = useRef(systemClock.nowMs());
  const [sinceMs, setSinceMs] = useState<number>();
  const onSilence = useCallback((key: string, isSilent: boolean) => {
    if (isSilent) silent.current.add(key);
    else silent.current.delete(key);
    if (silent.current.size === 0) goodMs.current = systemClock.nowMs();
    setSinceMs(silent.current.size > 0 ? goodMs.current : undefined);
  }, []);
  return { sinceMs, onSilence };
}
