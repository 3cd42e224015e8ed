import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../../core/config.ts';
import { createLog } from '../../../core/log.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { expandMesh } from '../../mesh/expand-mesh.ts';
import { MeshFile } from '../../mesh/mesh-file.ts';
import { MeshViews } from '../../mesh/mesh-view.ts';
import { createHostState, createNode } from '../../session/host-state.ts';
import { buildApp } from '../build-app.ts';
import { FakeSources } from '../testing/fake-sources.ts';

const MESH = `
site: net
networks: { a: { name: { en: A, zh: 甲 }, country: CN } }
meshes: [{}]
pops:
  p1: { network: a, address4: 192.0.2.1 }
  p2: { network: a, address4: 192.0.2.2 }
  far: { network: a, address4: 192.0.2.3, agent: false }
`;
const OPTIONS = {
  ...{ hostId: 'sluice', reorderMs: 2_000, rebirthIntervalMs: 10_000, silenceMs: 60_000 },
  ...{ rebirthsPerS: 50, maxGateways: 100, maxSeriesPerGateway: 100 },
};

async function setUp() {
  const expanded = expandMesh(parseConfig(MeshFile, MESH, 'mesh.yaml'));
  const host = createHostState(OPTIONS);
  const sources = new FakeSources();
  sources.mesh = new MeshViews(() => expanded, host);
  const app = await buildApp(sources, { clock: new FakeClock(), log: createLog('silent') });
  onTestFinished(() => app.close());
  const born = (gateway: string, planVersion: string | undefined) => {
    const node = createNode('net', gateway, 0, OPTIONS);
    host.nodes.set(`net/${gateway}`, Object.assign(node, { online: true, planVersion }));
  };
  const get = async (url: string) => {
    const response = await app.inject(url);
    return { status: response.statusCode, body: response.json() };
  };
  return { get, born, expanded };
}

it('lists links with what they are held to, and whether their agents go by their plans', async () => {
  const { get, born, expanded } = await setUp();
  born('p1', expanded.plans.get('net/p1')!.version);
  born('p2', '0123456789abcdef');
  const { links } = (await get('/api/v1/links')).body;
  expect(links.map(({ id, agent }: { id: string; agent: object }) => [id, agent])).toEqual(
    expect.arrayContaining([
      ['p1_p2', { site: 'net', gateway: 'p1', online: true, plan: 'in-force' }],
      ['p2_far', { site: 'net', gateway: 'p2', online: true, plan: 'pending' }],
    ]),
  );
  expect(links[0]).toMatchObject({
    from: { id: 'p1', network: 'a' },
    class: 'intra',
    objective: { latencyMs: 30, loss: 0.0003 },
    probes: [{ kind: 'stamp', address: '192.0.2.2', port: 862 }],
  });
});

it('shows the mesh, also before anybody was heard of', async () => {
  const { get } = await setUp();
  const { body } = await get('/api/v1/mesh');
  expect(body).toMatchObject({
    ...{ recordS: 60, links: 4 },
    networks: [{ id: 'a', name: { zh: '甲' }, country: 'CN' }],
  });
  expect(body.pops.map(({ id, agent }: { id: string; agent: { plan: string } }) => [id, agent.plan])).toEqual(
    [
      ['p1', 'unknown'],
      ['p2', 'unknown'],
      ['far', 'none'],
    ],
  );
});

it('calculates what it takes to prove an objective', async () => {
  const { get } = await setUp();
  const { body } = await get('/api/v1/links/calculator?loss=0.03%25&ratePerS=10');
  expect(body.proofs[0]).toEqual({ lost: 0, probes: 9_985, seconds: 998.5 });
  expect(body.text.en).toContain('9 985 probes without loss; at 10/s, 17 minutes');
  expect((await get('/api/v1/links/calculator?loss=0.003&confidence=99%25')).body.confidence).toBe(0.99);
});

it.each([
  'loss=',
  'loss=2',
  'loss=0',
  'loss=0.03&confidence=1',
  'loss=0.03&ratePerS=x',
  'loss=0.03&ratePerS=0',
])('a question that has no answer (%s) is refused by name', async (query) => {
  const { get } = await setUp();
  const { status, body } = await get(`/api/v1/links/calculator?${query}`);
  expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
});
