import type { DatabaseSync } from 'node:sqlite';
import type { ErrorCode, ErrorDetails, SluiceError } from '../../core/errors.ts';
import { Conditions, StateDatabase } from '../state-database.ts';
import type { KeptLetter, Letter, LetterContent, LetterKind, LetterState, Sender } from './letter.ts';

/**
 * `bytes` is what a letter takes of the room that there is. A tally says how many letters of a gateway and reason are there
 * in each state, how many more there were that were only counted, and how many had to make room (`gone`).
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT, site TEXT, gateway TEXT, identity TEXT, kind TEXT, code TEXT, details TEXT,
    received_ms INTEGER, state TEXT, tried_ms INTEGER, content TEXT, payload BLOB, bytes INTEGER,
    UNIQUE (site, gateway, identity)
  );
  CREATE TABLE IF NOT EXISTS tally (
    site TEXT, gateway TEXT, code TEXT, waiting INTEGER DEFAULT 0, replayed INTEGER DEFAULT 0, more INTEGER DEFAULT 0,
    gone INTEGER DEFAULT 0, PRIMARY KEY (site, gateway, code)
  ) WITHOUT ROWID;
`;
export const LETTERS_FILE = 'letters.db';
/** What SQLite needs for a row beside its texts, about. */
const ROW_BYTES = 150;
/** Letters that go at once when room is made, so that it is not made for each that comes. */
const CLEAR_STEP = 200;
const MOST_TALLIES = 50_000;

export interface LetterFilter {
  readonly sites?: readonly string[];
  readonly gateways?: readonly string[];
  readonly codes?: readonly string[];
  readonly kind?: LetterKind;
  readonly state?: LetterState;
  /** By when they came. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Letters of one gateway and one reason. */
export interface LetterCount extends Sender {
  readonly code: ErrorCode;
  readonly waiting: number;
  readonly replayed: number;
  /** Of which only the number is known, because there were too many in a minute. */
  readonly more: number;
  /** Of those that were kept, taken away by age or for want of room. */
  readonly gone: number;
}

type CountColumn = 'waiting' | 'replayed' | 'more' | 'gone';

export interface Addition {
  readonly letters: readonly Letter[];
  readonly more: readonly (Sender & { readonly code: ErrorCode; readonly readings: number })[];
}

/** The letters on disk: `letters.db` in the folder of ingest. Every call may throw `LEDGER_UNAVAILABLE`. */
export class LetterFile {
  readonly #state: StateDatabase;
  /** Of all that is kept. */
  #bytes: number;

  constructor(folder: string) {
    this.#state = new StateDatabase(folder, LETTERS_FILE, SCHEMA);
    try {
      this.#bytes = this.#sumOfBytes();
    } catch (error) {
      this.#state.close();
      throw error;
    }
  }

  /** All or nothing; a letter that is there already is passed over. */
  add({ letters, more }: Addition, maxBytes: number): void {
    let bytes = this.#bytes;
    this.#state.commit((db) => {
      const put = db.prepare(
        `INSERT OR IGNORE INTO letter (site, gateway, identity, kind, code, details, received_ms, state, content, payload, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting', ?, ?, ?)`,
      );
      for (const { site, gateway, kind, code, details, receivedMs, content } of letters) {
        const { text, payload, identity } = packed(content);
        const said = JSON.stringify(details);
        const size = ROW_BYTES + text.length + said.length + (payload?.length ?? 0);
        const values = [
          site,
          gateway,
          identity,
          kind,
          code,
          said,
          Math.round(receivedMs),
          text,
          payload,
          size,
        ];
        if (put.run(...values).changes === 0) continue;
        bytes += size;
        count(db, { site, gateway }, code, 'waiting', 1);
      }
      for (const { site, gateway, code, readings } of more)
        count(db, { site, gateway }, code, 'more', readings);
      while (bytes > maxBytes) {
        const freed = remove(
          db,
          `id <= (SELECT max(id) FROM (SELECT id FROM letter ORDER BY id LIMIT ${CLEAR_STEP}))`,
        );
        if (freed === 0) break;
        bytes -= freed;
      }
    });
    this.#bytes = bytes;
  }

  /** Also the tallies of names that were made up, once there are too many. */
  clearBefore(timeMs: number): void {
    this.#bytes -= this.#state.commit((db) => {
      db.exec(`DELETE FROM tally WHERE waiting = 0 AND (SELECT count(*) FROM tally) > ${MOST_TALLIES}`);
      return remove(db, 'received_ms < ?', timeMs);
    });
  }

  /** Newest first, or oldest first where `after` is a place to go on from upwards. */
  find(filter: LetterFilter, { before, after, limit }: { before?: number; after?: number; limit: number }) {
    const conditions = conditionsOf(filter);
    if (before !== undefined) conditions.add('id < ?', before);
    if (after !== undefined) conditions.add('id > ?', after);
    const order = after === undefined ? 'DESC' : 'ASC';
    const statement = `SELECT * FROM letter ${conditions.where} ORDER BY id ${order} LIMIT ?`;
    return this.#state.run((db) => db.prepare(statement).all(...conditions.values, limit)).map(letterOf);
  }

  get(id: number): KeptLetter | undefined {
    const row = this.#state.run((db) => db.prepare('SELECT * FROM letter WHERE id = ?').get(id));
    return row && letterOf(row);
  }

  counts(): LetterCount[] {
    const rows = this.#state.run((db) => db.prepare('SELECT * FROM tally').all());
    return rows.map(({ site, gateway, code, waiting, replayed, more, gone }) => ({
      ...{ site: String(site), gateway: String(gateway), code: code as ErrorCode },
      ...{ waiting: Number(waiting), replayed: Number(replayed), more: Number(more), gone: Number(gone) },
    }));
  }

  /** What became of letters that were tried again; one that is gone or was replayed meanwhile is passed over. */
  tried(
    results: readonly { readonly letter: KeptLetter; readonly error?: SluiceError }[],
    nowMs: number,
  ): void {
    this.#state.commit((db) => {
      const put = db.prepare(
        `UPDATE letter SET state = ?, code = ?, details = ?, tried_ms = ? WHERE id = ? AND state = 'waiting' AND code = ?`,
      );
      for (const { letter, error } of results) {
        const code = error?.code ?? letter.code;
        const details = JSON.stringify(error?.details ?? letter.details);
        const state = error ? 'waiting' : 'replayed';
        if (put.run(state, code, details, Math.round(nowMs), letter.id, letter.code).changes === 0) continue;
        count(db, letter, letter.code, 'waiting', -1);
        count(db, letter, code, state, 1);
      }
    });
  }

  close(): void {
    this.#state.close();
  }

  #sumOfBytes(): number {
    const row = this.#state.run((db) => db.prepare('SELECT sum(bytes) AS bytes FROM letter').get());
    return Number(row?.bytes ?? 0);
  }
}

function conditionsOf({ sites, gateways, codes, kind, state, fromMs, toMs }: LetterFilter): Conditions {
  const conditions = new Conditions();
  conditions.anyOf('site', sites);
  conditions.anyOf('gateway', gateways);
  conditions.anyOf('code', codes);
  if (kind !== undefined) conditions.add('kind = ?', kind);
  if (state !== undefined) conditions.add('state = ?', state);
  if (fromMs !== undefined) conditions.add('received_ms >= ?', fromMs);
  if (toMs !== undefined) conditions.add('received_ms < ?', toMs);
  return conditions;
}

function count(db: DatabaseSync, { site, gateway }: Sender, code: string, column: CountColumn, by: number) {
  db.prepare(
    `INSERT INTO tally (site, gateway, code, ${column}) VALUES (?, ?, ?, ?)
     ON CONFLICT (site, gateway, code) DO UPDATE SET ${column} = ${column} + excluded.${column}`,
  ).run(site, gateway, code, by);
}

/** The answer is how many bytes that makes free. */
function remove(db: DatabaseSync, where: string, ...values: readonly number[]): number {
  const groups = db
    .prepare(
      `SELECT site, gateway, code, state, count(*) AS letters, sum(bytes) AS bytes FROM letter WHERE ${where}
       GROUP BY site, gateway, code, state`,
    )
    .all(...values);
  let freed = 0;
  for (const { site, gateway, code, state, letters, bytes } of groups) {
    const sender = { site: String(site), gateway: String(gateway) };
    freed += Number(bytes);
    // What was replayed is not lost when it goes, and stays counted as that.
    if (state !== 'waiting') continue;
    count(db, sender, String(code), 'waiting', -Number(letters));
    count(db, sender, String(code), 'gone', Number(letters));
  }
  if (groups.length > 0) db.prepare(`DELETE FROM letter WHERE ${where}`).run(...values);
  return freed;
}

function packed({ reading, message }: LetterContent): {
  text: string;
  payload: Uint8Array | null;
  identity: string | null;
} {
  if (message)
    return { text: JSON.stringify({ source: message.source }), payload: message.bytes, identity: null };
  const { identity, ...rest } = reading;
  return { text: JSON.stringify(rest), payload: null, identity: identity ?? null };
}

function letterOf(row: Readonly<Record<string, unknown>>): KeptLetter {
  const kind = row.kind as LetterKind;
  const said = JSON.parse(String(row.content)) as object;
  const content =
    kind === 'message'
      ? { message: { ...said, bytes: (row.payload as Uint8Array | null) ?? new Uint8Array() } }
      : { reading: { ...said, identity: row.identity === null ? undefined : String(row.identity) } };
  return {
    id: Number(row.id),
    ...{ site: String(row.site), gateway: String(row.gateway), kind, code: row.code as ErrorCode },
    details: JSON.parse(String(row.details)) as ErrorDetails,
    receivedMs: Number(row.received_ms),
    state: row.state as LetterState,
    triedMs: row.tried_ms === null ? undefined : Number(row.tried_ms),
    content: content as LetterContent,
  };
}
