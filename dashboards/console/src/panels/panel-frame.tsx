import { useEffect, useRef, useState } from 'preact/hooks';
import { useVisible } from '../use-visible.ts';
import { BoardContext, useBoard } from './board-context.ts';
import { interpolate, type Variables } from './interpolate.ts';
import type { Placed } from './layout.ts';
import { loadPanel, type PanelData } from './load-panel.ts';
import type { Panel } from './model.ts';
import { PanelBoundary } from './panel-boundary.tsx';
import { PANEL_TYPES, WITHOUT_DATA } from './panel-types.ts';
import { Silence } from './source.ts';
import { Unknown } from './unknown.ts';

const EMPTY: PanelData = { frames: [], unknown: [], everyMs: 0 };
/** May be longer than their place, and hold nothing else that takes the focus. */
const SCROLLED = new Set(['text', 'bargauge', 'alertlist', 'geomap']);
/** Pixels of a point of a chart: more could not be told apart. */
const POINT_PX = 2;

/** A panel in its place: its title, its data as they come, and a word where something cannot be had or is not known. */
export function PanelFrame({ placed }: { readonly placed: Placed }) {
  const board = useBoard();
  const { panel, at, scoped, key } = placed;
  const variables: Variables = scoped.size > 0 ? new Map([...board.variables, ...scoped]) : board.variables;
  const [ref, isVisible] = useVisible<HTMLElement>();
  const { data, error, isLoading } = usePanelData(panel, key, variables, ref, isVisible);
  const title = interpolate(panel.title ?? '', variables);
  // As figures, so that a phone can do without them.
  const place = { '--x': at.x + 1, '--y': at.y + 1, '--w': at.w, '--h': at.h };
  const Content = PANEL_TYPES[panel.type];
  const isAlone = WITHOUT_DATA.has(panel.type);
  return (
    <section
      ref={ref}
      class="panel card"
      style={place}
      data-type={panel.type}
      data-panel={title}
      data-state={error !== undefined ? 'failed' : data ? 'ready' : 'loading'}
      aria-label={title || undefined}
      aria-busy={isLoading && !data}
    >
      {title && (
        <h3 class="panel-title">
          <PanelTitle panel={panel} title={title} />
        </h3>
      )}
      {panel.description && <Description text={interpolate(panel.description, variables)} />}
      <BoardContext.Provider value={scoped.size > 0 ? { ...board, variables } : board}>
        <div class="panel-body" {...(SCROLLED.has(panel.type) && { tabIndex: 0 })}>
          {!Content && <UnknownNote unknown={new Unknown('panel', panel.type)} />}
          {data?.unknown.map((one) => (
            <UnknownNote key={one.message} unknown={one} />
          ))}
          {error !== undefined && <Failed error={error} />}
          <PanelBoundary of={data ?? panel} failed={(thrown) => <Failed error={thrown} />}>
            {Content && isAlone && <Content panel={panel} data={EMPTY} />}
            {Content && !isAlone && data && (
              <Drawn Content={Content} panel={{ ...panel, title }} data={data} />
            )}
          </PanelBoundary>
          {Content && !isAlone && !data && isLoading && <div class="bone panel-bone" />}
        </div>
      </BoardContext.Provider>
    </section>
  );
}

interface DrawnProps {
  readonly Content: NonNullable<(typeof PANEL_TYPES)[string]>;
  readonly panel: Panel;
  readonly data: PanelData;
}

function Drawn({ Content, panel, data }: DrawnProps) {
  const { words } = useBoard();
  const isEmpty = data.frames.every(({ fields }) =>
    fields.every(({ kind, values }) => kind === 'time' || values.every((value) => value === null)),
  );
  if (!isEmpty) return <Content panel={panel} data={data} />;
  const noValue = panel.fieldConfig?.defaults?.noValue;
  return data.unknown.length > 0 ? null : <p class="panel-empty">{noValue ?? words.noData}</p>;
}

function PanelTitle({ panel, title }: { readonly panel: Panel; readonly title: string }) {
  const { hrefOf } = useBoard();
  const href = panel.links?.[0]?.url ? hrefOf(panel.links[0].url) : undefined;
  return href ? <a href={href}>{title}</a> : title;
}

function Description({ text }: { readonly text: string }) {
  const { words } = useBoard();
  return (
    <details class="panel-about">
      <summary aria-label={words.describe} title={words.describe}>
        ?
      </summary>
      <p>{text}</p>
    </details>
  );
}

function UnknownNote({ unknown: { what, part } }: { readonly unknown: Unknown }) {
  const { words } = useBoard();
  return <p class="panel-note panel-unknown">{words.unknown[what](part)}</p>;
}

function Failed({ error }: { readonly error: unknown }) {
  const { words } = useBoard();
  if (error instanceof Unknown) return <UnknownNote unknown={error} />;
  return (
    <p class="panel-note panel-failed">
      {words.failed(error instanceof Error ? error.message : String(error))}
    </p>
  );
}

/** What a panel shows: asked for when it comes into sight and at each turn, and kept while nothing is heard. */
function usePanelData(
  panel: Panel,
  key: string,
  variables: Variables,
  ref: { readonly current: HTMLElement | null },
  isVisible: boolean,
) {
  const { source, span, turn, onSilence } = useBoard();
  const [state, setState] = useState<{ data?: PanelData; error?: unknown; isLoading: boolean }>({
    isLoading: true,
  });
  const asked = useRef(0);
  useEffect(() => {
    // Nobody hears of what nobody sees.
    if (!isVisible) onSilence(key, false);
    if (!isVisible || !PANEL_TYPES[panel.type] || WITHOUT_DATA.has(panel.type)) return;
    const mine = ++asked.current;
    const points = Math.max(50, Math.round((ref.current?.clientWidth ?? 600) / POINT_PX));
    setState((before) => ({ ...before, isLoading: true }));
    loadPanel(panel, { source, span, variables, points }).then(
      (data) => {
        if (mine !== asked.current) return;
        onSilence(key, false);
        setState({ data, isLoading: false });
      },
      (error: unknown) => {
        if (mine !== asked.current) return;
        const isSilence = error instanceof Silence;
        onSilence(key, isSilence);
        setState((before) => ({ ...before, isLoading: false, error: isSilence ? undefined : error }));
      },
    );
  }, [panel, source, span, variables.size > 0 ? variablesKey(variables) : '', turn, isVisible]);
  useEffect(() => () => onSilence(key, false), []);
  return state;
}

function variablesKey(variables: Variables): string {
  return JSON.stringify([...variables]);
}
