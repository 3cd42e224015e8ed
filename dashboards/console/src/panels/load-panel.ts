import type { SetTags } from '../api.ts';
import type { TimeSpan } from '../ranges.ts';
import { framesOf } from './compute.ts';
import { configured } from './field.ts';
import { interpolate, type Variables } from './interpolate.ts';
import type { Frame, Panel, Target } from './model.ts';
import type { Source } from './source.ts';
import { durationMs, intervalMs, parseTime } from './time.ts';
import { transformed } from './transform.ts';
import { fieldsOf, needsSeries, type Plan, translate } from './translate.ts';
import { Unknown } from './unknown.ts';

export interface PanelData {
  readonly frames: readonly Frame[];
  /** What of the panel is not known here. */
  readonly unknown: readonly Unknown[];
  /** Length of its windows: a hole in a line is longer. */
  readonly everyMs: number;
}

export interface LoadContext {
  readonly source: Source;
  readonly span: TimeSpan;
  readonly variables: Variables;
  /** How many points it can show. */
  readonly points: number;
}

/** The data of a panel. One target that cannot be asked is named, and the others are shown. */
export async function loadPanel(panel: Panel, shown: LoadContext): Promise<PanelData> {
  const context = { ...shown, span: ownSpan(panel, shown) };
  const everyMs = windowOf(panel, context);
  const unknown: Unknown[] = [];
  const note = (error: unknown): Frame[] => {
    if (!(error instanceof Unknown)) throw error;
    unknown.push(error);
    return [];
  };
  const targets = (panel.targets ?? []).filter(({ hide }) => !hide);
  const loaded = await Promise.all(targets.map((target) => loadTarget(target, context, everyMs).catch(note)));
  const { frames, error } = transformedOf(loaded.flat(), panel);
  if (error) note(error);
  return { frames: configured(frames, panel, context.variables), unknown, everyMs };
}

/** As many of the transformations as are known, in their order. */
function transformedOf(frames: readonly Frame[], { transformations = [] }: Panel) {
  let known = [...frames];
  for (const one of transformations) {
    try {
      known = transformed(known, [one]);
    } catch (error) {
      return { frames: known, error };
    }
  }
  return { frames: known, error: undefined };
}

/** A panel may look back from the end of the time shown for a time of its own, such as `2h` or the day so far (`now/d`). */
function ownSpan({ timeFrom }: Panel, { span, variables }: LoadContext): TimeSpan {
  if (!timeFrom) return span;
  const text = interpolate(timeFrom, variables);
  const fromMs = parseTime(text.startsWith('now') ? text : `now-${text}`, span.toMs, false);
  return fromMs === undefined || fromMs >= span.toMs ? span : { fromMs, toMs: span.toMs };
}

function windowOf({ interval, maxDataPoints }: Panel, { span, points, variables }: LoadContext): number {
  const leastMs = durationMs(interpolate(interval ?? '', variables)) ?? 0;
  return intervalMs(span, Math.min(maxDataPoints ?? points, points), leastMs);
}

async function loadTarget(target: Target, context: LoadContext, everyMs: number): Promise<Frame[]> {
  const { source, variables, span } = context;
  const measurement = interpolate(target.measurement ?? '', variables);
  const known = new Map<string, readonly SetTags[]>();
  const percentiles = new Map<string, boolean>();
  await Promise.all(
    fieldsOf(target, variables).map(async (field) => {
      if (needsSeries(target)) {
        known.set(
          field,
          (await source.series(measurement, field)).map(({ tags }) => tags),
        );
      }
      if (asksPercentile(target)) percentiles.set(field, await source.hasPercentiles(measurement, field));
    }),
  );
  const plan = translate(target, {
    ...{ span, variables, intervalMs: everyMs },
    seriesOf: (_, field) => known.get(field) ?? [],
    hasPercentiles: (_, field) => percentiles.get(field) ?? false,
  });
  return framesOf(target, plan, plan.isEmpty ? [] : await answersTo(plan, source));
}

function answersTo({ columns }: Plan, source: Source) {
  return Promise.all(columns.map(({ asks }) => Promise.all(asks.map((ask) => source.query(ask)))));
}

function asksPercentile({ select = [] }: Target): boolean {
  return select.some((parts) => parts.some(({ type }) => type === 'percentile' || type === 'median'));
}
