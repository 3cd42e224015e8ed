import { readFileSync } from 'node:fs';
import { BudgetDesk } from '../sla/budget/budget-desk.ts';
import { EvidenceBook } from '../sla/evidence/evidence-book.ts';
import { statedExclusions } from '../sla/maintenance/stated-exclusions.ts';
import { OutageDesk } from '../sla/outages/outage-desk.ts';
import { StatementDesk } from '../sla/statement/statement-desk.ts';
import { VerdictDesk } from '../sla/verdict/verdict-desk.ts';
import type { Books } from './books.ts';
import type { Ground } from './ground.ts';

/** What statements name as their maker. */
const PROGRAM = `Sluice ${JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')).version}`;

export type LinkDesks = ReturnType<typeof createLinkDesks>;

/** What is said of links, all of it from the evidence in the store, the mesh and maintenance windows. */
export function createLinkDesks(ground: Ground, { mesh: book, maintenance }: Books) {
  const { config, store, clock, log, folder } = ground;
  const mesh = () => book.mesh;
  const evidence = new EvidenceBook({ store, folder, clock, log });
  return {
    evidence,
    verdicts: new VerdictDesk({ store, evidence, maintenance, mesh, clock }),
    statements: new StatementDesk({
      ...{ store, clock, folder, mesh, hostId: config.hostId, program: PROGRAM },
      exclusions: (link, range) => statedExclusions(maintenance, link, range),
    }),
    budgets: new BudgetDesk({ store, mesh, log, evidence, maintenance }),
    outages: new OutageDesk({ store, mesh, clock, log }),
  };
}
