import type { Words } from '../../core/errors.ts';
import { THRESHOLD_SEVERITIES } from '../../core/thresholds/threshold.ts';
import { type AlertEvent, type AlertMember, MOST_TIMELINE, type TimelineEntry } from './alert-event.ts';
import type { AlertSeverity, Condition } from './condition.ts';
import type { Cause } from './find-causes.ts';
import type { Topology } from './topology.ts';
import { describeCause } from './words.ts';

/** Sensors of a gateway come and go by the hundred. */
const MOST_MOVED = 5;

export interface BookOptions {
  /** How long the evidence of neighbours is waited for, so that what is wrong with a point is not told link by link. */
  readonly settleMs: number;
  /** How long a silent gateway that a link may explain waits for the evidence of that link. */
  readonly joinMs: number;
}

/** What the book remembers between two looks: the events that are open, and who was silent because of one that has ended. */
export interface BookState {
  /** By key of the cause. */
  readonly open: ReadonlyMap<string, AlertEvent>;
  /** By key of the condition. */
  readonly excused: ReadonlyMap<string, { readonly untilMs: number; readonly after: string }>;
}

export const EMPTY_BOOK: BookState = { open: new Map(), excused: new Map() };

export interface BookInput {
  readonly nowMs: number;
  /** Of all that is wrong now. */
  readonly causes: readonly Cause[];
  readonly topology: Topology;
  readonly options: BookOptions;
  readonly newId: () => string;
}

/** What has changed of the events, to be kept and told. */
export interface BookEffect {
  readonly kind: 'raised' | 'changed' | 'folded' | 'cleared';
  readonly event: AlertEvent;
}

export interface BookStep {
  readonly state: BookState;
  readonly effects: readonly BookEffect[];
}

/**
 * One event per cause. An event is raised once its cause is settled, follows its members, and ends with its cause. What was an
 * event of its own, and turns out to be part of another, ends folded into that. Gateways that stay silent after their cause
 * has ended get the time to come back that they would have had to fall silent, and then an event of their own.
 */
export function stepBook(state: BookState, input: BookInput): BookStep {
  const { nowMs, causes } = input;
  const open = new Map(state.open);
  const excused = new Map([...state.excused].filter(([, { untilMs }]) => untilMs > nowMs));
  const after = new Map([...state.excused].map(([key, one]) => [key, one.after]));
  excuse(excused, [...state.open.values()], input);
  const effects: BookEffect[] = [];
  const standing = new Map<string, Cause>();
  const waiting: Cause[] = [];
  for (const cause of causes) {
    const before = open.get(cause.key);
    if (!before && !isDue(cause, excused, input)) {
      if (!cause.causing.every(({ key }) => excused.has(key))) waiting.push(cause);
      continue;
    }
    standing.set(cause.key, cause);
    const event = before ? followed(before, cause, input) : raised(cause, after, input);
    if (event !== before) effects.push({ kind: before ? 'changed' : 'raised', event });
    open.set(cause.key, event);
  }
  for (const [key, event] of open) {
    // It goes on until the cause that it will be folded into is raised.
    if (standing.has(key) || takenBy(event, waiting)) continue;
    open.delete(key);
    const into = takenBy(event, standing.values());
    const target = into && open.get(into.key);
    if (target) {
      effects.push({ kind: 'folded', event: ended(event, nowMs, 'folded', target.id) });
      const grown = withEntry(
        {
          ...{ ...target, sinceMs: Math.min(target.sinceMs, event.sinceMs) },
          toldBefore: [...new Set([...(target.toldBefore ?? []), ...ownOf(event)])],
        },
        { timeMs: nowMs, step: 'folded', what: event.id, words: event.words },
      );
      open.set(into.key, grown);
      effects.push({ kind: 'changed', event: grown });
      continue;
    }
    effects.push({ kind: 'cleared', event: ended(event, nowMs, 'cleared') });
  }
  return { state: { open, excused }, effects: lastOf(effects) };
}

/**
 * Whoever was silent because of something, and is not because of anything any more, has the time to come back; and the budget of a
 * link that a point has taken down has the time to recover, once the point is back. A budget that burned already has not: at the next look
 * it is an event of its own again.
 */
function excuse(
  excused: Map<string, { readonly untilMs: number; readonly after: string }>,
  events: readonly AlertEvent[],
  { nowMs, causes, options }: BookInput,
): void {
  const still = new Set(causes.flatMap(({ silent }) => silent.map(({ key }) => key)));
  for (const { id, silent } of events) {
    for (const { key } of silent)
      if (!still.has(key)) excused.set(key, { untilMs: nowMs + options.joinMs, after: id });
  }
  const standing = new Set(causes.map(({ key }) => key));
  const ended = [...events].filter(({ key, kind }) => kind !== 'link' && !standing.has(key));
  const was = new Map(ended.flatMap((event) => event.causing.map(({ key }) => [key, event] as const)));
  for (const { kind, causing } of causes) {
    // Whatever is down still is told as that.
    if (kind !== 'link' || causing.some((one) => one.kind === 'outage')) continue;
    for (const { key, lingersMs } of causing) {
      const after = was.get(key);
      if (after === undefined || lingersMs === undefined) continue;
      const isTrace = !after.toldBefore?.includes(key);
      excused.set(key, { untilMs: nowMs + (isTrace ? lingersMs : 0), after: after.id });
    }
  }
}

/** What an event was about before anything was down, which is therefore no trace of that. */
function ownOf({ kind, causing, toldBefore = [] }: AlertEvent): readonly string[] {
  if (kind !== 'link') return toldBefore;
  const isTrace = (burn: AlertMember) =>
    causing.some(
      (one) => one.kind === 'outage' && one.subject === burn.subject && one.sinceMs <= burn.sinceMs,
    );
  return causing.filter((one) => one.kind !== 'outage' && !isTrace(one)).map(({ key }) => key);
}

/** Waits for neighbours, or for the link that may be the cause; nothing that has an event waits again. */
function isDue(
  cause: Cause,
  excused: BookState['excused'],
  { nowMs, topology, options }: BookInput,
): boolean {
  const first = Math.min(...cause.causing.map(({ noticedMs }) => noticedMs), Number.POSITIVE_INFINITY);
  if (cause.causing.length > 0 && cause.causing.every(({ key }) => excused.has(key))) return false;
  if (['quantity', 'device', 'own', 'delivery'].includes(cause.kind)) return true;
  if (cause.kind !== 'gateway') return nowMs - first >= options.settleMs;
  const mayBeExplained = topology.inFrontOf.has(cause.subject) || topology.popsOf.has(cause.subject);
  return nowMs - first >= (mayBeExplained ? options.joinMs : 0);
}

/** The cause that has at least one of the conditions which an event was about. */
function takenBy(event: AlertEvent, standing: Iterable<Cause>): Cause | undefined {
  const keys = new Set(event.causing.map(({ key }) => key));
  for (const cause of standing)
    if ([...cause.causing, ...cause.silent].some(({ key }) => keys.has(key))) return cause;
  return undefined;
}

function raised(cause: Cause, after: ReadonlyMap<string, string>, input: BookInput): AlertEvent {
  const { nowMs, newId, topology } = input;
  const words = describeCause(cause, topology);
  const outlived = cause.causing.map(({ key }) => after.get(key)).find((id) => id !== undefined);
  return {
    id: newId(),
    ...{ key: cause.key, kind: cause.kind, subject: cause.subject },
    ...{ severity: severityOf(cause), sinceMs: sinceOf(cause), raisedMs: nowMs },
    ...(outlived === undefined ? {} : { after: outlived }),
    ...{ words, causing: cause.causing.map(memberOf), silent: cause.silent.map(memberOf) },
    timeline: [{ timeMs: nowMs, step: 'raised', words }],
    timelineLeftOut: 0,
  };
}

/** The same object where nothing has changed. */
function followed(before: AlertEvent, cause: Cause, { nowMs, topology }: BookInput): AlertEvent {
  const old = new Map([...before.causing, ...before.silent].map((member) => [member.key, member]));
  const now = new Map([...cause.causing, ...cause.silent].map((member) => [member.key, member]));
  const severity = severityOf(cause);
  const entries: TimelineEntry[] = [];
  entries.push(...moved('joined', now, old, nowMs), ...moved('left', old, now, nowMs));
  if (severity !== before.severity) entries.push({ timeMs: nowMs, step: 'severity', what: severity });
  const isSame = [...now].every(([key, { words }]) => isSameText(old.get(key)?.words, words));
  if (entries.length === 0 && isSame) return before;
  const event = {
    ...{ ...before, severity, sinceMs: Math.min(before.sinceMs, sinceOf(cause)) },
    words: describeCause(cause, topology),
    ...{ causing: cause.causing.map(memberOf), silent: cause.silent.map(memberOf) },
  };
  return entries.reduce(withEntry, event);
}

/** Members of the one that are not in the other; many at once are one line of the timeline. */
function moved(
  step: 'joined' | 'left',
  one: ReadonlyMap<string, AlertMember | Condition>,
  other: ReadonlyMap<string, AlertMember | Condition>,
  timeMs: number,
): TimelineEntry[] {
  const all = [...one].filter(([key]) => !other.has(key));
  if (all.length <= MOST_MOVED) return all.map(([what, { words }]) => ({ timeMs, step, what, words }));
  const words =
    step === 'joined'
      ? { en: `${all.length} more joined`, zh: `又有 ${all.length} 项加入` }
      : { en: `${all.length} are over`, zh: `${all.length} 项已恢复` };
  return [{ timeMs, step, words }];
}

function ended(
  event: AlertEvent,
  clearedMs: number,
  step: 'cleared' | 'folded',
  foldedInto?: string,
): AlertEvent {
  const entry = { timeMs: clearedMs, step, ...(foldedInto === undefined ? {} : { what: foldedInto }) };
  return withEntry({ ...event, clearedMs, ...(foldedInto === undefined ? {} : { foldedInto }) }, entry);
}

/** How it was raised is kept for ever, of the rest the newest. */
export function withEntry(event: AlertEvent, entry: TimelineEntry): AlertEvent {
  const [first, ...rest] = [...event.timeline, entry];
  const over = Math.max(0, rest.length + 1 - MOST_TIMELINE);
  const timeline = [first!, ...rest.slice(over)];
  return { ...event, timeline, timelineLeftOut: event.timelineLeftOut + over };
}

/** An event that changed several times in one step is kept once, as it was last; what it was raised by stays. */
function lastOf(effects: readonly BookEffect[]): BookEffect[] {
  const last = new Map<string, BookEffect>();
  for (const effect of effects) {
    const kind = last.get(effect.event.id)?.kind === 'raised' ? 'raised' : effect.kind;
    last.set(effect.event.id, { ...effect, kind });
  }
  return [...last.values()];
}

function memberOf({ key, kind, subject, severity, sinceMs, words, place, judged }: Condition): AlertMember {
  return {
    ...{ key, kind, subject, severity, sinceMs, words },
    ...(place && { place }),
    ...(judged && { threshold: judged.threshold }),
  };
}

function severityOf({ causing, silent }: Cause): AlertSeverity {
  const all = new Set([...causing, ...silent].map(({ severity }) => severity));
  return THRESHOLD_SEVERITIES.find((one) => all.has(one)) ?? 'warning';
}

function sinceOf({ causing, silent }: Cause): number {
  return Math.min(...[...causing, ...silent].map(({ sinceMs }) => sinceMs));
}

function isSameText(one: Words | undefined, other: Words): boolean {
  return one?.en === other.en;
}
