import type { CareRequest } from '../../core/care-request.ts';
import type { EventReason } from '../../core/gateway-event.ts';
import { StateDatabase } from '../state-database.ts';

/** A request to a gateway itself, and what became of it. Times are UTC. */
export interface CareRecord {
  readonly site: string;
  readonly gateway: string;
  readonly request: CareRequest;
  readonly submittedMs: number;
  readonly answer?: CareEnd;
}

export interface CareEnd {
  readonly isDone: boolean;
  readonly timeMs: number;
  readonly result?: unknown;
  readonly reason?: EventReason;
}

/** A configuration may be in each: with the usual ones of some kilobytes they take 100 MB at most. */
const MOST_REQUESTS = 20_000;

/** Rows are added and answered once: the record of who changed which gateway how. The oldest give way to new ones. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS request (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, site TEXT, gateway TEXT, action TEXT, issuer TEXT,
    submitted_ms INTEGER, request TEXT, answer TEXT
  );
  CREATE INDEX IF NOT EXISTS request_of ON request (site, gateway, seq);
`;

/** Care requests on disk: `care.db` in the folder of ingest. Every call may throw `LEDGER_UNAVAILABLE`. */
export class CareFile {
  readonly #state: StateDatabase;
  readonly #mostRequests: number;

  constructor(folder: string, mostRequests = MOST_REQUESTS) {
    this.#mostRequests = mostRequests;
    this.#state = new StateDatabase(folder, 'care.db', SCHEMA);
  }

  add({ site, gateway, request, submittedMs }: CareRecord): void {
    const { id, action, issuer } = request;
    const statement = `INSERT INTO request (id, site, gateway, action, issuer, submitted_ms, request)
                       VALUES (?, ?, ?, ?, ?, ?, ?)`;
    const text = JSON.stringify(request);
    this.#state.commit((db) => {
      const { lastInsertRowid } = db
        .prepare(statement)
        .run(id, site, gateway, action, issuer, submittedMs, text);
      db.prepare('DELETE FROM request WHERE seq <= ?').run(Number(lastInsertRowid) - this.#mostRequests);
    });
  }

  /** The first answer stands. */
  answer(id: string, end: CareEnd): void {
    const statement = 'UPDATE request SET answer = ? WHERE id = ? AND answer IS NULL';
    this.#state.run((db) => db.prepare(statement).run(JSON.stringify(end), id));
  }

  get(id: string): CareRecord | undefined {
    const row = this.#state.run((db) => db.prepare('SELECT * FROM request WHERE id = ?').get(id));
    return row && recordOf(row);
  }

  /** Of one gateway, newest first. */
  find(site: string, gateway: string, limit: number): CareRecord[] {
    const statement = 'SELECT * FROM request WHERE site = ? AND gateway = ? ORDER BY seq DESC LIMIT ?';
    return this.#state.run((db) => db.prepare(statement).all(site, gateway, limit)).map(recordOf);
  }

  /** Not answered yet, and not older than that. */
  open(submittedAfterMs: number): CareRecord[] {
    const statement = 'SELECT * FROM request WHERE answer IS NULL AND submitted_ms > ?';
    return this.#state.run((db) => db.prepare(statement).all(submittedAfterMs)).map(recordOf);
  }

  close(): void {
    this.#state.close();
  }
}

function recordOf(row: Record<string, unknown>): CareRecord {
  return {
    site: String(row.site),
    gateway: String(row.gateway),
    request: JSON.parse(String(row.request)) as CareRequest,
    submittedMs: Number(row.submitted_ms),
    ...(row.answer === null ? {} : { answer: JSON.parse(String(row.answer)) as CareEnd }),
  };
}
