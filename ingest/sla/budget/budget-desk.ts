import { SluiceError } from '../../../core/errors.ts';
import { judgedKind, type Mesh, type Objective } from '../../../core/links/mesh.ts';
import type { Log } from '../../../core/log.ts';
import type { Store } from '../../stores/store.ts';
import { scanEvidence } from '../outages/scan-evidence.ts';
import { type Budget, budgetFromMs, budgetReport } from './budget-report.ts';
import { countsOf } from './counts-of.ts';
import type { RecordCounts } from './link-counts.ts';

export interface LinkBudget {
  readonly link: string;
  readonly atMs: number;
  readonly objective: Objective;
  readonly budgets: readonly Budget[];
}

interface BudgetDeskParts {
  readonly store: Pick<Store, 'scan'>;
  readonly mesh: () => Mesh;
  readonly log: Log;
}

/** Error budgets of links, from their evidence in the store. Throws `NOT_FOUND` for a link that the mesh has not, and as `Store.scan`. */
export class BudgetDesk {
  readonly #parts: BudgetDeskParts;

  constructor(parts: BudgetDeskParts) {
    this.#parts = parts;
  }

  async ofLink(id: string, atMs: number): Promise<LinkBudget> {
    const link = this.#parts.mesh().links.get(id);
    if (!link) throw new SluiceError('NOT_FOUND', { what: { en: `link ${id}`, zh: `链路 ${id}` } });
    const { store, log } = this.#parts;
    const records = new Map<number, RecordCounts>();
    const range = { fromMs: budgetFromMs(atMs), toMs: atMs };
    const kinds = new Map([[id, judgedKind(link)]]);
    for await (const { record } of scanEvidence(store, kinds, range, ({ timeMs, reason }) =>
      log.warn({ link: id, timeMs, reason }, 'evidence of a link cannot be read'),
    ))
      records.set(record.fromMs, countsOf(record, link.objective));
    const { objective } = link;
    return { link: id, atMs, objective, budgets: budgetReport(objective, [...records.values()], atMs) };
  }
}
