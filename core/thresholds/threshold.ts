import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../ids.ts';

const closed = { additionalProperties: false } as const;
const id = Type.String({ pattern: ID_PATTERN });

/** `info` is shown, and delivered to nobody who did not ask for it. Highest first. */
export const THRESHOLD_SEVERITIES = ['critical', 'warning', 'info'] as const;

/** Beyond `raise` it is wrong, and stays so until the value is back past `clear`. Both in the canonical unit of the quantity. */
const Bound = Type.Object(
  {
    raise: Type.Number(),
    clear: Type.Number({
      description: 'Further inside than raise, so that a value beside the bound is one event',
    }),
  },
  closed,
);
export type Bound = Static<typeof Bound>;

/** What is judged. One threshold has one rule; a quantity may have several thresholds. */
const Rule = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('bounds', { description: 'Too low, too high, or both' }),
      low: Type.Optional(Bound),
      high: Type.Optional(Bound),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('rate', { description: 'Rises or falls too quickly' }),
      overS: Type.Number({ minimum: 60, maximum: 86_400, description: 'Between now and so long ago' }),
      rise: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'By so much, in the unit' })),
      fall: Type.Optional(Type.Number({ exclusiveMinimum: 0, description: 'By so much, in the unit' })),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('stuck', { description: 'Stays within a band while it should move' }),
      band: Type.Number({ minimum: 0, description: 'Highest minus lowest value, in the unit' }),
      overS: Type.Number({ minimum: 60, maximum: 2_592_000 }),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('no-data', { description: 'Says nothing, though it has before' }),
      afterS: Type.Number({ minimum: 10, maximum: 2_592_000 }),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('implausible', {
        description: 'Outside the possible range of the quantity, or bad by its own quality',
      }),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('neighbours', {
        description:
          'Differs from the median of the same quantity in the same zone, or site where it has none',
      }),
      by: Type.Number({ exclusiveMinimum: 0, description: 'In the unit' }),
    },
    closed,
  ),
]);
export type Rule = Static<typeof Rule>;
export const RULE_KINDS = ['bounds', 'rate', 'stuck', 'no-data', 'implausible', 'neighbours'] as const;
export type RuleKind = Rule['kind'];

/**
 * Where it holds: every key that is set must agree. Of several thresholds with the same quantity, rule kind and severity that hold
 * for a series, the most specific judges it: device before zone before gateway before crop and stage before site before none, a
 * point before the same without one, and of equals the one that was set last. So a warning for one zone and an alarm for the
 * whole site judge side by side.
 */
export const ThresholdScope = Type.Object(
  {
    site: Type.Optional(id),
    zone: Type.Optional(id),
    gateway: Type.Optional(id),
    device: Type.Optional(id),
    point: Type.Optional(id),
    crop: Type.Optional(id),
    stage: Type.Optional(id),
  },
  closed,
);
export type ThresholdScope = Static<typeof ThresholdScope>;

/** What somebody sets. Shown to people in their own words: `note` is theirs, `source` is where the figures come from. */
export const ThresholdWish = Type.Object(
  {
    measurement: Type.String({ minLength: 1, maxLength: 64 }),
    field: Type.String({ minLength: 1, maxLength: 64 }),
    scope: ThresholdScope,
    rule: Rule,
    forS: Type.Number({
      minimum: 0,
      maximum: 604_800,
      description: 'How long it must have been wrong until it is raised',
    }),
    severity: Type.Enum([...THRESHOLD_SEVERITIES]),
    enabled: Type.Boolean(),
    note: Type.Optional(Type.String({ maxLength: 500 })),
    source: Type.Optional(Type.String({ maxLength: 500 })),
    /** Name of the template that it was made from, if any. */
    template: Type.Optional(id),
  },
  closed,
);
export type ThresholdWish = Static<typeof ThresholdWish>;

export interface Threshold extends ThresholdWish {
  readonly id: string;
  /** Counts its changes from 1; a change names the version it was made from, so that two people do not overwrite each other. */
  readonly version: number;
  readonly setBy: string;
  readonly setMs: number;
  /** Why it was set so. */
  readonly why: string;
}

/**
 * Thresholds and expectations as series, so that a dashboard joins them with readings by their tags. They carry the tags of the series
 * that they judge; the field is `<measurement>_<field>_<what>`, such as `soil_moisture_low`, in the unit of the quantity:
 *
 *     threshold   …_low, …_low_clear, …_high, …_high_clear, …_no_data (s)
 *     expected    …_silent (s): how long a series that has ever spoken, or is expected to, has said nothing
 *
 * Written on every change and again every `RESTATED_MS`, so that the newest stands in any window. Nothing but dashboards
 * reads them: they are no readings of a device, and /last without a measurement leaves them out.
 */
export const THRESHOLD_MEASUREMENT = 'threshold';
export const EXPECTED_MEASUREMENT = 'expected';
export const RESTATED_MS = 60_000;
export const BOUND_SERIES = ['low', 'low_clear', 'high', 'high_clear', 'no_data'] as const;

/** Field of a bound or expectation of a quantity. */
export function boundField(
  quantity: { readonly measurement: string; readonly field: string },
  what: (typeof BOUND_SERIES)[number] | 'silent',
): string {
  return `${quantity.measurement}_${quantity.field}_${what}`;
}

/** A set of thresholds that somebody has published figures for. Whoever applies it gets them as they are, and may change each. */
export interface ThresholdTemplate {
  readonly id: string;
  readonly crop: string;
  /** Absent where the source makes no difference between stages. */
  readonly stage?: string;
  /** Of the soils of zones; absent where the figures do not depend on it. */
  readonly soil?: string;
  readonly title: { readonly en: string; readonly zh: string };
  /** Book and table, so that anybody can look it up. */
  readonly source: string;
  readonly thresholds: readonly ThresholdWish[];
}

/** One line of a threshold's history: `before` is absent of its first, `after` of its removal. */
export interface ThresholdChange {
  readonly version: number;
  readonly who: string;
  readonly timeMs: number;
  readonly why: string;
  readonly before?: ThresholdWish;
  readonly after?: ThresholdWish;
}
