import {
  type DataTransformerConfig,
  FieldColorModeId,
  type FieldConfig,
  LineInterpolation,
  MappingType,
  type Panel,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/schema';

import type { Quantity } from '../../../core/quantities.ts';
import { DATA_SOURCE } from './data-source.ts';
import type { InfluxTarget } from './target.ts';
import { unitId } from './unit-of.ts';

export type Language = 'en' | 'zh';
export type Say = (en: string, zh: string) => string;

/** What every panel says of itself. `id` is for life: links and alert rules name it. */
export interface About {
  readonly id: number;
  /** The question that it answers. */
  readonly title: string;
  readonly description: string;
  /** Of 24 columns, and in rows of 30 px. */
  readonly w: number;
  readonly h: number;
  /** Another time than the dashboard's: `now/d` is today, in the zone of whoever looks. */
  readonly timeFrom?: string;
}

type Override = { matcher: { id: string; options: string }; properties: { id: string; value: unknown }[] };
/** Behind white words, in the light theme and in the dark one: nothing to look at. */
export const NEUTRAL = '#5f6670';

export type Steps = readonly (readonly [from: number | null, color: string])[];

export interface DrawnParts extends About {
  readonly targets: readonly InfluxTarget[];
  readonly defaults: FieldConfig;
  readonly overrides?: readonly Override[];
  readonly transformations?: readonly DataTransformerConfig[];
}

export function drawn(type: string, options: object, parts: DrawnParts): Panel {
  const {
    id,
    title,
    description,
    w,
    h,
    timeFrom,
    targets,
    defaults,
    overrides = [],
    transformations,
  } = parts;
  return {
    id,
    type,
    title,
    description,
    gridPos: { x: 0, y: 0, w, h },
    ...(timeFrom !== undefined && { timeFrom, hideTimeOverride: false }),
    datasource: { ...DATA_SOURCE },
    targets: targets.map((target) => ({ ...target })),
    fieldConfig: { defaults, overrides: [...overrides] },
    options: { ...options },
    ...(transformations && { transformations: [...transformations] }),
  };
}

/** Unit, digits, range of states and their words, as the catalogue has them. */
export function fieldOf(quantity: Quantity, language: Language): FieldConfig {
  return {
    unit: unitId(quantity.unit),
    decimals: quantity.unit === '1' ? 2 : quantity.decimals,
    ...(quantity.states && { mappings: [wordsOf(quantity.states, language)] }),
  };
}

function wordsOf(states: NonNullable<Quantity['states']>, language: Language): ValueMapping {
  const options = Object.entries(states).map(([value, words]) => [value, { text: words[language] }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

/** Words and colours for values. */
export function valueWords(
  options: Readonly<Record<string, { text: string; color?: string }>>,
): ValueMapping {
  return { type: MappingType.ValueToText, options: { ...options } };
}

export function steps(all: Steps): Pick<FieldConfig, 'thresholds' | 'color'> {
  return {
    color: { mode: FieldColorModeId.Thresholds },
    thresholds: { mode: ThresholdsMode.Absolute, steps: all.map(([value, color]) => ({ value, color })) },
  };
}

export function ofQuery(refId: string, properties: Readonly<Record<string, unknown>>): Override {
  return override('byFrameRefID', refId, properties);
}

export function ofColumn(name: string, properties: Readonly<Record<string, unknown>>): Override {
  return override('byName', name, properties);
}

function override(id: string, options: string, properties: Readonly<Record<string, unknown>>): Override {
  return {
    matcher: { id, options },
    properties: Object.entries(properties).map(([one, value]) => ({ id: one, value })),
  };
}

/** A bound from the series `threshold`: its own dashed line, and below a lower one the area that is too low. */
export function bound(refId: string, side: 'low' | 'high'): Override {
  return ofQuery(refId, {
    color: { mode: FieldColorModeId.Fixed, fixedColor: side === 'low' ? 'orange' : 'red' },
    'custom.lineStyle': { fill: 'dash', dash: [8, 6] },
    'custom.lineInterpolation': LineInterpolation.StepAfter,
    'custom.fillOpacity': side === 'low' ? 12 : 0,
  });
}
