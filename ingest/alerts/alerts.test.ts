import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { LinkAgent, recordOf } from '../testing/link-agent.ts';
import { TestBroker } from '../testing/test-broker.ts';
import type { AlertEvent } from './alert-event.ts';

const POPS = ['a', 'b', 'c'];
const LINKS = POPS.flatMap((from) => POPS.filter((to) => to !== from).map((to) => [from, to] as const));
const SECOND = 1_000;
/** The machine may be busy with everything else. */
const WAITS = { withinMs: 90_000 };

/** Ingest as a process, a broker, three agents that measure each other once a second, and two gateways behind one link. */
class Backbone {
  readonly broker: TestBroker;
  readonly ingest: IngestProcess;
  readonly agents = new Map<string, LinkAgent>();
  readonly behind = new Map<string, LinkAgent>();
  readonly down = new Set<string>();
  #toMs = Math.floor(Date.now() / SECOND) * SECOND;

  private constructor(broker: TestBroker, folder: string) {
    this.broker = broker;
    writeFileSync(
      join(folder, 'mesh.yaml'),
      stringify({
        ...{ site: 'net', recordS: 1, networks: { n: {} }, meshes: [{}] },
        // So generous that no budget burns: whatever is told here is an outage.
        classes: { intra: { objective: { loss: 0.9 } } },
        pops: Object.fromEntries(POPS.map((pop, n) => [pop, { network: 'n', address4: `192.0.2.${n + 1}` }])),
        links: [{ from: 'a', to: 'b', behind: ['farm.pump', 'farm.dam'] }],
      }),
    );
    this.ingest = new IngestProcess(folder, {
      ...{ broker: { url: broker.url }, http: { port: 0, signIn: 'off' }, mesh: 'mesh.yaml' },
      alerts: { everyS: 1, silentAfterS: 1, outageAfterS: 1, settleS: 3, joinS: 5 },
    });
  }

  static async start(): Promise<Backbone> {
    const broker = new TestBroker(await freePort());
    await broker.start();
    onTestFinished(() => broker.stop());
    const one = new Backbone(broker, temporaryFolder());
    await one.ingest.start();
    for (const pop of POPS) {
      const links = LINKS.filter(([from]) => from === pop).map(([from, to]) => `${from}_${to}`);
      one.agents.set(pop, await LinkAgent.connect(broker.url, 'net', pop, links));
    }
    for (const name of ['pump', 'dam'])
      one.behind.set(name, await LinkAgent.connect(broker.url, 'farm', name));
    onTestFinished(async () => {
      for (const agent of [...one.agents.values(), ...one.behind.values()]) await agent.end();
    });
    const timer = setInterval(() => one.tick(), 200);
    onTestFinished(() => clearInterval(timer));
    return one;
  }

  /** Each agent tells of each second once it is over. */
  tick(): void {
    while (this.#toMs + SECOND <= Date.now()) {
      const fromMs = this.#toMs;
      this.#toMs += SECOND;
      for (const [from, to] of LINKS) {
        const link = `${from}_${to}`;
        const lost = this.down.has(link) ? 10 : 0;
        this.agents.get(from)?.report(link, recordOf(fromMs, this.#toMs, 10, lost));
      }
    }
  }

  alerts = async (query = ''): Promise<AlertEvent[]> =>
    (await this.ingest.get<{ alerts: AlertEvent[] }>(`/api/v1/alerts${query}`)).alerts;
}

it('tells a link that is cut, and the gateways behind it, as one event with its cause, over kill -9', async () => {
  const { ingest, down, behind, broker, alerts } = await Backbone.start();
  await eventually(async () => {
    const { gateways } = await ingest.get<{ gateways: { online: boolean }[] }>('/api/v1/gateways');
    expect(gateways.filter(({ online }) => online)).toHaveLength(5);
    return true;
  });
  // First nothing but the silence is seen.
  for (const gateway of behind.values()) gateway.vanish();
  down.add('a_b').add('b_a');
  await eventually(async () => {
    const [event, ...others] = await alerts();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ key: 'link:a_b', kind: 'link', severity: 'critical' });
    expect(event!.silent.map(({ subject }) => subject)).toEqual(['farm/dam', 'farm/pump']);
    expect(event!.words.en).toMatch(
      /^Links a_b, b_a between a and b are down; 2 gateways are silent behind it/,
    );
    return true;
  }, WAITS);
  const [before] = await alerts();

  await ingest.kill();
  await ingest.start();
  expect(await alerts('?state=all')).toMatchObject([{ id: before!.id, raisedMs: before!.raisedMs }]);
  const metrics = await ingest.text('/metrics');
  expect(metrics).toContain('sluice_alerts_open{kind="link",severity="critical"} 1');

  // The link comes back, one of the gateways too: the other becomes an event of its own after the grace.
  down.clear();
  behind.set('pump', await LinkAgent.connect(broker.url, 'farm', 'pump'));
  await eventually(async () => {
    const left = await alerts();
    expect(left.map(({ key }) => key)).toEqual(['gateway:farm/dam']);
    expect(left[0]).toMatchObject({ after: before!.id });
    return true;
  }, WAITS);
  const all = await alerts('?state=all');
  expect(all.map(({ key, foldedInto }) => [key, foldedInto])).toEqual([
    ['gateway:farm/dam', undefined],
    ['link:a_b', undefined],
  ]);

  const { outages, availability } = await ingest.get<{
    outages: { attribution: { fault: string; reverse: string } }[];
    availability: number;
  }>('/api/v1/links/a_b/outages');
  // These agents keep nothing for an ingest that is away, so its end may not be known.
  expect(outages.at(-1)).toMatchObject({ attribution: { fault: 'link', reverse: 'down' } });
  expect(availability).toBeLessThan(1);
  const { links } = await ingest.get<{ links: { link: string }[] }>('/api/v1/links/outages');
  expect(links.filter(({ link }) => ['a_b', 'b_a'].includes(link))).toHaveLength(2);
  const { budgets } = await ingest.get<{ budgets: { kind: string; days30: { bad: number } }[] }>(
    '/api/v1/links/a_b/budget',
  );
  expect(budgets.find(({ kind }) => kind === 'loss')!.days30.bad).toBeGreaterThan(0);
}, 180_000);

it('tells a point whose links are all down as one event', async () => {
  const { agents, down, alerts } = await Backbone.start();
  await eventually(async () => (await alerts()).length === 0);
  agents.get('c')!.vanish();
  agents.delete('c');
  down.add('a_c').add('b_c');
  await eventually(async () => {
    const [event, ...others] = await alerts();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ key: 'pop:c', silent: [{ subject: 'net/c' }] });
    return true;
  }, WAITS);
  expect(await alerts('?state=all')).toHaveLength(1);
}, 120_000);

it('tells nothing of a link at which somebody is at work, names the work, and tells what is left of it afterwards', async () => {
  const { ingest, down, alerts } = await Backbone.start();
  const fromMs = Date.now() - 1_000;
  const [from, to] = [fromMs, fromMs + 3_600_000].map((ms) => new Date(ms).toISOString());
  const window = { from, to, reason: 'new fibre', issuer: 'ann', links: ['a_b'] };
  const entered = await ingest.post('/api/v1/maintenance', window);
  expect(entered.status, JSON.stringify(entered.body)).toBe(201);
  down.add('a_b').add('b_c');
  await eventually(async () => {
    expect((await alerts()).map(({ key }) => key)).toEqual(['link:b_c']);
    return true;
  }, WAITS);
  const { suppressed } = await ingest.get<{ suppressed: object[] }>('/api/v1/alerts');
  expect(suppressed).toMatchObject([
    { condition: { key: 'outage:a_b' }, maintenance: { reason: 'new fibre' } },
  ]);
  await ingest.post(`/api/v1/maintenance/${entered.body.id}/withdraw`, {
    issuer: 'ann',
    reason: 'not today',
  });
  await eventually(async () => (await alerts()).length === 2, WAITS);
}, 180_000);
