import { SluiceError } from '../../../core/errors.ts';
import { judgedKind, type Link, type Mesh, type Objective } from '../../../core/links/mesh.ts';
import type { Log } from '../../../core/log.ts';
import type { Store } from '../../stores/store.ts';
import type { EvidenceBook } from '../evidence/evidence-book.ts';
import { overlapping } from '../evidence/exclusion.ts';
import type { MaintenanceBook } from '../maintenance/maintenance-book.ts';
import { exclusionsOf } from '../maintenance/maintenance-window.ts';
import { scanEvidence } from '../outages/scan-evidence.ts';
import { type Budget, budgetReport, type Calendar } from './budget-report.ts';
import { RECORDS_MS } from './burn-rules.ts';
import { countsOf } from './counts-of.ts';
import type { RecordCounts } from './link-counts.ts';

const HOUR_MS = 3_600_000;

export interface LinkBudget {
  readonly link: string;
  readonly atMs: number;
  readonly objective: Objective;
  readonly budgets: readonly Budget[];
  /** As if every window were as it was when it began; only where one is not. */
  readonly withoutRetroactive?: readonly Budget[];
}

/** Some evidence with what takes it out: an hour of it or a part, or one record of the last hours. */
interface Part extends RecordCounts {
  readonly isExcluded: boolean;
  /** So it would be if every window were as it was when it began. */
  readonly isOutAsPlanned: boolean;
}

interface BudgetDeskParts {
  readonly store: Pick<Store, 'scan'>;
  readonly evidence: Pick<EvidenceBook, 'read'>;
  readonly maintenance: Pick<MaintenanceBook, 'find'>;
  readonly mesh: () => Mesh;
  readonly log: Log;
}

/**
 * Error budgets of links: of the last hours from their records, of what was before from hours that are kept merged. Throws
 * `NOT_FOUND` for a link that the mesh has not, and as `Store.scan`.
 */
export class BudgetDesk {
  readonly #parts: BudgetDeskParts;

  constructor(parts: BudgetDeskParts) {
    this.#parts = parts;
  }

  async ofLink(id: string, atMs: number, calendar: Calendar): Promise<LinkBudget> {
    const link = this.#parts.mesh().links.get(id);
    if (!link) throw new SluiceError('NOT_FOUND', { what: { en: `link ${id}`, zh: `链路 ${id}` } });
    const { objective } = link;
    const parts = await this.#evidence(link, atMs, calendar);
    const report = (counted: readonly RecordCounts[]) => budgetReport(objective, counted, atMs, calendar);
    const budgets = report(parts.filter((one) => !one.isExcluded));
    if (parts.every((one) => one.isExcluded === one.isOutAsPlanned))
      return { link: id, atMs, objective, budgets };
    const withoutRetroactive = report(parts.filter((one) => !one.isOutAsPlanned));
    return { link: id, atMs, objective, budgets, withoutRetroactive };
  }

  async #evidence(link: Link, atMs: number, { fromMs }: Calendar): Promise<Part[]> {
    const { evidence, maintenance } = this.#parts;
    const { site, gateway } = link.from;
    const windows = exclusionsOf(maintenance.find(fromMs, atMs), link.id, link);
    const cutMs = Math.floor((atMs - RECORDS_MS) / HOUR_MS) * HOUR_MS;
    const kinds = [judgedKind(link)];
    const series = await evidence.read({
      ...{ links: [link.id], kinds, fromMs, toMs: cutMs },
      exclusionsOf: () => windows,
    });
    const hours = series
      .filter(({ series: own }) => own.site === site && own.gateway === gateway)
      .flatMap(({ pieces }) => pieces)
      .map(({ cell: { measures, records }, excludedBy, isOutAsPlanned }): Part => {
        const { received, lost, late } = measures.account;
        return {
          ...{ fromMs: records.fromMs[0]!, toMs: records.toMs.at(-1)! },
          ...{ sent: received + lost + late, lost: lost + late, answered: received },
          slow: measures.roundTrip.countFrom(link.objective.latencyMs).least,
          ...{ isExcluded: excludedBy.length > 0, isOutAsPlanned },
          knownMs: records.toMs.reduce((sum, toMs, at) => sum + toMs - records.fromMs[at]!, 0),
        };
      });
    return [...hours, ...(await this.#records(link, cutMs, atMs, windows))];
  }

  async #records(
    link: Link,
    fromMs: number,
    toMs: number,
    windows: ReturnType<typeof exclusionsOf>,
  ): Promise<Part[]> {
    const { store, log } = this.#parts;
    const found = new Map<number, Part>();
    let refused = 0;
    const kinds = new Map([[link.id, judgedKind(link)]]);
    for await (const { series, record } of scanEvidence(store, kinds, { fromMs, toMs }, () => refused++)) {
      if (series.site !== link.from.site || series.gateway !== link.from.gateway) continue;
      if (record.fromMs < fromMs) continue;
      const out = overlapping(windows, record);
      found.set(record.fromMs, {
        ...countsOf(record, link.objective),
        isExcluded: out.some((one) => one.isInForce),
        isOutAsPlanned: out.some((one) => one.isPlanned),
      });
    }
    if (refused > 0)
      log.warn({ link: link.id, records: refused }, 'evidence that cannot be read is left out');
    return [...found.values()];
  }
}
