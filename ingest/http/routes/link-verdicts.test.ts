import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeLinkRecord } from '../../../core/links/link-record.ts';
import type { Link, Mesh } from '../../../core/links/mesh.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { EvidenceBook } from '../../sla/evidence/evidence-book.ts';
import { MaintenanceBook } from '../../sla/maintenance/maintenance-book.ts';
import { evidenceBatch, madeRecord } from '../../sla/testing/evidence.ts';
import { VerdictDesk } from '../../sla/verdict/verdict-desk.ts';
import { MemoryStore } from '../../testing/memory-store.ts';
import type { App } from '../app.ts';
import { buildApp } from '../build-app.ts';
import { FakeSources } from '../testing/fake-sources.ts';

const START_MS = Date.UTC(2026, 9, 1);
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const log = pino({ level: 'silent' });
const FROM_TO = `from=${START_MS}&to=${START_MS + 6 * HOUR_MS}`;

const pop = (id: string) => ({
  id,
  network: `n-${id}`,
  site: 'backbone',
  gateway: `pop-${id}`,
  name: { en: id, zh: id },
});
const link = (from: string, to: string): Link => ({
  ...{ id: `${from}-${to}`, from: pop(from), to: pop(to), class: 'inter', behind: [] },
  objective: { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 },
  probes: [{ kind: 'stamp' } as Link['probes'][number]],
});

let app: App;
let links: Map<string, Link>;
let store: MemoryStore;
let clock: FakeClock;
let maintenance: MaintenanceBook;
let evidence: EvidenceBook;

beforeEach(async () => {
  const folder = temporaryFolder();
  clock = new FakeClock(START_MS + 6 * HOUR_MS);
  store = new MemoryStore();
  await store.start();
  evidence = new EvidenceBook({ store, folder, clock, log });
  await evidence.start();
  maintenance = new MaintenanceBook({ folder, clock, log });
  await maintenance.start();
  links = new Map([link('a', 'b'), link('b', 'a')].map((one) => [one.id, one]));
  const mesh: Mesh = { version: '1', recordS: 60, pops: new Map(), links };
  const sources = new FakeSources();
  sources.maintenance = maintenance;
  sources.verdicts = new VerdictDesk({ store, evidence, maintenance, mesh: () => mesh, clock });
  app = await buildApp(sources, { clock, log });
});

afterEach(async () => {
  await app.close();
  await evidence.stop();
  await maintenance.stop();
});

async function ask(url: string) {
  const reply = await app.inject({ url });
  return { status: reply.statusCode, body: reply.json() };
}

const put = (id: string, lost: (minute: number) => number, minutes = 360, gateway = 'pop-a') =>
  store.write(
    evidenceBatch(
      { link: id, gateway },
      Array.from({ length: minutes }, (_, at) =>
        madeRecord({ fromMs: START_MS + at * MINUTE_MS, lost: lost(at), received: 60 - lost(at) }),
      ),
    ),
  );

describe('the verdict on a link', () => {
  it('passes with the evidence for it, and says how much of the time that covers', async () => {
    await put('a-b', () => 0, 180);
    const { status, body } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({ verdict: 'pass', links: [{ id: 'a-b', from: 'a', to: 'b' }] });
    const [probe] = body.probes;
    expect(probe).toMatchObject({ kind: 'stamp', judged: true, records: 180 });
    expect(probe.account).toEqual({
      ...{ scheduled: 10_800, received: 10_800, lost: 0, late: 0, notSent: 0, invalid: 0, excluded: 0 },
    });
    expect(probe.loss).toMatchObject({ verdict: 'pass', samples: 10_800, share: 0, limit: 0.003 });
    expect(probe.latency).toMatchObject({ verdict: 'pass', limitMs: 30, quantile: 0.95 });
    expect(Math.abs(probe.roundTrip.p95 / 12 - 1)).toBeLessThan(0.01);
    expect(probe.coverage.share).toBeCloseTo(0.5, 9);
    expect(probe.coverage.holes).toEqual([{ fromMs: START_MS + 3 * HOUR_MS, toMs: START_MS + 6 * HOUR_MS }]);
  });

  it('is insufficient without evidence, and 404 for what nobody knows', async () => {
    const { body } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}`);
    expect(body.verdict).toBe('insufficient');
    expect(body.probes[0]).toMatchObject({
      records: 0,
      coverage: { share: 0, fromMs: null },
      roundTrip: { p50: null },
    });
    const unknown = await ask(`/api/v1/links/x-y/sla?${FROM_TO}`);
    expect([unknown.status, unknown.body.code]).toEqual([404, 'NOT_FOUND']);
    const wrong = await ask('/api/v1/links/a-b/sla?from=yesterday');
    expect([wrong.status, wrong.body.details.field]).toEqual([400, 'from']);
  });

  it('of a link that left the mesh is told without an objective', async () => {
    await put('old', () => 1);
    const { body } = await ask(`/api/v1/links/old/sla?${FROM_TO}`);
    expect(body).toMatchObject({ verdict: null, objective: null, links: [{ class: 'inter', from: null }] });
    expect(body.probes[0].loss).toMatchObject({ verdict: null, limit: null, samples: 21_600 });
  });

  it('says of each way what a reflector told of it, and no more', async () => {
    const wayOf = (bad: object, verdict: string, samples: number) => ({ bad, verdict, samples });
    const records = Array.from({ length: 360 }, (_, at) =>
      madeRecord({
        ...{ fromMs: START_MS + at * MINUTE_MS, received: 59, lost: 1 },
        ...(at % 10 > 0 ? { lostReturn: 1 } : at > 0 ? { lostForward: 1 } : {}),
      }),
    );
    await store.write(evidenceBatch({ link: 'a-b', gateway: 'pop-a' }, records));
    const { body } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}`);
    const { forward, back } = body.probes[0];
    // Of the very first nothing is known.
    expect(forward).toMatchObject(wayOf({ least: 35, most: 36 }, 'pass', 21_600));
    expect(back).toMatchObject(wayOf({ least: 324, most: 325 }, 'breach', 21_565));
    expect([forward.share, back.share]).toEqual([null, null]);
    expect([body.verdict, forward.latency.count]).toEqual(['breach', 0]);
    await put('b-a', () => 1, 360, 'pop-b');
    const { body: untold } = await ask(`/api/v1/links/b-a/sla?${FROM_TO}`);
    const either = wayOf({ least: 0, most: 360 }, 'insufficient', 21_600);
    expect(untold.probes[0]).toMatchObject({ verdict: 'breach', forward: either, back: either });
  });

  it('takes no evidence from another gateway, and names it', async () => {
    await put('a-b', () => 0);
    await put('a-b', () => 60, 360, 'impostor');
    const { body } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}`);
    expect(body.verdict).toBe('pass');
    expect(body.probes[0]).toMatchObject({ strangers: [{ site: 'backbone', gateway: 'impostor' }] });
    expect(body.probes[0].account.lost).toBe(0);
  });

  it('of several links is that of all their probes', async () => {
    await put('a-b', () => 1);
    await put('b-a', () => 1, 360, 'pop-b');
    const { body } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}&link=b-a`);
    expect(body.links).toHaveLength(2);
    expect(body.probes[0].account).toMatchObject({ scheduled: 43_200, lost: 720 });
    expect(body.verdict).toBe('breach');
  });

  it('of several links does not hide one without evidence, nor one that is judged by other probes', async () => {
    await put('a-b', () => 0);
    const { body: half } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}&link=b-a`);
    expect(half.probes[0].coverage.share).toBeCloseTo(0.5, 9);
    links.set('b-a', { ...link('b', 'a'), probes: [{ kind: 'icmp' } as Link['probes'][number]] });
    const { body } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}&link=b-a`);
    expect([body.verdict, body.objective]).toEqual([null, null]);
  });

  it('is refused for more hours of more links than there is memory for', async () => {
    const year = `from=2025-10-01T00:00:00Z&to=2026-10-01T00:00:00Z`;
    const more = Array.from({ length: 5 }, (_, at) => `&link=l${at}`).join('');
    const { status, body } = await ask(`/api/v1/links/a-b/sla?${year}${more}`);
    expect([status, body.code]).toEqual([400, 'QUERY_TOO_LARGE']);
  });
});

describe('maintenance windows', () => {
  const body = (fromMinute: number, toMinute: number, more = {}) => ({
    ...{ links: ['a-b'], reason: 'fibre moved', issuer: 'li', ...more },
    from: String(START_MS + fromMinute * MINUTE_MS),
    to: String(START_MS + toMinute * MINUTE_MS),
  });
  const post = async (url: string, payload: unknown, method: 'POST' | 'PUT' = 'POST') => {
    const reply = await app.inject({ method, url, payload: payload as object });
    return { status: reply.statusCode, body: reply.json() };
  };

  it('entered before they begin take whole records out, and nothing else changes', async () => {
    clock.stepWall(-7 * HOUR_MS);
    const { status, body: window } = await post(
      '/api/v1/maintenance',
      body(60.5, 90, { links: [], networks: ['n-b'] }),
    );
    expect([status, window.retroactive, window.issuer]).toEqual([201, false, 'api:li']);
    clock.stepWall(7 * HOUR_MS);
    await put('a-b', (minute) => (minute >= 60 && minute < 90 ? 30 : 0));
    const { body: told } = await ask(`/api/v1/links/a-b/sla?${FROM_TO}`);
    expect(told.verdict).toBe('pass');
    expect(told.probes[0].account).toEqual({
      ...{ scheduled: 21_600, received: 19_800, lost: 0, late: 0, notSent: 0, invalid: 0, excluded: 1_800 },
    });
    expect(told.probes[0].exclusions).toMatchObject([
      { id: window.id, probes: 1_800, reason: 'fibre moved', issuer: 'api:li' },
    ]);
    expect(told.probes[0].withoutRetroactive).toBeUndefined();
    expect(told.probes[0].coverage.share).toBe(1);
  });

  it('entered afterwards are shown, with the verdict that there would be without them', async () => {
    await put('a-b', (minute) => (minute % 3 === 0 ? 30 : 0));
    expect((await ask(`/api/v1/links/a-b/sla?${FROM_TO}`)).body.verdict).toBe('breach');
    const { body: window } = await post('/api/v1/maintenance', body(0, 360));
    expect(window).toMatchObject({ retroactive: true, enteredMs: START_MS + 6 * HOUR_MS });
    const [probe] = (await ask(`/api/v1/links/a-b/sla?${FROM_TO}`)).body.probes;
    expect(probe).toMatchObject({
      verdict: 'insufficient',
      account: { scheduled: 21_600, excluded: 21_600 },
    });
    expect(probe.withoutRetroactive).toMatchObject({
      verdict: 'breach',
      account: { lost: 3_600, excluded: 0 },
    });
    expect(probe.exclusions).toMatchObject([{ retroactive: true, probes: 21_600 }]);
  });

  it('that are withdrawn take nothing out, stay to be seen, and cannot be changed any more', async () => {
    await put('a-b', () => 0);
    const { body: window } = await post('/api/v1/maintenance', body(0, 60));
    const url = `/api/v1/maintenance/${window.id}`;
    expect((await post(url, body(0, 30), 'PUT')).body.toMs).toBe(START_MS + 30 * MINUTE_MS);
    const gone = await post(`${url}/withdraw`, { issuer: 'wang', reason: 'wrong link' });
    expect(gone.body.withdrawn).toMatchObject({ by: 'api:wang', reason: 'wrong link' });
    const again = await post(url, body(0, 90), 'PUT');
    expect([again.status, again.body.code]).toEqual([409, 'MAINTENANCE_WITHDRAWN']);
    const [probe] = (await ask(`/api/v1/links/a-b/sla?${FROM_TO}`)).body.probes;
    expect(probe.account.excluded).toBe(0);
    expect(probe.exclusions).toMatchObject([{ probes: 0, withdrawn: { by: 'api:wang' } }]);
    const { changes } = (await ask(url)).body;
    expect(changes.map(({ action, issuer }: Record<string, string>) => `${action} ${issuer}`)).toEqual([
      'entered api:li',
      'changed api:li',
      'withdrawn api:wang',
    ]);
    expect((await ask(`/api/v1/maintenance?${FROM_TO}`)).body.windows).toHaveLength(1);
  });

  it('that were planned and are shortened, moved or withdrawn once they began show the verdict as it was planned', async () => {
    await put('a-b', (minute) => (minute < 60 ? 0 : 1));
    const planned = async () => {
      clock.stepWall(-7 * HOUR_MS);
      const { body: window } = await post('/api/v1/maintenance', body(0, 60));
      clock.stepWall(7 * HOUR_MS);
      return `/api/v1/maintenance/${window.id}`;
    };
    const told = async () => (await ask(`/api/v1/links/a-b/sla?${FROM_TO}`)).body.probes[0];
    const first = await planned();
    expect(await told()).toMatchObject({
      account: { excluded: 3_600 },
      exclusions: [{ retroactive: false }],
    });
    expect((await told()).withoutRetroactive).toBeUndefined();

    const shortened = await post(first, body(0, 30), 'PUT');
    expect(shortened.body).toMatchObject({
      retroactive: true,
      planned: { fromMs: START_MS, toMs: START_MS + 60 * MINUTE_MS },
    });
    expect(await told()).toMatchObject({
      account: { excluded: 1_800 },
      withoutRetroactive: { account: { excluded: 3_600 } },
    });
    // Far from where it now is, what it was planned to take out is still shown.
    await post(first, body(-500, -400), 'PUT');
    expect(await told()).toMatchObject({
      account: { excluded: 0 },
      withoutRetroactive: { account: { excluded: 3_600 } },
      exclusions: [{ probes: 0, retroactive: true }],
    });
    const withdrawn = await post(`${first}/withdraw`, { issuer: 'wang', reason: 'it was quiet' });
    expect(withdrawn.body).toMatchObject({ retroactive: true, planned: { fromMs: START_MS } });
    expect(await told()).toMatchObject({
      account: { excluded: 0 },
      withoutRetroactive: { account: { excluded: 3_600 } },
    });
    const { body: matrix } = await ask(`/api/v1/links/matrix?${FROM_TO}`);
    const cell = matrix.links.find(({ id }: { id: string }) => id === 'a-b');
    expect([cell.samples, cell.withoutRetroactive.samples]).toEqual([21_600, 18_000]);
    expect(matrix.classes[0].withoutRetroactive.account.excluded).toBe(3_600);
  });

  it('that are changed or withdrawn before they begin are as if they had been entered so', async () => {
    await put('a-b', () => 0);
    clock.stepWall(-7 * HOUR_MS);
    const { body: first } = await post('/api/v1/maintenance', body(0, 60));
    const { body: changed } = await post(`/api/v1/maintenance/${first.id}`, body(60, 90), 'PUT');
    expect(changed).toMatchObject({ retroactive: false, planned: { toMs: START_MS + 90 * MINUTE_MS } });
    const { body: second } = await post('/api/v1/maintenance', body(0, 60));
    const gone = await post(`/api/v1/maintenance/${second.id}/withdraw`, { issuer: 'li', reason: 'x' });
    expect(gone.body).toMatchObject({ retroactive: false, planned: null });
    clock.stepWall(7 * HOUR_MS);
    const [probe] = (await ask(`/api/v1/links/a-b/sla?${FROM_TO}`)).body.probes;
    expect(probe.account.excluded).toBe(1_800);
    expect(probe.withoutRetroactive).toBeUndefined();
  });

  it('that apply to nothing are refused', async () => {
    const { status, body: refused } = await post('/api/v1/maintenance', body(0, 60, { links: [] }));
    expect([status, refused.details.field]).toEqual([400, 'links']);
  });
});

describe('the matrix', () => {
  it('has every link of the mesh, and the links of each class together', async () => {
    await put('a-b', () => 0);
    await put('b-a', () => 1, 360, 'pop-b');
    await put('old', () => 0, 60);
    const { body } = await ask(
      `/api/v1/links/matrix?from=${START_MS + 10 * MINUTE_MS}&to=${START_MS + 6 * HOUR_MS}`,
    );
    expect(body.fromMs).toBe(START_MS);
    const told = Object.fromEntries(body.links.map((one: { id: string }) => [one.id, one]));
    expect(told['a-b']).toMatchObject({
      from: 'a',
      to: 'b',
      verdict: 'pass',
      loss: 0,
      samples: 21_600,
      coverage: 1,
    });
    expect(told['b-a']).toMatchObject({ verdict: 'breach', loss: 1 / 60 });
    expect(told.old).toMatchObject({ from: null, verdict: null });
    expect(body.classes).toMatchObject([
      {
        class: 'inter',
        links: 3,
        verdicts: { pass: 1, breach: 1, insufficient: 0 },
        account: { scheduled: 46_800 },
      },
    ]);
  });
});

describe('latency over time', () => {
  it('has each record in the window in which it starts, whatever time its reading has', async () => {
    const text = encodeLinkRecord(madeRecord({ fromMs: START_MS + 59 * MINUTE_MS }));
    await store.write(
      evidenceBatch({ link: 'a-b' }, [
        { timeMs: START_MS + 60 * MINUTE_MS, text },
        madeRecord({ fromMs: START_MS + 61 * MINUTE_MS }),
      ]),
    );
    const { body } = await ask(`/api/v1/links/a-b/latency?${FROM_TO}&every=1h`);
    expect(body.points).toMatchObject([
      { timeMs: START_MS, sent: 60 },
      { timeMs: START_MS + HOUR_MS, sent: 60 },
    ]);
  });

  it('has percentiles and loss of each window, without what is excluded', async () => {
    await put('a-b', (minute) => (minute < 60 ? 6 : 0));
    maintenance.enter({
      links: ['a-b'],
      pops: [],
      networks: [],
      reason: 'x',
      issuer: 'y',
      fromMs: START_MS + HOUR_MS,
      toMs: START_MS + 2 * HOUR_MS,
    });
    const { body } = await ask(`/api/v1/links/a-b/latency?${FROM_TO}&every=1h`);
    expect(body.points.map(({ timeMs }: { timeMs: number }) => (timeMs - START_MS) / HOUR_MS)).toEqual([
      0, 2, 3, 4, 5,
    ]);
    expect(body.points[0]).toMatchObject({ sent: 3_600, lost: 360, loss: 0.1 });
    expect(Math.abs(body.points[0].p50 / 12 - 1)).toBeLessThan(0.01);
    const tooFine = await ask(`/api/v1/links/a-b/latency?${FROM_TO}&every=1s`);
    expect([tooFine.status, tooFine.body.details.field]).toEqual([400, 'every']);
  });
});
