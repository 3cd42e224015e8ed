import { join } from 'node:path';
import type { Cancel, Clock } from '../../../core/clock.ts';
import { asSluiceError, type SluiceError } from '../../../core/errors.ts';
import type { Service } from '../../../core/lifecycle.ts';
import type { Log } from '../../../core/log.ts';
import { gatewayName } from '../../gateway-name.ts';
import { putAside } from '../../state-database.ts';
import type { HostState, NodeState } from '../host-state.ts';
import { BirthFile, type SeenGateway } from './birth-file.ts';
import { type BirthRecord, nodeFromRecord, packBirths } from './birth-record.ts';

/** A birth comes in several messages, and a gateway may be born again soon after. */
const WRITE_AFTER_MS = 1_000;
/** A commit blocks everything while the disk takes it, so thousands of births are written in portions. */
const MOST_AT_ONCE = 200;
const NEXT_PORTION_MS = 50;
const RETRY_MS = 10_000;
const SEEN_EVERY_MS = 60_000;

interface BirthCacheParts {
  readonly host: HostState;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Keeps what gateways' births said over a restart of ingest, `kill -9` included. It may always be behind, or lost: a
 * gateway goes on by it only where its data names the same births (`core/ledger.ts`), and is asked for them otherwise.
 */
export class BirthCache implements Service {
  readonly name = 'births';
  readonly #folder: string;
  readonly #parts: BirthCacheParts;
  /** Names of gateways that have changed since they were written. */
  readonly #changed = new Map<string, Pick<NodeState, 'site' | 'gateway'>>();
  readonly #seenMs = new Map<string, number>();
  #file: BirthFile | undefined;
  #cancelWrite: Cancel | undefined;
  #cancelSeen: Cancel | undefined;
  #error: SluiceError | undefined;

  constructor(folder: string, parts: BirthCacheParts) {
    this.#folder = folder;
    this.#parts = parts;
  }

  /** Throws `LEDGER_UNAVAILABLE`. A damaged file is put aside, for births can be asked for. */
  async start(): Promise<void> {
    const file = this.#open();
    this.#restore(file);
    this.#file = file;
    this.#cancelSeen = this.#parts.clock.after(SEEN_EVERY_MS, () => this.#noteSeen());
    if (this.#changed.size > 0) this.#writeIn(WRITE_AFTER_MS);
  }

  async stop(): Promise<void> {
    this.#cancelWrite?.();
    this.#cancelSeen?.();
    this.#cancelWrite = undefined;
    while (this.#file && this.#changed.size > 0 && this.#writeSome());
    this.#file?.close();
    this.#file = undefined;
  }

  /** Why nothing is kept just now. */
  trouble(): SluiceError | undefined {
    return this.#error;
  }

  /** Something that is to be kept of this gateway has changed, or it was forgotten. */
  changed(site: string, gateway: string): void {
    this.#changed.set(gatewayName({ site, gateway }), { site, gateway });
    this.#writeIn(WRITE_AFTER_MS);
  }

  #open(): BirthFile {
    try {
      return new BirthFile(this.#folder);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (error.code !== 'STATE_DAMAGED') throw error;
      this.#putAside(error);
      return new BirthFile(this.#folder);
    }
  }

  #putAside(error: SluiceError): void {
    const { clock, log } = this.#parts;
    const file = join(this.#folder, BirthFile.fileName);
    const aside = putAside(file, clock.nowMs());
    log.error(
      { code: error.code, aside },
      `${error.message} It is put aside, and gateways are asked for their births.`,
    );
  }

  #restore(file: BirthFile): void {
    const { host, log } = this.#parts;
    let unreadable = 0;
    for (const record of file.load(host.options.maxGateways)) {
      const name = gatewayName(record);
      // One that has spoken already, because the file could only be opened late, is known better.
      if (host.nodes.has(name) || host.nodes.size >= host.options.maxGateways) continue;
      try {
        host.nodes.set(name, nodeFromRecord(record, host.options));
        this.#seenMs.set(name, record.lastSeenMs);
      } catch {
        unreadable++;
        this.#changed.set(name, record);
      }
    }
    if (unreadable > 0)
      log.warn({ gateways: unreadable }, 'kept births cannot be read: these gateways are asked for them');
  }

  #writeIn(delayMs: number): void {
    if (!this.#file) return;
    this.#cancelWrite ??= this.#parts.clock.after(delayMs, () => {
      this.#cancelWrite = undefined;
      const isWritten = this.#writeSome();
      if (this.#changed.size > 0) this.#writeIn(isWritten ? NEXT_PORTION_MS : RETRY_MS);
    });
  }

  /** False where the disk refuses: it is tried again later, and nothing else suffers from it. */
  #writeSome(): boolean {
    const portion = [...this.#changed].slice(0, MOST_AT_ONCE);
    const written: BirthRecord[] = [];
    const removed: Pick<NodeState, 'site' | 'gateway'>[] = [];
    for (const [name, place] of portion) {
      const node = this.#parts.host.nodes.get(name);
      // One that was never born is nobody yet.
      if (!node || this.#parts.host.neverBorn.has(node)) removed.push(place);
      else written.push(recordOf(node));
    }
    const isWritten = this.#try((file) => file.commit(written, removed));
    if (!isWritten) return false;
    for (const [name] of portion) this.#changed.delete(name);
    for (const { site, gateway, lastSeenMs } of written)
      this.#seenMs.set(gatewayName({ site, gateway }), lastSeenMs);
    for (const place of removed) this.#seenMs.delete(gatewayName(place));
    return true;
  }

  #noteSeen(): void {
    const { clock, host } = this.#parts;
    const seen: SeenGateway[] = [];
    for (const [name, lastSeenMs] of this.#seenMs) {
      const node = host.nodes.get(name);
      if (node && node.lastSeenMs !== lastSeenMs) seen.push(node);
    }
    if (seen.length > 0 && this.#try((file) => file.seen(seen))) {
      for (const node of seen) this.#seenMs.set(gatewayName(node), node.lastSeenMs);
    }
    this.#cancelSeen = clock.after(SEEN_EVERY_MS, () => this.#noteSeen());
  }

  #try(work: (file: BirthFile) => void): boolean {
    const { log } = this.#parts;
    try {
      if (this.#file) work(this.#file);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (!this.#error) log.error({ code: error.code }, error.message);
      this.#error = error;
      return false;
    }
    if (this.#error) log.info({}, 'births can be kept again');
    this.#error = undefined;
    return true;
  }
}

function recordOf(node: NodeState): BirthRecord {
  const { site, gateway, online, isUnheard, wasOnline, sinceMs, lastSeenMs } = node;
  const isAlive = online || (isUnheard && wasOnline) || node.rebirth.needed;
  return { site, gateway, online: isAlive, sinceMs, lastSeenMs, births: packBirths(node) };
}
