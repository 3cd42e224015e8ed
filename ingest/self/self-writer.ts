import { setImmediate } from 'node:timers/promises';
import type { Cancel, Clock } from '../../core/clock.ts';
import { asSluiceError, type SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Link, Mesh } from '../../core/links/mesh.ts';
import type { Log } from '../../core/log.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import type { GatewayStatus, HttpSources } from '../http/sources.ts';
import type { BudgetDesk } from '../sla/budget/budget-desk.ts';
import { calendarOf } from '../sla/budget/budget-report.ts';
import type { LinkFigures } from '../sla/budget/link-counts.ts';
import type { Store } from '../stores/store.ts';
import type { SelfConfig } from './config.ts';
import { counterPoints, type GatewayBounds, gatewayPoints } from './gateway-points.ts';
import { budgetPoints, linkBoundPoints, linkPoints } from './link-points.ts';
import type { SelfPoint } from './self-point.ts';
import { type JudgedNow, thresholdPoints } from './threshold-points.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** What was set is judged by a moment later, and then written. */
const SOON_MS = 2_000;
/** A gateway that has been away for longer is not missed any more. */
const RETIRED_MS = 30 * DAY_MS;
/** So many gateways or links at a time; then others have their turn. */
const AT_ONCE = 100;
/** Series that have not been written for so many rounds are forgotten with all others, so that the table cannot grow for ever. */
const ROUNDS_OF_TABLE = 1_440;

interface Parts extends Pick<HttpSources, 'gateways' | 'counters' | 'completeness' | 'letters'> {
  readonly store: Pick<Store, 'write'>;
  readonly mesh: () => Mesh;
  /** Nothing of a link of which nothing is known yet. */
  readonly figures: () => (link: Link) => LinkFigures | undefined;
  readonly budgets: Pick<BudgetDesk, 'ofLink'>;
  /** What thresholds judge. */
  readonly judged: () => Iterable<JudgedNow>;
  readonly awayS: number;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Writes once a minute what ingest knows of gateways, links and itself (`core/own-series.ts`). What the store does not take is left
 * out: the next minute says it anew. Budgets of 30 days take longer, so each link has its turn once an hour.
 */
export class SelfWriter implements Service {
  readonly name = 'self';
  readonly #config: SelfConfig;
  readonly #parts: Parts;
  #table = new SeriesTable();
  #round = 0;
  #cancel: Cancel = () => {};
  #isStopped = true;
  #isWriting = false;
  #working: Promise<void> = Promise.resolve();
  #trouble: SluiceError | undefined;

  constructor(config: SelfConfig, parts: Parts) {
    this.#config = config;
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    this.#plan();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#working;
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  /** Something was set that people look for at once. */
  soon(): void {
    if (this.#isStopped || this.#isWriting) return;
    this.#cancel();
    this.#plan(SOON_MS);
  }

  #plan(inMs = 1000 * this.#config.everyS): void {
    this.#cancel = this.#parts.clock.after(inMs, () => {
      this.#isWriting = true;
      this.#working = this.#write()
        .then(() => {
          if (this.#trouble) this.#parts.log.info('what ingest says of itself is written again');
          this.#trouble = undefined;
        })
        .catch((thrown: unknown) => {
          const error = asSluiceError(thrown);
          if (!this.#trouble) this.#parts.log.warn({ code: error.code }, error.message);
          this.#trouble = error;
        })
        .finally(() => {
          this.#isWriting = false;
          if (!this.#isStopped) this.#plan();
        });
    });
  }

  /** What one part cannot tell, such as a database that is not open, takes nothing from the others. */
  async #write(): Promise<void> {
    const { clock, store, log } = this.#parts;
    if (this.#round % ROUNDS_OF_TABLE === 0) this.#table = new SeriesTable();
    const nowMs = clock.nowMs();
    const batch = new ReadingBatch(this.#table);
    const failures: unknown[] = [];
    const parts = [
      this.#counters(),
      this.#judged(nowMs),
      this.#gateways(nowMs),
      this.#links(),
      this.#budgets(nowMs),
    ];
    for (const part of parts) {
      try {
        for await (const { key, value } of part) {
          if (this.#isStopped) return;
          batch.push(this.#table.intern(key).id, nowMs, value, 0);
        }
      } catch (thrown) {
        failures.push(thrown);
      }
    }
    this.#round++;
    if (batch.length > 0) {
      const { rejected } = await store.write(batch);
      if (rejected[0])
        log.debug({ rows: rejected.length, code: rejected[0].error.code }, 'own series: some are refused');
    }
    if (failures.length > 0) throw failures[0];
  }

  async *#counters(): AsyncGenerator<SelfPoint> {
    yield* counterPoints(this.#parts.counters(), this.#parts.letters.counts());
  }

  async *#judged(nowMs: number): AsyncGenerator<SelfPoint> {
    for (const point of thresholdPoints(this.#parts.judged(), nowMs)) {
      if (point) yield point;
      else await setImmediate();
    }
  }

  async *#gateways(nowMs: number): AsyncGenerator<SelfPoint> {
    for (const [index, status] of this.#parts.gateways().entries()) {
      if (index % AT_ONCE === 0) await setImmediate();
      yield* this.#gateway(status, nowMs);
    }
  }

  async *#links(): AsyncGenerator<SelfPoint> {
    const figuresOf = this.#parts.figures();
    for (const [index, link] of [...this.#parts.mesh().links.values()].entries()) {
      if (index % AT_ONCE === 0) await setImmediate();
      yield* linkBoundPoints(link);
      const figures = figuresOf(link);
      if (figures) yield* linkPoints(link, figures);
    }
  }

  #gateway(status: GatewayStatus, nowMs: number): SelfPoint[] {
    const lastMs = Math.max(status.sinceMs, status.lastSeenMs);
    if (!status.online && nowMs - lastMs > RETIRED_MS) return [];
    const { site, gateway } = status;
    const day = this.#parts.completeness(site, gateway, { fromMs: nowMs - DAY_MS, toMs: nowMs });
    const bounds: GatewayBounds = { awayS: this.#parts.awayS, completeness: this.#config.completeness };
    return gatewayPoints(status, day, bounds, nowMs);
  }

  async *#budgets(nowMs: number): AsyncGenerator<SelfPoint> {
    const calendar = calendarOf(nowMs, 'UTC')!;
    const links = [...this.#parts.mesh().links.values()];
    const rounds = Math.max(1, Math.floor(HOUR_MS / 1000 / this.#config.everyS));
    const turn = this.#round % rounds;
    for (const [index, link] of links.entries()) {
      // The first round has all of a small mesh, so that its page is not empty for an hour.
      if (index % rounds !== turn && !(this.#round === 0 && index < rounds)) continue;
      if (this.#isStopped) break;
      const { budgets } = await this.#parts.budgets.ofLink(link.id, nowMs, calendar);
      yield* budgetPoints(link, budgets);
    }
  }
}
