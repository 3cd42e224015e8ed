import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { copyOfBackbone } from './copy-of-backbone.ts';
import type { LastReply } from './farm.ts';
import { RunningProcess } from './process.ts';

interface MeshReply {
  readonly pops: readonly { readonly id: string; readonly agent: { online: boolean; plan: string } }[];
}

const POPS = ['cq1', 'cq2', 'sh1'];
const LINKS = POPS.flatMap((from) => POPS.filter((to) => to !== from).map((to) => `${from}_${to}`));

test('a new user sees a backbone: three agents that go by their plans, evidence of six links, and stops it', async () => {
  const folder = temporaryFolder();
  const url = await copyOfBackbone(folder, 'off');
  const options = ['--config', join(folder, 'backbone.yaml'), '--data', join(folder, 'data')];
  const backbone = new RunningProcess('deploy/start.ts', options);
  await backbone.prints(/(http:\/\/\S+)\/\s/);
  await eventually(
    async () => {
      const { pops } = await getJson<MeshReply>(`${url}/api/v1/mesh`);
      return pops.length === 3 && pops.every(({ agent }) => agent.online && agent.plan === 'in-force');
    },
    { withinMs: 60_000 },
  );
  const last = async (field: string) =>
    (await getJson<LastReply>(`${url}/api/v1/last?measurement=link&field=${field}`)).readings;
  const evidence = await eventually(
    async () => {
      const readings = await last('evidence');
      return new Set(readings.map(({ tags }) => tags.link)).size === LINKS.length && readings;
    },
    { withinMs: 60_000 },
  );
  expect(evidence.map(({ tags }) => tags.link).sort()).toEqual(LINKS);
  expect(evidence.map(({ tags }) => tags.class)).toContain('inter');
  // What is imposed there and back, and no less; how much more is up to the machine.
  const imposedMs: Record<string, number> = { cq1: 6, cq2: 8, sh1: 23 };
  for (const { tags, value } of await last('latency'))
    expect(Number(value), tags.link).toBeGreaterThan(0.8 * imposedMs[tags.link!.slice(-3)]!);
  const health = await getJson<{ status: string; components: object[] }>(`${url}/api/health`);
  expect(health.status, JSON.stringify(health.components)).toBe('up');
  expect(await backbone.signal('SIGTERM')).toBe(0);
});
