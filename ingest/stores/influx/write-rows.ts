import { SluiceError } from '../../../core/errors.ts';
import type { Rows } from '../rows.ts';
import { type InfluxConnection, RefusedLines } from './influx-connection.ts';
import type { InfluxLine, InfluxLines } from './influx-lines.ts';

/** A row that the database does not take. */
export interface RefusedRow {
  readonly row: number;
  readonly error: SluiceError;
}

/** 5 000 to 10 000 lines are its makers' advice. */
const LINES_PER_BODY = 5_000;
/** InfluxDB takes bodies of at most 25 MB, and cuts the connection on longer ones; a character is up to three bytes. */
const CHARACTERS_PER_BODY = 4_000_000;

/**
 * Stores all rows but those that the database refuses, and returns these with its own words. Resolves when it has
 * answered for every row; throws `STORE_UNAVAILABLE` where that is not known.
 */
export async function writeRows(
  connection: InfluxConnection,
  lines: InfluxLines,
  rows: Rows,
): Promise<RefusedRow[]> {
  const all = lines.write(rows, rowNumbers(rows.length));
  const refused: RefusedRow[] = [];
  for (const some of bodies(all)) {
    if ((await refusal(connection, some)) === undefined) continue;
    // One field of one device spoils its whole line, so look further with a line for each value. Most often a
    // whole field is refused (its type differs), so go field by field.
    for (const group of byColumn(lines, rows, some)) {
      const single = group.flatMap((row) => lines.write(rows, [row]));
      refused.push(...(await findRefused(connection, single)));
    }
  }
  return refused;
}

/** A line that is longer than a body may be has one to itself. */
function* bodies(lines: readonly InfluxLine[]): Generator<InfluxLine[]> {
  let body: InfluxLine[] = [];
  let characters = 0;
  for (const line of lines) {
    const isFull = body.length === LINES_PER_BODY || characters + line.text.length > CHARACTERS_PER_BODY;
    if (isFull && body.length > 0) {
      yield body;
      body = [];
      characters = 0;
    }
    body.push(line);
    characters += line.text.length;
  }
  if (body.length > 0) yield body;
}

/** Halves the lines until those that are refused stand alone. Writing the others again changes nothing. */
async function findRefused(
  connection: InfluxConnection,
  lines: readonly InfluxLine[],
): Promise<RefusedRow[]> {
  const words = await refusal(connection, lines);
  if (words === undefined) return [];
  if (lines.length === 1 || droppedCount(words) === lines.length) {
    const error = new SluiceError('STORE_REFUSED', { store: 'influx', reason: words });
    return lines.flatMap((line) => line.rows.map((row) => ({ row, error })));
  }
  const middle = lines.length >> 1;
  return [
    ...(await findRefused(connection, lines.slice(0, middle))),
    ...(await findRefused(connection, lines.slice(middle))),
  ];
}

/** The database's words, or undefined where it took every line. */
async function refusal(
  connection: InfluxConnection,
  lines: readonly InfluxLine[],
): Promise<string | undefined> {
  try {
    await connection.write(lines.map(({ text }) => text).join('\n'));
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

function byColumn(lines: InfluxLines, rows: Rows, some: readonly InfluxLine[]): Iterable<number[]> {
  return Map.groupBy(
    some.flatMap((line) => line.rows),
    (row) => lines.columnOf(rows, row),
  ).values();
}

function* rowNumbers(count: number): Generator<number> {
  for (let row = 0; row < count; row++) yield row;
}
