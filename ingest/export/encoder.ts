import { CsvEncoder } from './csv-encoder.ts';
import { GeoJsonEncoder } from './geojson-encoder.ts';
import { ParquetEncoder } from './parquet-encoder.ts';

export const FORMATS = ['csv', 'parquet', 'geojson'] as const;
export type Format = (typeof FORMATS)[number];

/** What the whole of an export is made with. */
export interface EncoderOptions {
  readonly format: Format;
  /** Windows have no quality and clock. */
  readonly isFolded: boolean;
  /** Whether a CSV begins with a byte order mark, for spreadsheets that take it for another encoding without. */
  readonly hasBom: boolean;
}

/** Readings of one series in order of time, as columns. */
export interface ExportRows {
  readonly measurement: string;
  readonly field: string;
  readonly unit: string;
  /** Values of `TAGS` in their order. */
  readonly tags: readonly string[];
  readonly timeMs: Float64Array;
  /** NaN where there is a text. */
  readonly value: Float64Array;
  readonly texts: ReadonlyMap<number, string> | undefined;
  /** Empty where readings were folded. */
  readonly status: Uint8Array;
  /** Degrees of WGS 84, NaN where none is known; only where the format asks for them. */
  readonly place?: { readonly longitude: Float64Array; readonly latitude: Float64Array };
}

/** Turns readings into the bytes of a file, part by part; what it returns belongs to the caller. */
export interface Encoder {
  head(): Uint8Array<ArrayBuffer>;
  /** May hold rows back until there are more. */
  rows(rows: ExportRows): Uint8Array<ArrayBuffer>;
  end(): Uint8Array<ArrayBuffer>;
}

const ENCODERS: Readonly<Record<Format, (options: EncoderOptions) => Encoder>> = {
  csv: (options) => new CsvEncoder(options),
  parquet: (options) => new ParquetEncoder(options),
  geojson: () => new GeoJsonEncoder(),
};

export function createEncoder(options: EncoderOptions): Encoder {
  return ENCODERS[options.format](options);
}
