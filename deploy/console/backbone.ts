import { systemClock } from '../../core/clock.ts';
import { encodeLinkRecord } from '../../core/links/link-record.ts';
import type { LinkClass } from '../../core/links/measures.ts';
import type { Link, Mesh, Pop } from '../../core/links/mesh.ts';
import { createLog } from '../../core/log.ts';
import { packStatus } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { BudgetDesk } from '../../ingest/sla/budget/budget-desk.ts';
import { EvidenceBook } from '../../ingest/sla/evidence/evidence-book.ts';
import { MaintenanceBook } from '../../ingest/sla/maintenance/maintenance-book.ts';
import { statedExclusions } from '../../ingest/sla/maintenance/stated-exclusions.ts';
import { OutageDesk } from '../../ingest/sla/outages/outage-desk.ts';
import { StatementDesk } from '../../ingest/sla/statement/statement-desk.ts';
import { evidenceKey, madeRecord } from '../../ingest/sla/testing/evidence.ts';
import { VerdictDesk } from '../../ingest/sla/verdict/verdict-desk.ts';
import { MemoryStore } from '../../ingest/testing/memory-store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NETWORKS = [
  { id: 'west', name: { en: 'West network', zh: '西部网' } },
  { id: 'east', name: { en: 'East network', zh: '东部网' } },
  { id: 'abroad', name: { en: 'Abroad', zh: '国外' } },
];
/** The longest that a record can be: verdicts do not mind, and a thousand links are written in seconds. */
const RECORD_MS = 5 * MINUTE_MS;

interface Fate {
  readonly received: number;
  readonly lost?: number;
  readonly lostReturn?: number;
  readonly ms: number;
}

/**
 * Sources with links from each of `points` to each other one over the last 25 hours, judged by the real desks. Of the links from the first
 * point, the first loses probes on the way back and the second has not had enough of them; the third was down for half an hour.
 */
export async function backbone(points: number, folder: string): Promise<FakeSources> {
  const [clock, log] = [systemClock, createLog('silent')];
  const mesh = meshOf(points);
  const store = new MemoryStore();
  await store.start();
  const endMs = Math.floor(clock.nowMs() / RECORD_MS) * RECORD_MS;
  const links = [...mesh.links.values()];
  for (const [index, link] of links.entries()) await store.write(evidenceOf(link, index, endMs));
  const evidence = new EvidenceBook({ store, folder, clock, log });
  await evidence.start();
  const maintenance = new MaintenanceBook({ folder, clock, log });
  await maintenance.start();
  const parts = { store, clock, log, mesh: () => mesh };
  const sources = new FakeSources();
  return Object.assign(sources, {
    maintenance,
    verdicts: new VerdictDesk({ ...parts, evidence, maintenance }),
    outages: new OutageDesk(parts),
    budgets: new BudgetDesk({ ...parts, evidence, maintenance }),
    statements: new StatementDesk({
      ...{ ...parts, folder, hostId: 'test', program: 'test' },
      exclusions: (link, range) => statedExclusions(maintenance, link, range),
    }),
    mesh: {
      mesh: () => ({
        ...{ version: '1', recordS: RECORD_MS / 1000, links: links.length, networks: NETWORKS },
        pops: [...mesh.pops.values()].map((pop) => ({ ...pop, addresses: [], agent: agentOf(pop) })),
      }),
      links: () => links.map((link) => ({ ...link, agent: agentOf(link.from) })),
    },
  });
}

function agentOf({ site, gateway }: Pop) {
  return { site, gateway, online: true, plan: 'in-force' as const };
}

function meshOf(points: number): Mesh {
  const pops = Array.from({ length: points }, (_, index): Pop => {
    const { id: network } = NETWORKS[index % 10 === 9 ? 2 : index % 2]!;
    const id = `${['cq', 'sh', 'bj', 'gz', 'wh'][index % 5]}${index + 1}`;
    const name = ['Chongqing 重庆', 'Shanghai 上海', 'Beijing 北京', 'Guangzhou 广州', 'Wuhan 武汉'][
      index % 5
    ]!;
    const [en, zh] = name.split(' ') as [string, string];
    return {
      id,
      network,
      site: 'backbone',
      gateway: id,
      name: { en: `${en} ${index + 1}`, zh: `${zh}${index + 1}` },
    };
  });
  const links = pops.flatMap((from) => pops.filter((to) => to !== from).map((to) => linkOf(from, to)));
  return {
    ...{ version: '1', recordS: RECORD_MS / 1000 },
    pops: new Map(pops.map((pop) => [pop.id, pop])),
    links: new Map(links.map((link) => [link.id, link])),
  };
}

function linkOf(from: Pop, to: Pop): Link {
  const isAbroad = (from.network === 'abroad') !== (to.network === 'abroad');
  const kind: LinkClass = isAbroad ? 'international' : from.network === to.network ? 'intra' : 'inter';
  return {
    ...{ id: `${from.id}_${to.id}`, from, to, class: kind, behind: [] },
    objective: {
      ...{ latencyQuantile: 0.95, confidence: 0.95, latencyMs: isAbroad ? 200 : 30 },
      loss: kind === 'intra' ? 0.0003 : 0.003,
    },
    probes: [{ kind: 'stamp' } as Link['probes'][number]],
  };
}

function evidenceOf(link: Link, index: number, endMs: number): ReadingBatch {
  const batch = new ReadingBatch(new SeriesTable());
  const { id } = batch.table.intern(
    evidenceKey({ link: link.id, class: link.class, gateway: link.from.gateway }),
  );
  for (let fromMs = endMs - 25 * HOUR_MS; fromMs < endMs; fromMs += RECORD_MS) {
    const record = madeRecord({ fromMs, lastsMs: RECORD_MS, ...fateOf(link, index, endMs - fromMs) });
    batch.push(id, fromMs, encodeLinkRecord(record), packStatus('good', 'synced'));
  }
  return batch;
}

function fateOf({ class: kind }: Link, index: number, ageMs: number): Fate {
  const ms = (kind === 'international' ? 140 : kind === 'inter' ? 18 : 6) + (index % 7);
  const wave = ms + 2 * Math.sin(ageMs / 4 / HOUR_MS);
  if (index === 1) return { received: 5, ms: wave };
  if (index === 2 && ageMs > 3 * HOUR_MS && ageMs <= 3.5 * HOUR_MS) return { received: 0, lost: 300, ms };
  const loses = index === 0 || index % 41 === 40;
  const lost = loses && Math.floor(ageMs / RECORD_MS) % 3 === 0 ? 10 : 0;
  return { received: 300, lost, lostReturn: lost, ms: wave };
}
