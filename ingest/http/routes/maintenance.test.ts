import { expect, it, onTestFinished } from 'vitest';
import { parseConfig } from '../../../core/config.ts';
import { createLog } from '../../../core/log.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { type ExpandedMesh, expandMesh } from '../../mesh/expand-mesh.ts';
import { MeshFile } from '../../mesh/mesh-file.ts';
import { MeshViews } from '../../mesh/mesh-view.ts';
import { createHostState } from '../../session/host-state.ts';
import { MaintenanceBook } from '../../sla/maintenance/maintenance-book.ts';
import { buildApp } from '../build-app.ts';
import { FakeSources } from '../testing/fake-sources.ts';

const expanded = (pops: readonly string[]) =>
  expandMesh(
    parseConfig(
      MeshFile,
      `
site: net
networks: { west: { country: CN } }
meshes: [{}]
pops:
${pops.map((id, at) => `  ${id}: { network: west, address4: 192.0.2.${at + 1} }`).join('\n')}
`,
      'mesh.yaml',
    ),
  );

async function setUp(first?: ExpandedMesh) {
  let mesh = first;
  const [clock, log] = [new FakeClock(), createLog('silent')];
  const sources = new FakeSources();
  const book = new MaintenanceBook({ folder: temporaryFolder(), clock, log });
  await book.start();
  sources.maintenance = book;
  sources.mesh = new MeshViews(
    () => mesh,
    createHostState({
      ...{ hostId: 'sluice', reorderMs: 2_000, rebirthIntervalMs: 10_000, silenceMs: 60_000 },
      ...{ rebirthsPerS: 50, maxGateways: 100, maxSeriesPerGateway: 100 },
    }),
  );
  const app = await buildApp(sources, { clock, log });
  onTestFinished(async () => {
    await app.close();
    await book.stop();
  });
  const send = async (method: 'POST' | 'PUT', url: string, scope: object) => {
    const time = { from: '2026-11-24T01:00:00Z', to: '2026-11-24T03:00:00Z', reason: 'fibre moved' };
    const reply = await app.inject({ method, url, payload: { ...time, ...scope } });
    return { status: reply.statusCode, body: reply.json() };
  };
  return {
    enter: (scope: object) => send('POST', '/api/v1/maintenance', scope),
    change: (id: string, scope: object) => send('PUT', `/api/v1/maintenance/${id}`, scope),
    goOn: (next: ExpandedMesh) => {
      mesh = next;
    },
  };
}

it('refuses a name that the mesh has not, as the window would take nothing out', async () => {
  const { enter } = await setUp(expanded(['cq', 'sh']));
  expect(await enter({ links: ['cq_sh', 'CQ_sh'] })).toMatchObject({
    status: 400,
    body: {
      code: 'REQUEST_INVALID',
      details: { field: 'links' },
      message: expect.stringContaining(`"CQ_sh"`),
    },
  });
  expect((await enter({ pops: ['west'] })).body.details.field).toBe('pops');
  expect((await enter({ networks: ['cq'] })).body.details.field).toBe('networks');
  expect((await enter({ links: ['cq_sh'], pops: ['sh'], networks: ['west'] })).status).toBe(201);
});

it('lets a window be changed whose link has gone from the mesh, and takes any name where no mesh is in force', async () => {
  const { enter, change, goOn } = await setUp();
  const { status, body: window } = await enter({ links: ['cq_gz'] });
  expect(status).toBe(201);
  goOn(expanded(['cq', 'sh']));
  expect((await change(window.id, { links: ['cq_gz', 'cq_sh'] })).status).toBe(200);
  expect((await change(window.id, { links: ['cq_gz', 'cq_hs'] })).status).toBe(400);
});
