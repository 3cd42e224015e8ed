/** Sparkplug B datatypes (specification 6.4.16), by the number that goes over the wire. */
export const DATA_TYPES = {
  Int8: 1,
  Int16: 2,
  Int32: 3,
  Int64: 4,
  UInt8: 5,
  UInt16: 6,
  UInt32: 7,
  UInt64: 8,
  Float: 9,
  Double: 10,
  Boolean: 11,
  String: 12,
  DateTime: 13,
  Text: 14,
  UUID: 15,
  DataSet: 16,
  Bytes: 17,
  File: 18,
  Template: 19,
} as const;

export type DataTypeName = keyof typeof DATA_TYPES;
export type DataType = (typeof DATA_TYPES)[DataTypeName];

/**
 * The value of a metric. 64-bit integers are numbers where a number holds them exactly, and bigint beyond.
 * `undefined` stands for something that Sluice does not store (data sets, templates, arrays, bytes, files).
 */
export type MetricValue = number | bigint | boolean | string | null | undefined;

export type PropertyValue = number | bigint | boolean | string | null;

export interface Metric {
  readonly name?: string;
  readonly alias?: number;
  /** UTC, ms. */
  readonly timeMs?: number;
  /** In births; a data message takes it from the birth. Any number may arrive from a foreign node. */
  readonly dataType?: number;
  readonly isHistorical?: boolean;
  readonly value: MetricValue;
  readonly properties?: Readonly<Record<string, PropertyValue>>;
}

export interface Payload {
  /** UTC, ms. */
  readonly timeMs?: number;
  /** 0 to 255; absent from NDEATH and commands. */
  readonly seq?: number;
  readonly metrics: readonly Metric[];
  /** Bytes of our own, which other hosts pass over: the ledger mark of a data message (`core/ledger.ts`). */
  readonly body?: Uint8Array;
}
