import type { SafetyRule } from '../../core/gateway-event.ts';

/** The rules that watch a water line; the others belong to single points. */
export type LineRule = Extract<
  SafetyRule,
  'leak' | 'no-flow' | 'low-flow' | 'high-flow' | 'low-pressure' | 'dry-pump' | 'meter-silent'
>;

/** Bounds of a line; times in milliseconds, flow in L/min, pressure in kPa. */
export interface LineRules {
  readonly leak: { readonly above: number; readonly afterMs: number };
  readonly noFlow: { readonly below: number; readonly afterMs: number };
  readonly flowAfterMs: number;
  readonly lowPressure?: { readonly below: number; readonly afterMs: number };
  readonly holdOffMs: number;
  readonly staleAfterMs: number;
  readonly refusesWhenBlind: boolean;
}

/** A meter's last usable value, and when it came; absent while there has been none. */
export interface Measured {
  readonly value: number;
  readonly atMs: number;
}

export interface ValveView {
  readonly key: string;
  readonly zone: string;
  /** All but a confirmed close that nothing contradicts. */
  readonly mayBeOpen: boolean;
  /** Known to be open. */
  readonly isOpen: boolean;
  /** It has had the time to travel since it was last told something. */
  readonly isSettled: boolean;
  readonly low?: number;
  readonly high?: number;
}

export interface LineView {
  readonly valves: readonly ValveView[];
  readonly pump?: { readonly key: string; readonly isOn: boolean; readonly isSettled: boolean };
  /** `undefined` where the line has no such meter. */
  readonly flow: Measured | 'never' | undefined;
  readonly pressure: Measured | 'never' | undefined;
}

/** Something that is out of order now. */
interface Condition {
  readonly rule: LineRule;
  readonly afterMs: number;
  readonly value?: number;
  readonly bound?: number;
  readonly zone?: string;
  /** Points to bring to their safe value. */
  readonly closes: readonly string[];
}

export interface Raised extends Omit<Condition, 'afterMs'> {
  readonly atMs: number;
}

export interface LineState {
  /** Since when each condition holds without a break. */
  readonly since: Readonly<Partial<Record<LineRule, number>>>;
  readonly raised: Readonly<Partial<Record<LineRule, Raised>>>;
  readonly startedAtMs: number;
}

export type LineEffect =
  | { readonly kind: 'raised'; readonly raised: Raised }
  | { readonly kind: 'cleared'; readonly rule: LineRule };

/**
 * How a raised rule ends. Closing a burst pipe or a leaking valve also ends what is measured of it, so these wait for
 * a person. Water that comes back after no flow harms nobody, so these wait for a while. The rest end with their cause.
 */
const END: Readonly<Record<LineRule, 'acknowledged' | 'held-off' | 'over'>> = {
  leak: 'acknowledged',
  'high-flow': 'acknowledged',
  'no-flow': 'held-off',
  'low-pressure': 'held-off',
  'low-flow': 'over',
  'dry-pump': 'over',
  'meter-silent': 'over',
};

export const NEEDS_ACKNOWLEDGEMENT: readonly LineRule[] = (Object.keys(END) as LineRule[]).filter(
  (rule) => END[rule] === 'acknowledged',
);

export function newLine(nowMs: number, raised: readonly Raised[] = []): LineState {
  return {
    since: {},
    raised: Object.fromEntries(raised.map((one) => [one.rule, one])),
    startedAtMs: nowMs,
  };
}

/** Judges one line by what is known of it now. Pure: the same view at the same time gives the same. */
export function judgeLine(
  rules: LineRules,
  state: LineState,
  view: LineView,
  nowMs: number,
): { readonly state: LineState; readonly effects: readonly LineEffect[] } {
  const conditions = conditionsOf(rules, state, view, nowMs);
  const since: Partial<Record<LineRule, number>> = {};
  const raised = { ...state.raised };
  const effects: LineEffect[] = [];
  for (const condition of conditions) {
    const { rule, afterMs } = condition;
    since[rule] = state.since[rule] ?? nowMs;
    if (raised[rule] || nowMs - since[rule] < afterMs) continue;
    const { afterMs: _, ...rest } = condition;
    raised[rule] = { ...rest, atMs: nowMs };
    effects.push({ kind: 'raised', raised: raised[rule] });
  }
  for (const { rule, atMs } of Object.values(raised)) {
    const isOver = since[rule] === undefined && END[rule] !== 'acknowledged';
    const isHeld = END[rule] === 'held-off' && nowMs - atMs < rules.holdOffMs;
    if (!isOver || isHeld) continue;
    delete raised[rule];
    effects.push({ kind: 'cleared', rule });
  }
  return { state: { ...state, since, raised }, effects };
}

/** A person has looked: what waited for that is cleared, but for what still holds. */
export function acknowledge(state: LineState): {
  readonly state: LineState;
  readonly effects: readonly LineEffect[];
} {
  const over = NEEDS_ACKNOWLEDGEMENT.filter((rule) => state.raised[rule] && state.since[rule] === undefined);
  const raised = Object.fromEntries(
    Object.entries(state.raised).filter(([rule]) => !over.includes(rule as LineRule)),
  );
  return { state: { ...state, raised }, effects: over.map((rule) => ({ kind: 'cleared', rule })) };
}

/** Why nothing on the line may be opened. */
export function blocks(rules: LineRules, state: LineState): readonly Raised[] {
  return Object.values(state.raised).filter(({ rule }) => {
    if (rule === 'meter-silent') return rules.refusesWhenBlind;
    return rule !== 'low-flow' && rule !== 'dry-pump';
  });
}

/** Whether the meters of the line can be judged by; before they have first spoken they cannot. */
export function isBlind(rules: LineRules, view: LineView, nowMs: number): boolean {
  return [view.flow, view.pressure].some(
    (meter) => meter !== undefined && usable(rules, meter, nowMs) === undefined,
  );
}

function usable(rules: LineRules, meter: LineView['flow'], nowMs: number): number | undefined {
  if (meter === undefined || meter === 'never' || nowMs - meter.atMs >= rules.staleAfterMs) return undefined;
  return meter.value;
}

function conditionsOf(rules: LineRules, state: LineState, view: LineView, nowMs: number): Condition[] {
  const { valves, pump } = view;
  const everything = [...(pump ? [pump.key] : []), ...valves.map(({ key }) => key)];
  const open = valves.filter(({ isOpen }) => isOpen);
  const mayBeOpen = valves.filter((valve) => valve.mayBeOpen);
  const whatIsOpen = [...(pump ? [pump.key] : []), ...mayBeOpen.map(({ key }) => key)];
  const isSettled = valves.every((valve) => valve.isSettled);
  const isWatering = open.length > 0 && isSettled && (!pump || (pump.isOn && pump.isSettled));
  const flow = usable(rules, view.flow, nowMs);
  const pressure = usable(rules, view.pressure, nowMs);
  const conditions: Condition[] = [];
  const add = (condition: Condition) => conditions.push(condition);

  if (flow !== undefined) {
    const { leak, noFlow, flowAfterMs } = rules;
    const zones = [...new Set(open.map(({ zone }) => zone))];
    const zone = zones.length === 1 && zones[0] !== '' ? { zone: zones[0]! } : {};
    const low = sum(open.map((valve) => valve.low ?? 0));
    const high = open.every((valve) => valve.high !== undefined)
      ? sum(open.map((valve) => valve.high!))
      : undefined;
    if (mayBeOpen.length === 0 && isSettled && flow > leak.above) {
      add({ rule: 'leak', afterMs: leak.afterMs, value: flow, bound: leak.above, closes: everything });
    }
    if (isWatering && flow < noFlow.below) {
      const bound = noFlow.below;
      add({ rule: 'no-flow', afterMs: noFlow.afterMs, value: flow, bound, ...zone, closes: whatIsOpen });
    } else if (isWatering && flow < low) {
      add({ rule: 'low-flow', afterMs: flowAfterMs, value: flow, bound: low, ...zone, closes: [] });
    }
    // A valve that still opens takes less and not more, so only what closes is waited for.
    const isBounded = valves.every((valve) => valve.isOpen || (!valve.mayBeOpen && valve.isSettled));
    if (open.length > 0 && isBounded && high !== undefined && flow > high) {
      add({ rule: 'high-flow', afterMs: flowAfterMs, value: flow, bound: high, ...zone, closes: whatIsOpen });
    }
  }
  if (pressure !== undefined && rules.lowPressure && isWatering && pressure < rules.lowPressure.below) {
    const { below, afterMs } = rules.lowPressure;
    add({ rule: 'low-pressure', afterMs, value: pressure, bound: below, closes: whatIsOpen });
  }
  if (pump?.isOn && mayBeOpen.length === 0) add({ rule: 'dry-pump', afterMs: 0, closes: [pump.key] });
  const isYoung = nowMs - state.startedAtMs < rules.staleAfterMs;
  if (!isYoung && isBlind(rules, view, nowMs)) add({ rule: 'meter-silent', afterMs: 0, closes: [] });
  return conditions;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
