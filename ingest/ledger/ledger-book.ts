import type { Cancel, Clock } from '../../core/clock.ts';
import type { Delivery } from '../../core/completeness.ts';
import { asSluiceError, type ErrorCode, type SluiceError } from '../../core/errors.ts';
import { FolderLock } from '../../core/folder-lock.ts';
import type { LedgerConfirmation, LedgerMark } from '../../core/ledger.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { gatewayName } from '../gateway-name.ts';
import { type AccountParts, completenessOf, summaryOf } from './completeness.ts';
import { GatewayLedger, hourOf, type LedgerRecord, type SettledMessage } from './gateway-ledger.ts';
import { type HourCount, LedgerFile } from './ledger-file.ts';
import type { NumberRange } from './span-set.ts';

/** Several batches share one commit, because each waits for the disk and blocks everything meanwhile. */
const COMMIT_MS = 50;
const RETRY_MS = 1_000;
/** A gateway whose disk is replaced every week has these many; of older ones only the sums are kept. */
const MOST_LEDGERS = 8;
/** The ledger that older ones are summed up in. */
const EARLIER = '';
const MOST_TO_CONFIRM = 4_096;
const HOURS_KEPT_MS = 400 * 86_400_000;
const DAY_MS = 86_400_000;

/** What an NBIRTH says of its gateway's ledger. */
export interface LedgerAnnouncement {
  readonly ledger: string;
  readonly first: number;
  readonly next: number;
}

/** Everything that is kept of one gateway. */
interface Entry {
  readonly site: string;
  readonly gateway: string;
  /** Oldest first. */
  readonly ledgers: Map<string, GatewayLedger>;
  readonly dirty: Set<GatewayLedger>;
  readonly removed: string[];
  /** By hour for what is stored, by `hourMs code` for what is not. */
  readonly hours: Map<number | string, HourCount & { readings: number }>;
  /** What is to be confirmed after the next commit; `all` from a number on where the list became too long. */
  readonly toConfirm: Map<GatewayLedger, NumberRange[]>;
  lastMs: number;
}

/** One ledger of one gateway, for whoever settles its messages. */
export interface LedgerHandle {
  readonly entry: Entry;
  readonly ledger: GatewayLedger;
}

export interface LedgerBookOptions {
  readonly folder: string;
  readonly maxGateways: number;
  /**
   * Other hosts settle numbers of the same gateways. Then what a gateway no longer has is not missing here where it was
   * never seen: the account begins anew at its birth.
   */
  readonly isShared?: boolean;
}

interface LedgerBookParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Told after each commit, for what is durable now or was already and has come again. */
  confirm(site: string, gateway: string, confirmation: LedgerConfirmation): void;
}

/**
 * Which numbers of which gateway's ledger are settled, in memory and on disk. The order is always: the store has it,
 * the disk has that it is settled, the gateway is told. What is not on the disk yet after `kill -9` was not confirmed
 * either, so its gateway sends it again.
 */
export class LedgerBook implements Service {
  readonly name = 'ledger';
  readonly #options: LedgerBookOptions;
  readonly #parts: LedgerBookParts;
  readonly #entries = new Map<string, Entry>();
  readonly #dirty = new Set<Entry>();
  /** What was announced while the file could not be opened; `undefined` for a gateway without a ledger. */
  readonly #early = new Map<
    string,
    { site: string; gateway: string; said: LedgerAnnouncement | undefined }
  >();
  #lock: FolderLock | undefined;
  #file: LedgerFile | undefined;
  #cancelCommit: Cancel | undefined;
  #error: SluiceError | undefined;
  #clearedMs = 0;

  constructor(options: LedgerBookOptions, parts: LedgerBookParts) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Throws `DATA_FOLDER_IN_USE`, `DATA_FOLDER_UNUSABLE` or `LEDGER_UNAVAILABLE`; until it is up nothing is confirmed. */
  async start(): Promise<void> {
    this.#lock ??= new FolderLock(this.#options.folder);
    const file = new LedgerFile(this.#options.folder);
    for (const { site, gateway, record } of file.load()) {
      const entry = this.#entry(site, gateway);
      entry.ledgers.set(record.ledger, new GatewayLedger(record));
      entry.lastMs = Math.max(entry.lastMs, record.openedMs);
    }
    this.#file = file;
    for (const { site, gateway, said } of this.#early.values()) this.announce(site, gateway, said);
    this.#early.clear();
  }

  async stop(): Promise<void> {
    this.#cancelCommit?.();
    this.#commit();
    this.#cancelCommit?.();
    this.#file?.close();
    this.#file = undefined;
    this.#lock?.release();
    this.#lock = undefined;
  }

  /** Why nothing is confirmed just now. */
  trouble(): SluiceError | undefined {
    return this.#error;
  }

  /** What a birth says. `undefined`: this gateway keeps no ledger. */
  announce(site: string, gateway: string, said: LedgerAnnouncement | undefined): void {
    if (!this.#file) {
      if (this.#early.size < this.#options.maxGateways)
        this.#early.set(gatewayName({ site, gateway }), { site, gateway, said });
      return;
    }
    if (!said && !this.#entries.has(gatewayName({ site, gateway }))) return;
    const entry = this.#entry(site, gateway);
    if (said && this.#options.isShared) entry.ledgers.get(said.ledger)?.leaveOutBefore(said.first);
    const ledger = said && this.#ledgerOf(entry, said.ledger, said.first, said.next);
    for (const other of entry.ledgers.values()) {
      if (other === ledger || other.closedMs !== undefined) continue;
      other.close(this.#parts.clock.nowMs());
      this.#touch(entry, other);
    }
    if (!said || !ledger) return;
    ledger.reopen();
    ledger.see(said.next > said.first ? said.first : said.next, said.next);
    // The confirmations of these may have been lost.
    this.#toConfirm(entry, ledger, ...ledger.settledFrom(said.first));
    this.#touch(entry, ledger);
  }

  /** The ledger that a message belongs to. `undefined` while nothing can be kept. */
  find(site: string, gateway: string, mark: LedgerMark): LedgerHandle | undefined {
    if (!this.#file) return undefined;
    const entry = this.#entry(site, gateway);
    const ledger = this.#ledgerOf(entry, mark.ledger, mark.first, mark.first);
    ledger.see(mark.first, mark.first + mark.count);
    return { entry, ledger };
  }

  settle({ entry, ledger }: LedgerHandle, message: SettledMessage): void {
    const isKept = ledger.settle(message, (hourMs, code, readings) =>
      countHour(entry, hourMs, code, readings),
    );
    if (isKept) this.#toConfirm(entry, ledger, message);
    this.#touch(entry, ledger);
  }

  drop({ entry, ledger }: LedgerHandle, { first, count, fromMs = 0, toMs = 0 }: LedgerMark): void {
    const range = { first, last: first + count - 1 };
    if (ledger.drop(range, fromMs, toMs)) this.#toConfirm(entry, ledger, range);
    this.#touch(entry, ledger);
  }

  /** For what was settled already and came again. */
  confirmAgain({ entry, ledger }: LedgerHandle, range: NumberRange): void {
    this.#toConfirm(entry, ledger, range);
    this.#touch(entry, ledger);
  }

  /** Whether it numbers its readings now, so that what is not settled comes again. */
  keepsLedger(site: string, gateway: string): boolean {
    const ledgers = this.#entries.get(gatewayName({ site, gateway }))?.ledgers.values() ?? [];
    return [...ledgers].some(({ closedMs }) => closedMs === undefined);
  }

  summary(site: string, gateway: string): Delivery {
    return summaryOf(this.#partsOf(site, gateway));
  }

  /** Readings of the whole hours that `fromMs` to `toMs` touch, or of all time. */
  completeness(site: string, gateway: string, period?: { readonly fromMs: number; readonly toMs: number }) {
    const parts = this.#partsOf(site, gateway);
    const hours = period && parts.ledgers.length > 0 ? this.#hours(site, gateway, period) : undefined;
    return completenessOf(parts, period && { ...period, counts: hours ?? new Map() });
  }

  #hours(
    site: string,
    gateway: string,
    { fromMs, toMs }: { fromMs: number; toMs: number },
  ): Map<string, number> {
    const counts = this.#file?.hours(site, gateway, fromMs, toMs) ?? new Map<string, number>();
    const pending = this.#entries.get(gatewayName({ site, gateway }))?.hours.values() ?? [];
    for (const { hourMs, code, readings } of pending) {
      if (hourMs >= fromMs && hourMs < toMs) counts.set(code, (counts.get(code) ?? 0) + readings);
    }
    return counts;
  }

  #partsOf(site: string, gateway: string): AccountParts {
    const ledgers = this.#entries.get(gatewayName({ site, gateway }))?.ledgers;
    return { ledgers: ledgers ? [...ledgers.values()] : [] };
  }

  #entry(site: string, gateway: string): Entry {
    const key = gatewayName({ site, gateway });
    const nowMs = this.#parts.clock.nowMs();
    let entry = this.#entries.get(key);
    if (!entry) {
      if (this.#entries.size >= this.#options.maxGateways) this.#forgetOldest();
      entry = {
        site,
        gateway,
        ledgers: new Map(),
        dirty: new Set(),
        removed: [],
        hours: new Map(),
        toConfirm: new Map(),
        lastMs: nowMs,
      };
      this.#entries.set(key, entry);
    }
    entry.lastMs = nowMs;
    return entry;
  }

  /** Only ever as many as the session knows, so the oldest is one that has been gone for long. */
  #forgetOldest(): void {
    let oldest: Entry | undefined;
    for (const entry of this.#entries.values()) if (!oldest || entry.lastMs < oldest.lastMs) oldest = entry;
    if (!oldest) return;
    this.#entries.delete(gatewayName(oldest));
    oldest.removed.push(...oldest.ledgers.keys());
    oldest.ledgers.clear();
    oldest.dirty.clear();
    this.#dirty.add(oldest);
  }

  #ledgerOf(entry: Entry, id: string, first: number, next: number): GatewayLedger {
    const known = entry.ledgers.get(id);
    if (known) return known;
    const ledger = GatewayLedger.open(id, first, next, this.#parts.clock.nowMs());
    entry.ledgers.set(id, ledger);
    if (entry.ledgers.size > MOST_LEDGERS + 1) this.#sumUpOldest(entry, ledger);
    this.#touch(entry, ledger);
    return ledger;
  }

  #sumUpOldest(entry: Entry, except: GatewayLedger): void {
    const oldest = [...entry.ledgers.values()].find((one) => one !== except && one.ledger !== EARLIER);
    if (!oldest) return;
    const earlier = entry.ledgers.get(EARLIER)?.toRecord();
    const sum = new GatewayLedger(summed(earlier, oldest.toRecord()));
    entry.ledgers.delete(oldest.ledger);
    entry.dirty.delete(oldest);
    entry.toConfirm.delete(oldest);
    entry.removed.push(oldest.ledger);
    const previous = entry.ledgers.get(EARLIER);
    if (previous) entry.dirty.delete(previous);
    entry.ledgers.set(EARLIER, sum);
    this.#touch(entry, sum);
  }

  #toConfirm(entry: Entry, ledger: GatewayLedger, ...ranges: readonly NumberRange[]): void {
    let list = entry.toConfirm.get(ledger);
    if (!list) {
      list = [];
      entry.toConfirm.set(ledger, list);
    }
    // While the disk is full this would grow without end; what is left out comes again.
    for (const range of ranges) if (list.length < MOST_TO_CONFIRM) list.push(range);
  }

  #touch(entry: Entry, ledger: GatewayLedger): void {
    entry.dirty.add(ledger);
    this.#dirty.add(entry);
    this.#commitIn(COMMIT_MS);
  }

  #commitIn(delayMs: number): void {
    this.#cancelCommit ??= this.#parts.clock.after(delayMs, () => {
      this.#cancelCommit = undefined;
      this.#commit();
    });
  }

  #commit(): void {
    const file = this.#file;
    if (!file || this.#dirty.size === 0) return;
    const entries = [...this.#dirty];
    try {
      file.commit({
        written: entries.flatMap(({ site, gateway, dirty }) =>
          Array.from(dirty, (ledger) => ({ site, gateway, record: ledger.toRecord() })),
        ),
        removed: entries.flatMap(({ site, gateway, removed }) =>
          removed.map((ledger) => ({ site, gateway, ledger })),
        ),
        hours: entries.flatMap(({ hours }) => [...hours.values()]),
      });
      this.#clearOldHours(file);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (!this.#error) this.#parts.log.error({ code: error.code }, error.message);
      this.#error = error;
      this.#commitIn(RETRY_MS);
      return;
    }
    if (this.#error) this.#parts.log.info({}, 'the ledger can be written again');
    this.#error = undefined;
    this.#dirty.clear();
    for (const entry of entries) this.#committed(entry);
  }

  #committed(entry: Entry): void {
    entry.dirty.clear();
    entry.removed.length = 0;
    entry.hours.clear();
    for (const [ledger, wanted] of entry.toConfirm) {
      // The whole span around it costs no more to say, and makes up for confirmations that were lost.
      const spans = new Map<number, NumberRange>();
      for (const range of wanted) {
        const span = ledger.settledAround(range);
        if (span) spans.set(span.first, { first: span.first, last: span.last });
      }
      const ranges = [...spans.values()].sort((a, b) => a.first - b.first);
      if (ranges.length > 0)
        this.#parts.confirm(entry.site, entry.gateway, { ledger: ledger.ledger, ranges });
    }
    entry.toConfirm.clear();
  }

  #clearOldHours(file: LedgerFile): void {
    const nowMs = this.#parts.clock.nowMs();
    if (Math.abs(nowMs - this.#clearedMs) < DAY_MS) return;
    this.#clearedMs = nowMs;
    file.clearHoursBefore(hourOf(nowMs - HOURS_KEPT_MS));
  }
}

/** Once a message: nothing is made where there is something to count on. */
function countHour(entry: Entry, hourMs: number, code: ErrorCode | '', readings: number): void {
  const key = code === '' ? hourMs : `${hourMs} ${code}`;
  const known = entry.hours.get(key);
  if (known) known.readings += readings;
  else entry.hours.set(key, { site: entry.site, gateway: entry.gateway, hourMs, code, readings });
}

/** Only counts and times are left: numbers of two ledgers have nothing to do with each other. */
function summed(earlier: LedgerRecord | undefined, added: LedgerRecord): LedgerRecord {
  const rejected = { ...earlier?.rejected };
  for (const [code, readings] of Object.entries(added.rejected))
    rejected[code] = (rejected[code] ?? 0) + readings;
  return {
    ledger: EARLIER,
    base: 0,
    next: (earlier?.next ?? 0) + added.next - added.base,
    stored: (earlier?.stored ?? 0) + added.stored,
    rejected,
    dropped: (earlier?.dropped ?? 0) + added.dropped,
    spans: [],
    drops: [],
    openedMs: earlier?.openedMs ?? added.openedMs,
    closedMs: added.closedMs ?? added.openedMs,
  };
}
