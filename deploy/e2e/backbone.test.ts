import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { freeUdpPort } from '../../core/testing/free-udp-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { LastReply } from './farm.ts';
import { RunningProcess } from './process.ts';

/** `deploy/backbone.yaml` with all that it names, on ports that are free here. */
async function copyOfBackbone() {
  const folder = temporaryFolder();
  cpSync('deploy/backbone', join(folder, 'backbone'), { recursive: true });
  cpSync('deploy/backbone.yaml', join(folder, 'backbone.yaml'));
  cpSync('broker/sample.yaml', join(folder, 'broker.yaml'));
  const [mqtt, webSocket, http] = [await freePort(), await freePort(), await freePort()];
  const ports = new Map([
    ['1883', mqtt],
    ['8083', webSocket],
  ]);
  for (const port of ['8621', '8622', '8623', '8631', '8632', '8633']) ports.set(port, await freeUdpPort());
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.yaml'),
  );
  for (const name of files) {
    const file = join(folder, name);
    const text = readFileSync(file, 'utf8').replaceAll(/\b\d{4}\b/g, (port) =>
      String(ports.get(port) ?? port),
    );
    writeFileSync(file, text.replace('../broker/sample.yaml', 'broker.yaml'));
  }
  const ingest = join(folder, 'backbone/ingest.yaml');
  writeFileSync(ingest, `${readFileSync(ingest, 'utf8')}\nhttp: { port: ${http}, signIn: off }\n`);
  return { folder, url: `http://127.0.0.1:${http}` };
}

interface MeshReply {
  readonly pops: readonly { readonly id: string; readonly agent: { online: boolean; plan: string } }[];
}

const POPS = ['cq1', 'cq2', 'sh1'];
const LINKS = POPS.flatMap((from) => POPS.filter((to) => to !== from).map((to) => `${from}_${to}`));

test('a new user sees a backbone: three agents that go by their plans, evidence of six links, and stops it', async () => {
  const { folder, url } = await copyOfBackbone();
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
