import { seesSeries } from '../../../core/access.ts';
import type { Completeness, Delivery } from '../../../core/completeness.ts';
import { SluiceError } from '../../../core/errors.ts';
import { packStatus, type Reading, type SeriesKey, setTags, TAGS, type Tags } from '../../../core/reading.ts';
import { type Series, SeriesTable } from '../../../core/reading-batch.ts';
import type { Zone } from '../../../core/zones/zone.ts';
import type { AuditEntry } from '../../access/audit.ts';
import type { AuditCheck, AuditFilter, AuditTrail, KeptAuditEntry } from '../../access/audit-trail.ts';
import type { AlertEvent } from '../../alerts/alert-event.ts';
import type { FoundAlert } from '../../alerts/alert-file.ts';
import type { Condition } from '../../alerts/condition.ts';
import type { CareWish } from '../../care/care-desk.ts';
import type { CareRecord } from '../../care/care-file.ts';
import type { CommandDesk } from '../../commands/command-desk.ts';
import type { CommandFilter, FoundCommand } from '../../commands/command-file.ts';
import type { CommandRecord, CommandWish } from '../../commands/command-record.ts';
import type { Posted, PostOutcome } from '../../doors/post-desk.ts';
import type { EventFilter, FoundEvent } from '../../events/event-store.ts';
import { Exporter } from '../../export/exporter.ts';
import type { KeptLetter } from '../../letters/letter.ts';
import type { LetterCount } from '../../letters/letter-file.ts';
import type { ReplayReport, ReplayRequest } from '../../letters/replayer.ts';
import type { LinkBudget } from '../../sla/budget/budget-desk.ts';
import { budgetReport, type Calendar } from '../../sla/budget/budget-report.ts';
import type { MaintenanceWindow } from '../../sla/maintenance/maintenance-window.ts';
import type { LinkOutages } from '../../sla/outages/outage-desk.ts';
import { type ScanBatch, type ScanQuery, ScanRows } from '../../stores/scan.ts';
import type { LastReading, SeriesData, SeriesFilter, SeriesQuery } from '../../stores/store.ts';
import type { Placement } from '../../zones/placement-desk.ts';
import type { SiteWater } from '../../zones/water-desk.ts';
import type { ComponentHealth, GatewayCounters, GatewayStatus, HttpSources } from '../sources.ts';
import { FakeAccess } from './fake-access.ts';
import { FakeNotify } from './fake-notify.ts';
import { FakeThresholds } from './fake-thresholds.ts';

interface Row {
  readonly timeMs: number;
  readonly value: number | string;
  readonly status: number;
}

const ZONE: Zone = { site: 'farm', id: 'north', name: '北区', version: 1, setBy: 'tester', setMs: 0 };

const WINDOW: MaintenanceWindow = {
  ...{ id: 'one', links: [], pops: ['sh1'], networks: [] },
  ...{ fromMs: 3_600_000, toMs: 7_200_000, reason: 'new router', issuer: 'tester' },
  ...{ createdMs: 0, enteredMs: 0, planned: null },
};

/** Sources that hold what a test puts into them; every part may be changed while an app is using them. */
export class FakeSources implements HttpSources {
  gatewayStatuses: GatewayStatus[] = [];
  gatewayCounters: GatewayCounters[] = [];
  components: ComponentHealth[] = [{ name: 'store', state: 'up', essential: true }];
  /** Thrown by every question to the store while it is set. */
  storeError: Error | undefined;
  readonly queries: SeriesQuery[] = [];
  readonly #table = new SeriesTable();
  readonly #rows = new Map<Series, Row[]>();

  put(key: SeriesKey, timeMs: number, value: number | string, reading: Partial<Reading> = {}): void {
    const series = this.#table.intern(key);
    const rows = this.#rows.get(series) ?? [];
    const isLate = (rows.at(-1)?.timeMs ?? 0) > timeMs;
    rows.push({ timeMs, value, status: packStatus(reading.quality ?? 'good', reading.clock ?? 'synced') });
    if (isLate) rows.sort((a, b) => a.timeMs - b.timeMs);
    this.#rows.set(series, rows);
  }

  gateways = (): GatewayStatus[] => this.gatewayStatuses;
  counters = (): GatewayCounters[] => this.gatewayCounters;
  health = (): ComponentHealth[] => this.components;
  account: Completeness = {
    ledger: 'none',
    produced: 0,
    stored: 0,
    rejected: 0,
    dropped: 0,
    inFlight: 0,
    share: null,
    rejectedByCode: {},
    missing: [],
    missingLeftOut: 0,
  };
  /** A test that asks for links puts its own here. */
  mesh: HttpSources['mesh'] = {
    mesh: () => ({ version: '', recordS: 60, networks: [], pops: [], links: 0 }),
    links: () => [],
  };
  /** A test that asks for verdicts puts its own here. */
  verdicts: HttpSources['verdicts'] = {
    verdict: async () => ({ links: [], objective: undefined, probes: [] }),
    matrix: async () => ({ cells: [], classes: [] }),
    latency: async () => [],
  };
  /** A test that asks for maintenance puts its own here. */
  maintenance: HttpSources['maintenance'] = {
    enter: () => WINDOW,
    change: () => WINDOW,
    withdraw: () => WINDOW,
    get: () => WINDOW,
    find: () => [WINDOW],
    changes: () => [{ atMs: 0, action: 'entered', issuer: 'tester', window: WINDOW }],
  };
  /** A test that changes zones puts a real book here. */
  zones: HttpSources['zones'] = {
    find: () => this.knownZones,
    add: () => ZONE,
    change: () => ZONE,
    remove: () => ZONE,
    importGeoJson: () => ({ added: [], changed: [], unchanged: [], mended: [], refused: [] }),
  };
  knownZones: Zone[] = [];
  /** A test that places devices puts a real desk here. */
  placements: HttpSources['placements'] = {
    list: async () => this.placed,
    place: async (where, zone) => ({ ...where, zone, by: 'hand' }),
    unplace: () => {},
  };
  placed: Placement[] = [];
  readonly water: HttpSources['water'] = { over: async () => this.waters };
  waters: SiteWater[] = [];
  readonly audit = new FakeAudit();
  readonly access = new FakeAccess();
  found: FoundEvent[] = [];
  readonly eventFilters: EventFilter[] = [];

  delivery = (): Delivery => {
    const { rejectedByCode: _codes, missing: _missing, missingLeftOut: _leftOut, ...delivery } = this.account;
    return delivery;
  };
  completeness = (): Completeness => this.account;
  events = (filter: EventFilter): FoundEvent[] => {
    this.eventFilters.push(filter);
    const { sites, limit } = filter;
    return this.found.filter(({ site }) => sites?.includes(site) ?? true).slice(0, limit);
  };

  kept: KeptLetter[] = [];
  letterCounts: LetterCount[] = [];
  readonly replays: ReplayRequest[] = [];
  readonly letters: HttpSources['letters'] = {
    find: ({ sites }, { limit }) =>
      this.kept.filter(({ site }) => sites?.includes(site) ?? true).slice(0, limit),
    get: (id) => this.kept.find((letter) => letter.id === id),
    counts: () => this.letterCounts,
    countsOf: () => ({ waiting: 0, replayed: 0, more: 0, gone: 0 }),
  };
  replay = async (request: ReplayRequest): Promise<ReplayReport> => {
    this.replays.push(request);
    return { lookedAt: 0, replayed: 0, refused: {}, notReplayable: 0, unanswered: 0 };
  };

  readonly posted: Posted[] = [];
  outcome: PostOutcome = { stored: 0, rejected: [], untimed: 0 };
  readonly readings: HttpSources['readings'] = {
    enter: () => ({ add: () => {}, leave: () => {} }),
    post: async (posted) => {
      this.posted.push(posted);
      return this.outcome;
    },
  };

  readonly commands = new FakeCommands();
  readonly cared: CareRecord[] = [];
  readonly care: HttpSources['care'] = {
    submit: ({ site, gateway, what, issuer, validForS }: CareWish) => {
      const request = {
        ...what,
        id: 'care-1',
        issuer,
        expiresAtMs: validForS * 1000,
      } as CareRecord['request'];
      this.cared.push({ site, gateway, request, submittedMs: 0 });
      return this.cared.at(-1)!;
    },
    get: (id) => this.cared.find(({ request }) => request.id === id),
    find: (site, gateway) =>
      this.cared.filter((one) => one.site === site && one.gateway === gateway).reverse(),
    stateOf: ({ answer }) => (answer ? 'done' : 'pending'),
  };

  alertEvents: FoundAlert[] = [];
  readonly alerts = {
    find: (): FoundAlert[] => this.alertEvents,
    peek: (id: string) => this.alertEvents.find(({ event }) => event.id === id)?.event,
    get: (id: string): AlertEvent => {
      const event = this.alerts.peek(id);
      if (event) return event;
      throw new SluiceError('NOT_FOUND', { what: { en: `alert ${id}`, zh: `告警 ${id}` } });
    },
    suppressed: () => [],
    wrongByThresholds: (): Condition[] => [],
    open: () => this.alertEvents.map(({ event }) => event),
    raised: 0,
  };
  readonly liveWithinS = 900;
  readonly thresholds = new FakeThresholds();
  readonly notify = new FakeNotify((id) => this.alerts.get(id));
  readonly outages = {
    ofLink: async (link: string): Promise<LinkOutages> => this.outagesOf(link),
    ofAll: async (): Promise<LinkOutages[]> => [this.outagesOf('a_b')],
  };
  readonly budgets = {
    ofLink: async (link: string, atMs: number, calendar: Calendar): Promise<LinkBudget> => {
      const objective = { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 };
      return { link, atMs, objective, budgets: budgetReport(objective, [], atMs, calendar) };
    },
  };
  outagesOf = (link: string): LinkOutages => ({
    ...{ link, outages: [], leftOut: 0, unknown: [] },
    ...{ knownMs: 0, downMs: 0, availability: undefined },
  });

  readonly store = {
    series: async (filter: SeriesFilter): Promise<Series[]> => this.#matching(filter),
    last: async (filter: SeriesFilter): Promise<LastReading[]> =>
      this.#matching(filter).map((series) => ({ series, ...this.#rows.get(series)!.at(-1)! })),
    query: async (query: SeriesQuery): Promise<SeriesData[]> => {
      this.queries.push(query);
      const found = this.#matching(query).map((series) => this.#data(series, query));
      const points = found.reduce((sum, { timeMs }) => sum + timeMs.length, 0);
      if (points > query.maxPoints) throw new SluiceError('QUERY_TOO_LARGE', { limit: query.maxPoints });
      return found.filter(({ timeMs }) => timeMs.length > 0);
    },
  };

  readonly exporter = new Exporter(
    { maxConcurrent: 2 },
    { ...this.store, scan: (query) => this.#scan(query) },
  );

  async *#scan(query: ScanQuery): AsyncGenerator<ScanBatch> {
    const rows = new ScanRows();
    for (const series of this.#matching(query)) {
      for (const { timeMs, value, status } of this.#rows.get(series)!) {
        if (timeMs < query.fromMs || timeMs >= query.toMs) continue;
        if (rows.push(timeMs, value, status)) yield* rows.take(series);
      }
      yield* rows.take(series);
    }
  }

  #matching({ measurement, field, where, scope }: SeriesFilter): Series[] {
    if (this.storeError) throw this.storeError;
    return [...this.#table].filter(
      (series) =>
        (measurement === undefined || series.measurement === measurement) &&
        (field === undefined || series.field === field) &&
        (!scope || seesSeries(scope, series)) &&
        TAGS.every((tag) => where?.[tag]?.includes(series[tag]) ?? true),
    );
  }

  /** One value per window is its last, whatever `fn` asks: aggregation is the store's, and tested there. */
  #data(series: Series, { fromMs, toMs, window }: SeriesQuery): SeriesData {
    const rows = this.#rows.get(series)!.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
    const { measurement, field } = series;
    const tags = setTags(series) as Partial<Tags>;
    if (!window) {
      const columns = { timeMs: rows.map((row) => row.timeMs), value: rows.map((row) => row.value) };
      return { measurement, field, tags, ...columns, status: rows.map((row) => row.status) };
    }
    const last = new Map<number, number | string>();
    for (const { timeMs, value } of rows) last.set(timeMs - (timeMs % window.everyMs), value);
    return { measurement, field, tags, timeMs: [...last.keys()], value: [...last.values()] };
  }
}

/** Keeps entries as they come, with hashes that are none. */
class FakeAudit implements Pick<AuditTrail, 'record' | 'find' | 'check'> {
  readonly entries: KeptAuditEntry[] = [];
  /** Thrown by `record` while it is set. */
  error: Error | undefined;
  checked: AuditCheck | undefined;

  record(entry: AuditEntry): void {
    if (this.error) throw this.error;
    const n = this.entries.length + 1;
    this.entries.push({ ...entry, n, timeMs: 1_000 * n, hash: String(n).padStart(64, '0') });
  }

  find({ who, before = Number.POSITIVE_INFINITY, limit }: AuditFilter): KeptAuditEntry[] {
    const found = this.entries.filter((one) => one.n < before && (who === undefined || one.who === who));
    return found.reverse().slice(0, limit);
  }

  async check(): Promise<AuditCheck> {
    const { n, hash } = this.entries.at(-1) ?? { n: 0, hash: '' };
    return this.checked ?? { entries: n, isWhole: true, head: { n, hash } };
  }
}

/** Takes every command as it is, and keeps it. */
class FakeCommands implements Pick<CommandDesk, 'submit' | 'get' | 'find'> {
  readonly wishes: CommandWish[] = [];
  readonly filters: CommandFilter[] = [];
  readonly #records = new Map<string, CommandRecord>();

  put(record: CommandRecord): void {
    this.#records.set(record.id, record);
  }

  submit(wish: CommandWish): CommandRecord {
    this.wishes.push(wish);
    const { id = 'made', leaseS, validForS, ...place } = wish;
    const nowMs = Date.now();
    const times = { leaseMs: leaseS * 1000, submittedMs: nowMs, expiresAtMs: nowMs + validForS * 1000 };
    const record: CommandRecord = { ...place, ...times, id, dataType: 11, state: 'pending' };
    this.put(record);
    return record;
  }

  get(id: string): CommandRecord | undefined {
    return this.#records.get(id);
  }

  find(filter: CommandFilter): FoundCommand[] {
    this.filters.push(filter);
    return Array.from(this.#records.values(), (record, seq) => ({
      record,
      place: { timeMs: 0, seq },
    }))
      .filter(({ record }) => filter.sites?.includes(record.site) ?? true)
      .reverse();
  }
}
