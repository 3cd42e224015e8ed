/**
 * The part of Grafana's dashboard JSON that is drawn here. Everything in a file may be missing or of another kind; what is not known
 * is named where it would stand, and the rest goes on.
 */
export interface Dashboard {
  readonly uid?: string;
  readonly title?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly time?: { readonly from: string; readonly to: string };
  readonly refresh?: string | false;
  readonly templating?: { readonly list?: readonly Variable[] };
  readonly panels?: readonly Panel[];
  readonly links?: readonly DashboardLink[];
}

export interface DashboardLink {
  readonly title?: string;
  readonly type?: 'dashboards' | 'link';
  readonly tags?: readonly string[];
  readonly url?: string;
  readonly includeVars?: boolean;
  readonly keepTime?: boolean;
}

export interface Variable {
  readonly name: string;
  readonly label?: string;
  readonly type: string;
  readonly query?: string | { readonly query?: string };
  readonly definition?: string;
  readonly regex?: string;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string | null;
  /** 0 shown, 1 without its label, 2 hidden. */
  readonly hide?: number;
  readonly current?: { readonly value?: string | readonly string[] };
  readonly options?: readonly { readonly text: string | readonly string[]; readonly value: string }[];
}

export interface Panel {
  readonly id?: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos?: GridPos;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults?: FieldConfig;
    readonly overrides?: readonly Override[];
  };
  readonly options?: Readonly<Record<string, unknown>>;
  readonly transformations?: readonly Transformation[];
  readonly links?: readonly DataLink[];
  readonly repeat?: string;
  readonly repeatDirection?: 'h' | 'v';
  readonly maxPerRow?: number;
  readonly maxDataPoints?: number | null;
  readonly interval?: string | null;
  readonly timeFrom?: string | null;
  readonly collapsed?: boolean;
  /** Of a row that is folded away. */
  readonly panels?: readonly Panel[];
}

export interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Part {
  readonly type: string;
  readonly params?: readonly (string | number)[];
}

export interface TagCondition {
  readonly key: string;
  readonly operator?: string;
  readonly value: string;
  readonly condition?: string;
}

export interface Target {
  readonly refId?: string;
  readonly hide?: boolean;
  readonly rawQuery?: boolean;
  readonly query?: string;
  readonly measurement?: string;
  readonly select?: readonly (readonly Part[])[];
  readonly groupBy?: readonly Part[];
  readonly tags?: readonly TagCondition[];
  readonly alias?: string;
  /** Where days begin: an IANA zone. */
  readonly tz?: string;
  readonly limit?: string | number;
  readonly slimit?: string | number;
  readonly orderByTime?: string;
  readonly resultFormat?: string;
}

export interface ThresholdStep {
  readonly value: number | null;
  readonly color: string;
}

export interface Mapping {
  readonly type: 'value' | 'range' | 'special' | 'regex';
  readonly options: Readonly<Record<string, unknown>>;
}

export interface MappedText {
  readonly text?: string;
  readonly color?: string;
}

export interface DataLink {
  readonly title?: string;
  readonly url?: string;
}

export interface FieldConfig {
  readonly displayName?: string;
  readonly unit?: string;
  readonly decimals?: number | null;
  readonly min?: number | null;
  readonly max?: number | null;
  readonly noValue?: string;
  readonly color?: { readonly mode?: string; readonly fixedColor?: string };
  readonly mappings?: readonly Mapping[];
  readonly thresholds?: { readonly mode?: string; readonly steps?: readonly ThresholdStep[] };
  readonly links?: readonly DataLink[];
  readonly custom?: Readonly<Record<string, unknown>>;
}

export interface Override {
  readonly matcher: { readonly id: string; readonly options?: unknown };
  readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
}

export interface Transformation {
  readonly id: string;
  readonly disabled?: boolean;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Data as Grafana has it: frames of columns. A series is a frame of a time and a value. */
export type Cell = number | string | null;

export interface Field {
  readonly name: string;
  readonly kind: 'time' | 'value';
  readonly values: readonly Cell[];
  readonly labels: Readonly<Record<string, string>>;
  readonly config: FieldConfig;
  /** As people read it; set when the configuration was applied. */
  readonly title: string;
}

export interface Frame {
  readonly refId: string;
  readonly fields: readonly Field[];
}

/** A frame's first column of time, if it has one. */
export function timeOf(frame: Frame): Field | undefined {
  return frame.fields.find(({ kind }) => kind === 'time');
}

export function valuesOf(frame: Frame): readonly Field[] {
  return frame.fields.filter(({ kind }) => kind === 'value');
}
