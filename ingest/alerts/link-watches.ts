import type { Clock } from '../../core/clock.ts';
import { asSluiceError } from '../../core/errors.ts';
import { judgedKind, type Link, type Mesh } from '../../core/links/mesh.ts';
import type { Log } from '../../core/log.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import { BURN_WINDOWS_MS, RECORDS_MS } from '../sla/budget/burn-rules.ts';
import { type LinkFigures, SLOT_MS } from '../sla/budget/link-counts.ts';
import { readRecord } from '../sla/evidence/read-records.ts';
import { appliesTo, type MaintenanceWindow } from '../sla/maintenance/maintenance-window.ts';
import type { Seen } from '../sla/outages/attribute.ts';
import { scanEvidence } from '../sla/outages/scan-evidence.ts';
import type { Store } from '../stores/store.ts';
import type { Condition } from './condition.ts';
import { LinkWatch, type WatchOptions } from './link-watch.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Evidence of a link says what is now for three records and a minute: agents may have been held up that long. */
const FRESH = { records: 3, moreMs: 60_000 };
/** What is remembered of past evidence when this begins: what the longest window looks at. */
export const REMEMBERED_MS = BURN_WINDOWS_MS.at(-1)! + HOUR_MS;

interface LinkWatchesParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<Store, 'scan'>;
  readonly mesh: () => Mesh;
  readonly outageAfterS: number;
}

/** What is known of each link from its evidence as it is stored, and from that of the last days, which is read again at the start. */
export class LinkWatches {
  readonly #parts: LinkWatchesParts;
  readonly #links = new Map<string, LinkWatch>();
  /** Whether the evidence of the last hours has been read from the store; nothing is judged by rates before. */
  #isRemembered = false;
  /** Whether all of it has: the days before too. */
  #isPastRead = false;
  #reading: Promise<void> | undefined;
  #isStopped = false;

  constructor(parts: LinkWatchesParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing is being read any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#reading;
  }

  /** A batch is in the store. Never throws: what is wrong with one record is no matter of the others. */
  stored(batch: ReadingBatch): void {
    if (batch.texts.size === 0) return;
    const { links } = this.#parts.mesh();
    for (const [row, text] of batch.texts) {
      const { measurement, field, link: id, point, site, gateway } = batch.table.get(batch.seriesId[row]!);
      const link = measurement === 'link' && field === 'evidence' ? links.get(id) : undefined;
      // Only who is to measure a link can raise an alert about it.
      if (!link || judgedKind(link) !== point) continue;
      if (link.from.site !== site || link.from.gateway !== gateway) continue;
      const record = readRecord(text);
      if (typeof record !== 'string')
        this.#of(id).take(link, record, this.#parts.clock.nowMs(), this.#options());
    }
  }

  /** Reads the past once there is a mesh, and again until it has worked: the store may be away. */
  remember(): void {
    const { mesh, log } = this.#parts;
    if (this.#isPastRead || this.#reading || mesh().links.size === 0) return;
    this.#reading = this.#readPast()
      .catch((thrown: unknown) => {
        const error = asSluiceError(thrown);
        log.debug({ code: error.code }, `the evidence of the past is read later: ${error.message}`);
      })
      .finally(() => {
        this.#reading = undefined;
      });
  }

  seen(link: string, nowMs: number): Seen {
    return this.#links.get(link)?.seen(nowMs, this.#options()) ?? 'unknown';
  }

  /** Undefined before the evidence of the last hours has been read. */
  figures(link: Link, nowMs: number, windows: readonly MaintenanceWindow[]): LinkFigures | undefined {
    return this.#isRemembered ? this.#links.get(link.id)?.figures(nowMs, leftOut(link, windows)) : undefined;
  }

  /** What is wrong with links now. `before`: what was so at the last look, by key; until the past is read it is taken to be so still. */
  conditions(
    before: (key: string) => Condition | undefined,
    nowMs: number,
    windows: readonly MaintenanceWindow[],
  ): Condition[] {
    const options = this.#options();
    return [...this.#parts.mesh().links.values()].flatMap((link) => {
      const watch = this.#links.get(link.id);
      if (watch && this.#isRemembered)
        return watch.conditions(link, before, nowMs, { ...options, leftOut: leftOut(link, windows) });
      return (['outage', 'loss', 'latency'] as const).flatMap((kind) => before(`${kind}:${link.id}`) ?? []);
    });
  }

  /** Those that the mesh has no longer. */
  forgetGone(): void {
    const { links } = this.#parts.mesh();
    for (const id of this.#links.keys()) if (!links.has(id)) this.#links.delete(id);
  }

  async #readPast(): Promise<void> {
    const { store, mesh, clock, log } = this.#parts;
    const { links } = mesh();
    const nowMs = clock.nowMs();
    const kinds = new Map([...links.values()].map((link) => [link.id, judgedKind(link)]));
    const cutMs = Math.floor((nowMs - RECORDS_MS) / SLOT_MS) * SLOT_MS;
    // What failed half way, and what came late meanwhile, is in the store and would count twice.
    for (const watch of this.#links.values()) watch.forget(cutMs);
    let refused = 0;
    // The last hours first: they are what alerts of now go by.
    for (const [fromMs, toMs] of [
      [cutMs, nowMs + DAY_MS],
      [nowMs - REMEMBERED_MS, cutMs],
    ] as const) {
      for await (const { series, record } of scanEvidence(store, kinds, { fromMs, toMs }, () => refused++)) {
        if (this.#isStopped) return;
        const link = links.get(series.link)!;
        if (link.from.site !== series.site || link.from.gateway !== series.gateway) continue;
        if (record.fromMs >= fromMs && record.fromMs < toMs)
          this.#of(link.id).take(link, record, nowMs, this.#options());
      }
      this.#isRemembered = true;
    }
    this.#isPastRead = true;
    if (refused > 0)
      log.warn({ records: refused }, 'evidence of the last days that cannot be read is left out');
    log.debug({ links: links.size, tookMs: clock.nowMs() - nowMs }, 'the evidence of the last days is read');
  }

  #of(id: string): LinkWatch {
    let watch = this.#links.get(id);
    if (!watch) {
      watch = new LinkWatch();
      this.#links.set(id, watch);
    }
    return watch;
  }

  #options(): WatchOptions {
    const { mesh, outageAfterS } = this.#parts;
    return { outageMs: 1000 * outageAfterS, freshMs: FRESH.records * 1000 * mesh().recordS + FRESH.moreMs };
  }
}

function leftOut(link: Link, windows: readonly MaintenanceWindow[]): MaintenanceWindow[] {
  return windows.filter((one) => appliesTo(one, link.id, link));
}
