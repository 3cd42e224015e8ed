import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { reasonOf, SluiceError, type Words } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { areaM2 } from '../../core/zones/area.ts';
import { type Position, polygonsOf } from '../../core/zones/position.ts';
import type { Zone, ZoneWish } from '../../core/zones/zone.ts';
import type { Audit } from '../access/audit.ts';
import { assertVersion } from '../assert-version.ts';
import { opened, StateDatabase } from '../state-database.ts';
import { checkGeometry } from './check-geometry.ts';
import { type RefusedFeature, readGeoJson } from './read-geojson.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS zone (site TEXT, id TEXT, body TEXT, PRIMARY KEY (site, id));
  CREATE TABLE IF NOT EXISTS version (site TEXT, id TEXT, last INTEGER, PRIMARY KEY (site, id));
`;

/** In all sites together; they are all kept in memory. */
const MOST_ZONES = 10_000;
/** The program itself, in the trail. */
const OURSELVES = 'sluice';

export interface ImportReport {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  /** Exactly as they are known already. */
  readonly unchanged: readonly string[];
  readonly mended: readonly {
    readonly index: number;
    readonly zone: string;
    readonly words: readonly Words[];
  }[];
  readonly refused: readonly RefusedFeature[];
}

/** Who changes something, and which sites they may. */
export interface Changer {
  readonly who: string;
  /** Throws for a site that is none of theirs. */
  mayChange?(site: string): void;
}

interface Parts {
  readonly folder: string;
  readonly configFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
}

/**
 * What is known of zones beside the tag that readings carry, in `zones.db`. Answers from memory; each change is in the trail, then on the
 * disk, then in force. A zone that is deleted and made again goes on counting its versions, so that a change made from the old one is refused.
 * Changes may throw `LEDGER_UNAVAILABLE`.
 */
export class ZoneBook implements Service {
  readonly name = 'zones';
  readonly #file: string | undefined;
  readonly #parts: Parts;
  readonly #zones = new Map<string, Zone>();
  readonly #listeners: (() => void)[] = [];
  #state: StateDatabase | undefined;
  #trouble: SluiceError | undefined;

  /** `file` is imported where no zone is known yet. */
  constructor(file: string | undefined, parts: Parts) {
    this.#file = file === undefined ? undefined : resolve(parts.configFolder, file);
    this.#parts = parts;
  }

  /** A file that cannot be imported is trouble and no failure: what measures goes on without names. */
  async start(): Promise<void> {
    this.#state ??= new StateDatabase(this.#parts.folder, 'zones.db', SCHEMA);
    const rows = this.#state.run((db) => db.prepare('SELECT body FROM zone').all());
    for (const { body } of rows) this.#remember(JSON.parse(String(body)) as Zone);
    const isNew = this.#state.run((db) => db.prepare('SELECT 1 FROM version LIMIT 1').get()) === undefined;
    if (isNew && this.#file !== undefined) this.#importFirst(this.#file);
    this.#tell();
  }

  async stop(): Promise<void> {
    this.#state?.close();
    this.#state = undefined;
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /** Called after any change. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** In order of their sites and names. */
  find(site?: string): Zone[] {
    const all = [...this.#zones.values()].filter((zone) => site === undefined || zone.site === site);
    return all.sort(
      (a, b) => a.site.localeCompare(b.site) || a.id.localeCompare(b.id, 'en', { numeric: true }),
    );
  }

  has(site: string, id: string): boolean {
    return this.#zones.has(keyOf({ site, id }));
  }

  /** Throws `NOT_FOUND`. */
  get(site: string, id: string): Zone {
    const zone = this.#zones.get(keyOf({ site, id }));
    if (zone) return zone;
    throw new SluiceError('NOT_FOUND', { what: { en: `zone ${site}/${id}`, zh: `地块 ${site}/${id}` } });
  }

  /** What grows in a zone, as far as somebody has said so. */
  cropOf(site: string, id: string): { readonly crop?: string; readonly stage?: string } {
    const { crop, stage } = this.#zones.get(keyOf({ site, id })) ?? {};
    return { ...(crop !== undefined && { crop }), ...(stage !== undefined && { stage }) };
  }

  /** Throws `ZONE_EXISTS`, `ZONE_GEOMETRY_INVALID` or `ZONES_TOO_MANY`. */
  add(wish: ZoneWish, { who }: Changer): Zone {
    const { site, id } = wish;
    if (this.has(site, id)) throw new SluiceError('ZONE_EXISTS', { site, zone: id });
    return this.#put('zone.added', checked(wish), undefined, who);
  }

  /** Throws `NOT_FOUND`, `VERSION_STALE` or `ZONE_GEOMETRY_INVALID`. */
  change(wish: ZoneWish, version: number, { who }: Changer): Zone {
    const before = this.#current(wish.site, wish.id, version);
    return this.#put('zone.changed', checked(wish), before, who);
  }

  /** Throws `NOT_FOUND` or `VERSION_STALE`. What readings carry as their tag stays. */
  remove(site: string, id: string, version: number, { who }: Changer): Zone {
    const before = this.#current(site, id, version);
    this.#parts.audit.record({ who, action: 'zone.removed', subject: id, site, before });
    this.#opened().run((db) => db.prepare('DELETE FROM zone WHERE site = ? AND id = ?').run(site, id));
    this.#zones.delete(keyOf(before));
    this.#tell();
    return before;
  }

  /** Adds and changes zones; none is deleted for not being in the file. Throws `GEOJSON_INVALID`. */
  importGeoJson(document: unknown, site: string | undefined, { who, mayChange }: Changer): ImportReport {
    const { zones, refused } = readGeoJson(document, {
      site,
      idOf: (where, name) => this.find(where).find((zone) => zone.name === name)?.id,
      isTaken: (where, id) => this.has(where, id),
      near: (where) => this.#positionIn(where),
    });
    const done: Record<'added' | 'changed' | 'unchanged', string[]> = {
      added: [],
      changed: [],
      unchanged: [],
    };
    const failed: RefusedFeature[] = [];
    const mended: ImportReport['mended'][number][] = [];
    for (const { index, wish, mended: words } of zones) {
      try {
        mayChange?.(wish.site);
        const outcome = this.#take(wish, who);
        done[outcome].push(keyOf(wish));
        if (words.length > 0) mended.push({ index, zone: keyOf(wish), words });
      } catch (error) {
        // What the disk or the trail refuses is no fault of one feature.
        if (!(error instanceof SluiceError) || error.http >= 500) throw error;
        failed.push({ index, error });
      }
    }
    return { ...done, mended, refused: [...refused, ...failed].sort((a, b) => a.index - b.index) };
  }

  #take(wish: ZoneWish, who: string): 'added' | 'changed' | 'unchanged' {
    const before = this.#zones.get(keyOf(wish));
    // What the file says nothing of stays as somebody has set it here.
    const { areaM2: _area, version: _version, setBy: _by, setMs: _ms, ...known } = before ?? ({} as Zone);
    const whole: ZoneWish = { ...known, ...wish };
    if (before && sameWish(whole, known)) return 'unchanged';
    this.#put(before ? 'zone.changed' : 'zone.added', whole, before, who);
    return before ? 'changed' : 'added';
  }

  #importFirst(file: string): void {
    const { log } = this.#parts;
    try {
      const report = this.importGeoJson(JSON.parse(readFileSync(file, 'utf8')), undefined, {
        who: OURSELVES,
      });
      const { added, refused } = report;
      log.info({ file, added: added.length, refused: refused.length }, 'zones were imported');
      const first = refused[0];
      if (first) this.#note(file, `features[${first.index}]: ${first.error.message}`, first.error);
    } catch (error) {
      this.#note(file, reasonOf(error), error);
    }
  }

  #note(file: string, reason: string, cause: unknown): void {
    this.#trouble = new SluiceError('ZONES_FILE_UNUSABLE', { file, reason }, cause);
    this.#parts.log.error({ code: this.#trouble.code }, this.#trouble.message);
  }

  #current(site: string, id: string, version: number): Zone {
    const zone = this.get(site, id);
    assertVersion(zone, version, { en: `zone ${site}/${id}`, zh: `地块 ${site}/${id}` });
    return zone;
  }

  #put(action: string, wish: ZoneWish, before: Zone | undefined, who: string): Zone {
    const { site, id, geometry } = wish;
    if (!before && this.#zones.size >= MOST_ZONES)
      throw new SluiceError('ZONES_TOO_MANY', { limit: MOST_ZONES });
    const state = this.#opened();
    const last = state.run((db) =>
      db.prepare('SELECT last FROM version WHERE site = ? AND id = ?').get(site, id),
    );
    const zone: Zone = {
      ...wish,
      ...(geometry && { areaM2: areaM2(geometry) }),
      ...{ version: Number(last?.last ?? 0) + 1, setBy: who, setMs: this.#parts.clock.nowMs() },
    };
    this.#parts.audit.record({ who, action, subject: id, site, ...(before && { before }), after: zone });
    state.commit((db) => {
      db.prepare('INSERT OR REPLACE INTO version VALUES (?, ?, ?)').run(site, id, zone.version);
      db.prepare('INSERT OR REPLACE INTO zone VALUES (?, ?, ?)').run(site, id, JSON.stringify(zone));
    });
    this.#remember(zone);
    this.#tell();
    return zone;
  }

  #remember(zone: Zone): void {
    this.#zones.set(keyOf(zone), zone);
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #positionIn(site: string): Position | undefined {
    const known = this.find(site).find(({ geometry }) => geometry)?.geometry;
    return known && polygonsOf(known)[0]![0]![0];
  }

  #opened(): StateDatabase {
    return opened(this.#state, 'zones.db');
  }
}

/** As in messages: `demo-farm/north`. */
function keyOf({ site, id }: { readonly site: string; readonly id: string }): string {
  return `${site}/${id}`;
}

function checked(wish: ZoneWish): ZoneWish {
  return wish.geometry ? { ...wish, geometry: checkGeometry(wish.geometry).geometry } : wish;
}

function sameWish(one: ZoneWish, other: Partial<ZoneWish>): boolean {
  const sorted = (wish: Partial<ZoneWish>) =>
    JSON.stringify(Object.entries(wish).sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted(one) === sorted(other);
}
