import { SluiceError } from '../../../core/errors.ts';
import type { Rows } from '../rows.ts';
import { type InfluxConnection, RefusedLines } from './influx-connection.ts';
import type { InfluxBody, InfluxLines } from './influx-lines.ts';

/** A row that the database does not take. */
export interface RefusedRow {
  readonly row: number;
  readonly error: SluiceError;
}

/** A row with its line. */
interface SingleLine {
  readonly row: number;
  readonly text: string;
}

/**
 * Stores all rows but those that the database refuses, and returns these with its own words. Resolves when it has
 * answered for every row; throws `STORE_UNAVAILABLE` where that is not known.
 */
export async function writeRows(
  connection: InfluxConnection,
  lines: InfluxLines,
  rows: Rows,
): Promise<RefusedRow[]> {
  const refused: RefusedRow[] = [];
  for (const body of lines.bodies(rows)) {
    if ((await refusal(connection, body.text)) === undefined) continue;
    // One field of one device spoils its whole line, so look further with a line for each value. Most often a
    // whole field is refused (its type differs), so go field by field.
    for (const group of byColumn(lines, rows, body)) {
      const single = group.map((row) => ({ row, text: lines.line(rows, row) }));
      refused.push(...(await findRefused(connection, single)));
    }
  }
  return refused;
}

/** Halves the lines until those that are refused stand alone. Writing the others again changes nothing. */
async function findRefused(
  connection: InfluxConnection,
  lines: readonly SingleLine[],
): Promise<RefusedRow[]> {
  const words = await refusal(connection, lines.map(({ text }) => text).join('\n'));
  if (words === undefined) return [];
  if (lines.length === 1 || droppedCount(words) === lines.length) {
    const error = new SluiceError('STORE_REFUSED', { store: 'influx', reason: words });
    return lines.map(({ row }) => ({ row, error }));
  }
  const middle = lines.length >> 1;
  return [
    ...(await findRefused(connection, lines.slice(0, middle))),
    ...(await findRefused(connection, lines.slice(middle))),
  ];
}

/** The database's words, or undefined where it took every line. */
async function refusal(connection: InfluxConnection, body: string): Promise<string | undefined> {
  try {
    await connection.write(body);
    return undefined;
  } catch (error) {
    if (error instanceof RefusedLines) return error.message;
    throw error;
  }
}

/** InfluxDB 1.x and 2.x end "partial write: …" with how many points they left out. */
function droppedCount(words: string): number | undefined {
  const found = /dropped=(\d+)\s*$/.exec(words);
  return found ? Number(found[1]) : undefined;
}

function byColumn(lines: InfluxLines, rows: Rows, { from, to }: InfluxBody): Iterable<number[]> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  return Map.groupBy(numbers, (row) => lines.columnOf(rows, row)).values();
}
