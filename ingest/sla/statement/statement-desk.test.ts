import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import type { Link, Mesh } from '../../../core/links/mesh.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { type Influxd, startInfluxd } from '../../../core/testing/influxd.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import { seededRandom } from '../../../core/testing/seeded-random.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { EmbeddedStore } from '../../stores/embedded/embedded-store.ts';
import { InfluxConfig } from '../../stores/influx/config.ts';
import { InfluxStore } from '../../stores/influx/influx-store.ts';
import type { Store } from '../../stores/store.ts';
import { EvidenceBook } from '../evidence/evidence-book.ts';
import { MaintenanceBook } from '../maintenance/maintenance-book.ts';
import { statedExclusions } from '../maintenance/stated-exclusions.ts';
import { type EvidencePlace, evidenceBatch, madeRecord } from '../testing/evidence.ts';
import { VerdictDesk } from '../verdict/verdict-desk.ts';
import type { ProbeFigures } from './figures.ts';
import { monthBounds } from './month-bounds.ts';
import { StatementDesk, type StatementWish } from './statement-desk.ts';
import { verifyStatement } from './verify-statement.ts';

const ZONE = 'Asia/Kolkata';
const { fromMs: START_MS, toMs: END_MS } = monthBounds('2026-10', ZONE)!;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const log = pino({ level: 'silent' });

const pop = (id: string) => ({
  ...{ id, network: `n-${id}`, site: 'backbone', gateway: `pop-${id}`, name: { en: id, zh: id } },
});
const LINK: Link = {
  ...{ id: 'a-b', from: pop('a'), to: pop('b'), class: 'inter', behind: [] },
  objective: { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 },
  probes: [{ kind: 'stamp' } as Link['probes'][number]],
};

async function started(store: Store) {
  const folder = temporaryFolder();
  const clock = new FakeClock(START_MS);
  await store.start(new AbortController().signal);
  const evidence = new EvidenceBook({ store, folder, clock, log });
  const maintenance = new MaintenanceBook({ folder, clock, log });
  await evidence.start();
  await maintenance.start();
  onTestFinished(async () => {
    await evidence.stop();
    await maintenance.stop();
    await store.stop();
  });
  const mesh: Mesh = { version: '1', recordS: 60, pops: new Map(), links: new Map([[LINK.id, LINK]]) };
  const verdicts = new VerdictDesk({ store, evidence, maintenance, mesh: () => mesh, clock });
  const statements = new StatementDesk({
    ...{ store, clock, folder, hostId: 'sluice', program: 'Sluice 0', mesh: () => mesh },
    exclusions: (link, range) => statedExclusions(maintenance, link, range),
  });
  const state = async (wish: Partial<StatementWish> = {}) => {
    let text = '';
    for await (const piece of statements.open({ month: '2026-10', zone: ZONE, links: ['a-b'], ...wish }))
      text += piece;
    const { findings, statement } = verifyStatement(text, statements.key().fingerprint);
    expect(findings).toEqual([]);
    return statement!.links[0]!;
  };
  const put = (place: Partial<EvidencePlace>, records: Parameters<typeof evidenceBatch>[1]) =>
    store.write(evidenceBatch({ link: 'a-b', ...place }, records));
  return { clock, maintenance, verdicts, state, put };
}

/** Records of five minutes with loss in bursts and slow hours, the same each time. */
function* records(fromMs: number, toMs: number, seed: number) {
  const random = seededRandom(seed);
  for (let at = fromMs; at < toMs; at += 5 * MINUTE_MS) {
    const lost = random() < 0.05 ? Math.floor(20 * random()) : 0;
    const ms = random() < 0.04 ? 35 : 20 + 5 * random();
    yield madeRecord({ fromMs: at, lastsMs: 5 * MINUTE_MS, received: 300 - lost, lost, ms });
  }
}

function statementSuite(open: () => Store): void {
  it('judges as GET /api/v1/links/{id}/sla does of the same time', async () => {
    const { clock, maintenance, verdicts, state, put } = await started(open());
    const middleMs = START_MS + 15 * 24 * HOUR_MS;
    // The later half is another series that comes before the first in every listing; and another gateway takes the name of the link.
    await put({ zone: 'z' }, [...records(START_MS - HOUR_MS, middleMs, 1)]);
    await put({ zone: 'a' }, [...records(middleMs + MINUTE_MS, END_MS, 2)]);
    await put({ gateway: 'impostor' }, [...records(START_MS, END_MS, 3)]);
    const window = { links: ['a-b'], pops: [], networks: [], reason: 'r', issuer: 'wang' };
    clock.stepWall(START_MS + HOUR_MS - clock.nowMs());
    maintenance.enter({ ...window, fromMs: START_MS + 5.2 * HOUR_MS, toMs: START_MS + 7.7 * HOUR_MS });
    const mistake = maintenance.enter({ ...window, fromMs: START_MS + 50 * HOUR_MS, toMs: middleMs });
    maintenance.withdraw(mistake.id, 'zhao', 'wrong link');
    clock.stepWall(END_MS + HOUR_MS - clock.nowMs());
    maintenance.enter({ ...window, fromMs: middleMs, toMs: middleMs + HOUR_MS });
    // The last record of the month reaches into it.
    maintenance.enter({ ...window, fromMs: END_MS, toMs: END_MS + HOUR_MS });

    const { exclusions, probes } = await state();
    const figures = probes[0]!.figures as ProbeFigures;
    const range = { fromMs: START_MS, toMs: END_MS };
    const { figures: told } = (await verdicts.verdict(['a-b'], range)).probes[0]!;
    expect(exclusions.map(({ withdrawn }) => withdrawn?.by)).toEqual([
      undefined,
      'zhao',
      undefined,
      undefined,
    ]);
    expect(figures.account).toEqual(told.measures.account);
    expect(figures.account.excluded).toBe((31 + 12 + 1) * 300);
    expect(figures.roundTrip.p95).toBe(told.roundTrip.p95);
    expect(figures.verdict).toBe(told.verdict);
    for (const [stated, judged] of [
      [figures.judgements[0]!, told.loss],
      [figures.judgements[1]!, told.latency!],
    ] as const) {
      expect([stated.lower, stated.upper, stated.designEffect, stated.bad, stated.probes]).toEqual([
        ...[judged.bounds.lower, judged.bounds.upper, judged.bursts.designEffect, judged.bad, judged.probes],
      ]);
      expect(stated.designEffect).toBeGreaterThan(1);
    }
  });

  it('counts what cannot be read, and says so of a month without evidence', async () => {
    const { clock, state, put } = await started(open());
    clock.stepWall(END_MS - clock.nowMs());
    expect((await state()).probes[0]!.figures).toMatchObject({ verdict: 'insufficient', records: 0 });
    await put({}, [{ timeMs: START_MS + HOUR_MS, text: 'nonsense' }]);
    await put({ gateway: 'impostor' }, [{ timeMs: START_MS + HOUR_MS, text: 'nonsense' }]);
    expect((await state()).probes[0]).toMatchObject({ leftOut: 1, blocks: [] });
  });
}

describe('a statement over the embedded store', () => {
  statementSuite(() => new EmbeddedStore(serviceContext({ dataFolder: temporaryFolder() })));
});

describeWith('influxd')('a statement over InfluxDB', () => {
  let influxd: Influxd;
  beforeAll(async () => {
    influxd = await startInfluxd();
  });
  afterAll(() => influxd.stop());
  statementSuite(() => {
    const database = `sluice-${randomUUID()}`;
    const config = checkConfig(InfluxConfig, { kind: 'influx', url: influxd.url, database });
    return new InfluxStore(config, serviceContext({ dataFolder: temporaryFolder() }));
  });
});
