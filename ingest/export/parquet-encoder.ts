import type { SchemaElement } from 'hyparquet';
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import { clockOf, qualityOf, TAGS } from '../../core/reading.ts';
import type { Encoder, EncoderOptions, ExportRows } from './encoder.ts';

/** Rows of a row group: bounds memory, and each group costs the footer a kilobyte or two. */
const GROUP_ROWS = 65_536;
/** Characters of texts in a group; past them it is written however few its rows are. */
const GROUP_TEXT_LENGTH = 8_000_000;

/** `name` is filled from a reading by its column in `GROUP_COLUMNS`. */
interface Column {
  readonly name: string;
  readonly type: 'TIMESTAMP' | 'DOUBLE' | 'STRING';
  readonly isOptional: boolean;
}

/**
 * Parquet with snappy: `time` (UTC, ms), `measurement`, `field`, `value` (double) or `text`, `unit`, `quality`, `clock` and
 * the tags as dictionaries. Row groups are written as they fill; only the footer, which lists them, waits for the end.
 */
export class ParquetEncoder implements Encoder {
  readonly #columns: readonly Column[];
  readonly #bytes = new ByteWriter(4_000_000);
  readonly #file: ParquetWriter;
  #data: unknown[][];
  #textLength = 0;

  constructor({ isFolded }: Pick<EncoderOptions, 'isFolded'>) {
    this.#columns = columnsOf(isFolded);
    this.#file = new ParquetWriter({
      writer: this.#bytes,
      schema: [{ name: 'readings', num_children: this.#columns.length }, ...this.#columns.map(element)],
      createdBy: 'sluice',
      kvMetadata: [
        {
          key: 'sluice',
          value: JSON.stringify({
            time: 'UTC; the start of the window where readings were folded',
            value: 'in the unit of the column unit; null where the reading is a text',
          }),
        },
      ],
    });
    this.#data = this.#columns.map(() => []);
  }

  head(): Uint8Array<ArrayBuffer> {
    return this.#taken();
  }

  rows(rows: ExportRows): Uint8Array<ArrayBuffer> {
    const { measurement, field, unit, tags, timeMs, value, texts, status } = rows;
    const fixed = [unit, ...tags];
    for (let row = 0; row < timeMs.length; row++) {
      const text = texts?.get(row);
      const judged = status.length === 0 ? [] : [qualityOf(status[row]!), clockOf(status[row]!)];
      const told = text === undefined ? [value[row]!, null] : [null, text];
      const cells = [BigInt(timeMs[row]!), measurement, field, ...told, ...judged, ...fixed];
      for (let column = 0; column < cells.length; column++) this.#data[column]!.push(cells[column]);
      this.#textLength += text?.length ?? 0;
    }
    if (this.#data[0]!.length >= GROUP_ROWS || this.#textLength >= GROUP_TEXT_LENGTH) this.#writeGroup();
    return this.#taken();
  }

  end(): Uint8Array<ArrayBuffer> {
    if (this.#data[0]!.length > 0) this.#writeGroup();
    void this.#file.finish();
    return this.#taken();
  }

  #writeGroup(): void {
    const columnData = this.#columns.map(({ name }, index) => {
      const data = this.#data[index] as ColumnSource['data'];
      // Offset indexes would be kept until the end.
      return name === 'time'
        ? { name, data, offsetIndex: false, encoding: 'DELTA_BINARY_PACKED' as const }
        : { name, data, offsetIndex: false };
    });
    void this.#file.write({ columnData, rowGroupSize: columnData[0]!.data.length });
    // What the indexes are written from: nothing, and it would grow with the file.
    this.#file.pendingIndexes = [];
    this.#data = this.#columns.map(() => []);
    this.#textLength = 0;
  }

  /** What was written since the last time; offsets in the file go on counting. */
  #taken(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#bytes.getBytes());
    this.#bytes.index = 0;
    return bytes;
  }
}

function columnsOf(isFolded: boolean): Column[] {
  const text = (name: string, isOptional = false): Column => ({ name, type: 'STRING', isOptional });
  return [
    { name: 'time', type: 'TIMESTAMP', isOptional: false },
    text('measurement'),
    text('field'),
    { name: 'value', type: 'DOUBLE', isOptional: true },
    text('text', true),
    ...(isFolded ? [] : [text('quality'), text('clock')]),
    text('unit'),
    ...TAGS.map((tag) => text(tag)),
  ];
}

function element({ name, type, isOptional }: Column): SchemaElement {
  const repetition_type = isOptional ? 'OPTIONAL' : 'REQUIRED';
  if (type === 'DOUBLE') return { name, type, repetition_type };
  if (type === 'STRING') {
    const logical_type = { type: 'STRING' } as const;
    return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type, repetition_type };
  }
  const logical_type = { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' } as const;
  return { name, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', logical_type, repetition_type };
}
