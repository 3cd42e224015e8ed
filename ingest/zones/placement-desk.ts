import type { Clock } from '../../core/clock.ts';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import type { Audit } from '../access/audit.ts';
import { opened, StateDatabase } from '../state-database.ts';
import type { Store } from '../stores/store.ts';
import { type Receiver, Receivers } from './receivers.ts';
import { stepPosition } from './step-position.ts';
import type { Changer, ZoneBook } from './zone-book.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS placement (
    site TEXT, gateway TEXT, device TEXT, kind TEXT, zone TEXT, set_by TEXT, set_ms INTEGER,
    PRIMARY KEY (site, gateway, device, kind)
  );
`;

type StoredKind = 'hand' | 'position';

export interface DevicePlace {
  readonly site: string;
  readonly gateway: string;
  readonly device: string;
}

export interface Placement extends DevicePlace {
  readonly zone: string;
  /** `gateway`: its readings come with the tag. */
  readonly by: StoredKind | 'gateway';
  readonly at?: { readonly lat: number; readonly lon: number };
  /** Zones that its readings come with all the same; those keep them. */
  readonly tagged?: string[];
}

interface Parts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  readonly store: Pick<Store, 'last' | 'series'>;
  readonly zones: Pick<ZoneBook, 'find' | 'has' | 'get' | 'onChange'>;
  /** The zones that a device's readings come with, by its births; `undefined` of one that has none. */
  birthZones(place: DevicePlace): string[] | undefined;
  /** Readings that come from now on may belong to other zones. */
  changed(): void;
}

/**
 * Which zone a device stands in, in `placements.db`: what somebody has said comes before where it says it is, and that before the tag that
 * its gateway gives it. Readings that come with a zone keep it: a valve box serves several. Answers from memory. A placement in a zone that
 * is no longer known means nothing until there is one of that id again.
 */
export class PlacementDesk implements Service {
  readonly name = 'placements';
  readonly #parts: Parts;
  readonly #receivers = new Receivers();
  readonly #by: Readonly<Record<StoredKind, Map<string, string>>> = { hand: new Map(), position: new Map() };
  #state: StateDatabase | undefined;
  #trouble: SluiceError | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.zones.onChange(() => this.#zonesChanged());
  }

  async start(): Promise<void> {
    this.#state ??= new StateDatabase(this.#parts.folder, 'placements.db', SCHEMA);
    for (const row of this.#state.run((db) => db.prepare('SELECT * FROM placement').all())) {
      const place = { site: String(row.site), gateway: String(row.gateway), device: String(row.device) };
      this.#by[row.kind as StoredKind].set(keyOf(place), String(row.zone));
    }
    for (const { series, timeMs, value } of await this.#parts.store.last({ measurement: 'gnss' }))
      if (typeof value === 'number') this.#receivers.takeOne(series, timeMs, value);
    this.#follow(this.#receivers.all());
  }

  async stop(): Promise<void> {
    this.#state?.close();
    this.#state = undefined;
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /** For readings that come without one; empty for none. */
  zoneOf(site: string, gateway: string, device: string): string {
    const key = keyOf({ site, gateway, device });
    const zone = this.#by.hand.get(key) ?? this.#by.position.get(key);
    return zone !== undefined && this.#parts.zones.has(site, zone) ? zone : '';
  }

  /** A batch is in the store. Never throws. */
  stored(batch: ReadingBatch): void {
    this.#follow(this.#receivers.take(batch));
  }

  /** Throws `NOT_FOUND` for a device that has never spoken or a zone that is not known. */
  async place(where: DevicePlace, zone: string, { who }: Changer): Promise<Placement> {
    const { site, gateway, device } = where;
    const series = await this.#parts.store.series({
      where: { site: [site], gateway: [gateway], device: [device] },
    });
    if (device === '' || series.length === 0) {
      const shown = `${site}/${gateway}/${device}`;
      throw new SluiceError('NOT_FOUND', { what: { en: `device ${shown}`, zh: `设备 ${shown}` } });
    }
    this.#parts.zones.get(site, zone);
    const before = this.#by.hand.get(keyOf(where));
    const set = before === undefined ? {} : { before: { zone: before } };
    this.#parts.audit.record({
      who,
      action: 'placement.set',
      subject: `${gateway}/${device}`,
      site,
      ...set,
      after: { zone },
    });
    this.#keep('hand', where, zone, who);
    this.#parts.changed();
    return (await this.list()).find((one) => keyOf(one) === keyOf(where))!;
  }

  /** Throws `NOT_FOUND` for a device that nobody has placed. */
  unplace(where: DevicePlace, { who }: Changer): void {
    const zone = this.#by.hand.get(keyOf(where));
    const subject = `${where.gateway}/${where.device}`;
    if (zone === undefined) {
      throw new SluiceError('NOT_FOUND', {
        what: { en: `placement of ${subject} by hand`, zh: `设备 ${subject} 的手动归属` },
      });
    }
    this.#parts.audit.record({
      who,
      action: 'placement.removed',
      subject,
      site: where.site,
      before: { zone },
    });
    this.#keep('hand', where, undefined, who);
    this.#parts.changed();
  }

  /** Every device that is in a zone, in order of names; one whose readings come with several zones once for each. */
  async list(): Promise<Placement[]> {
    const tagged = new Map<string, DevicePlace & { readonly zones: Set<string> }>();
    for (const { site, gateway, device, zone } of await this.#parts.store.series({})) {
      if (device === '') continue;
      const key = keyOf({ site, gateway, device });
      const found = tagged.get(key) ?? { site, gateway, device, zones: new Set() };
      tagged.set(key, found);
      if (zone !== '') found.zones.add(zone);
    }
    const positions = new Map(this.#receivers.all().map((one) => [keyOf(one), one.at]));
    return [...tagged]
      .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
      .flatMap(([key, device]) => this.#placements(key, device, positions.get(key)));
  }

  #placements(
    key: string,
    { site, gateway, device, zones }: DevicePlace & { readonly zones: ReadonlySet<string> },
    at: Receiver['at'],
  ): Placement[] {
    const place = { site, gateway, device, ...(at && { at: { lat: at[1]!, lon: at[0]! } }) };
    const zone = this.zoneOf(site, gateway, device);
    // What is stored may also have its zone from an earlier placement.
    const own = this.#parts.birthZones(place) ?? [...zones].sort();
    if (zone === '') return own.map((one) => ({ ...place, zone: one, by: 'gateway' }));
    const others = own.filter((one) => one !== zone);
    const by = this.#by.hand.get(key) === zone ? 'hand' : 'position';
    return [{ ...place, zone, by, ...(others.length > 0 && { tagged: others }) }];
  }

  /** Of the gateway's own receiver nothing follows: what it carries belongs to the whole of a site. */
  #follow(receivers: Iterable<Receiver>): void {
    let hasChanged = false;
    for (const receiver of receivers) {
      if (receiver.device === '' || !receiver.at) continue;
      const before = this.#by.position.get(keyOf(receiver));
      const zone = stepPosition(before, receiver.at, this.#parts.zones.find(receiver.site));
      if (zone === before) continue;
      hasChanged = true;
      const { site, gateway, device } = receiver;
      this.#parts.log.info(
        { site, gateway, device, from: before, to: zone },
        'a device has changed its zone by its position',
      );
      try {
        this.#keep('position', receiver, zone, 'sluice');
        this.#trouble = undefined;
      } catch (thrown) {
        // In force all the same; a restart finds it again from the last position.
        this.#trouble = asSluiceError(thrown);
        this.#parts.log.error({ code: this.#trouble.code }, this.#trouble.message);
      }
    }
    if (hasChanged) this.#parts.changed();
  }

  #zonesChanged(): void {
    if (!this.#state) return;
    this.#follow(this.#receivers.all());
    this.#parts.changed();
  }

  #keep(kind: StoredKind, where: DevicePlace, zone: string | undefined, who: string): void {
    const { site, gateway, device } = where;
    const save = () =>
      this.#opened().run((db) =>
        zone === undefined
          ? db
              .prepare('DELETE FROM placement WHERE site = ? AND gateway = ? AND device = ? AND kind = ?')
              .run(site, gateway, device, kind)
          : db
              .prepare('INSERT OR REPLACE INTO placement VALUES (?, ?, ?, ?, ?, ?, ?)')
              .run(...([site, gateway, device, kind, zone, who, this.#parts.clock.nowMs()] as const)),
      );
    // By hand only what is on the disk is in force; where something is, it is in any case.
    if (kind === 'hand') save();
    if (zone === undefined) this.#by[kind].delete(keyOf(where));
    else this.#by[kind].set(keyOf(where), zone);
    if (kind === 'position') save();
  }

  #opened(): StateDatabase {
    return opened(this.#state, 'placements.db');
  }
}

function keyOf({ site, gateway, device }: DevicePlace): string {
  return `${site}/${gateway}/${device}`;
}
