import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { eventually } from '../../core/testing/eventually.ts';
import { getJson } from '../../core/testing/get-json.ts';
import type { Settings } from './farm.ts';
import { BUS, type CommandReply, IrrigationRig } from './irrigation-rig.ts';

const LEASE_S = 20;
const POLL_MS = 1_000;
/** Safety gets no second try. */
const UNSPARING = { retry: 0, timeout: 180_000 };
/** What processes of a busy machine may take beside the poll. */
const SLACK_MS = 1_500;

/** A valve that only the gateway closes, and links of which nobody answers. */
function valveAndLinks({ simulator, ingest, gateway }: Settings, folder: string): void {
  copyFileSync('deploy/e2e/relay-board.yaml', join(folder, 'relay-board.yaml'));
  const unit = { kind: 'valve-controller-8', maxRunS: 600, unit: 5, valves: ['south'], holdTimer: false };
  simulator.buses = [{ id: BUS, baud: 9_600, devices: [unit] }];
  const points = { v1: { zone: 'south' } };
  gateway.drivers[0].devices = [
    { id: 'relays', unit: 5, profile: 'relay-board.yaml', points, everyMs: POLL_MS },
  ];
  delete gateway.irrigation;
  gateway.drivers.push({ driver: 'links', id: 'links', plan: { to: ['127.0.0.0/8'] } });
  ingest.mesh = 'mesh.yaml';
}

/** Links from the gateway to so many points of somebody else. */
function writeMesh(folder: string, count: number): void {
  const far = Array.from({ length: count }, (_, at) => `far${at}`);
  const others = far.map((id, at) => [id, { network: 'n', agent: false, address4: `127.0.0.${at + 2}` }]);
  const pops = {
    house: { network: 'n', gateway: 'pump-house', address4: '127.0.0.1' },
    ...Object.fromEntries(others),
  };
  const probes = [{ kind: 'tcp', port: 1, everyMs: 500, timeoutMs: 200 }];
  const mesh = { site: 'demo-farm', recordS: 1, probes, networks: { n: {} }, pops };
  writeFileSync(
    join(folder, 'mesh.yaml'),
    stringify({ ...mesh, links: far.map((to) => ({ from: 'house', to })) }),
  );
}

interface MeshReply {
  readonly links: number;
  readonly pops: readonly { readonly id: string; readonly agent: { readonly plan: string } }[];
}

async function isInForce(rig: IrrigationRig, links: number): Promise<boolean> {
  const mesh = await getJson<MeshReply>(`${rig.url}/api/v1/mesh`);
  return mesh.links === links && mesh.pops.find(({ id }) => id === 'house')?.agent.plan === 'in-force';
}

async function openBesideLinks() {
  let folder = '';
  const rig = await IrrigationRig.start((settings, where) => {
    folder = where;
    valveAndLinks(settings, where);
    writeMesh(where, 2);
  });
  await eventually(() => isInForce(rig, 2).catch(() => false), { withinMs: 60_000 });
  const wish = { device: 'relays', metric: 'irrigation/valve_state/v1', validForS: 20 };
  await eventually(() => rig.ask({ ...wish, id: 'open', value: true, leaseS: LEASE_S }), {
    withinMs: 60_000,
  });
  const opened = await eventually(
    async () => {
      const reply = await rig.command('open');
      return reply?.state === 'applied' && reply;
    },
    { withinMs: 60_000 },
  );
  return { rig, folder, opened };
}

/** Whatever came between, it closed once, and the simulated valve and the host both know. */
async function closedOnce(rig: IrrigationRig): Promise<number> {
  await eventually(async () => (await rig.openings()).every((opening) => opening === 0), {
    withinMs: 60_000,
  });
  await eventually(
    async () => {
      const { readings } = await getJson<{ readings: { value: number; stale: boolean }[] }>(
        `${rig.url}/api/v1/last?device=relays&measurement=irrigation&field=valve_state`,
      );
      return readings.some(({ value, stale }) => value === 0 && !stale);
    },
    { withinMs: 60_000 },
  );
  const spans = await rig.openSpans();
  expect(spans).toHaveLength(1);
  return spans[0]!.toMs;
}

function leaseEndMs({ leaseEndsMs }: CommandReply): number {
  expect(leaseEndsMs).toBeTypeOf('number');
  return leaseEndsMs!;
}

test(
  'a valve stays open through a change of the plan, and closes when its lease ends',
  UNSPARING,
  async () => {
    const { rig, folder, opened } = await openBesideLinks();
    writeMesh(folder, 40);
    await eventually(() => isInForce(rig, 40), { withinMs: 20_000 });
    expect(Date.now()).toBeLessThan(leaseEndMs(opened));
    expect((await rig.openings()).some((opening) => opening > 0)).toBe(true);
    const lateMs = (await closedOnce(rig)) - leaseEndMs(opened);
    expect(lateMs).toBeGreaterThan(-SLACK_MS);
    expect(lateMs).toBeLessThan(POLL_MS + SLACK_MS);
  },
);

test('and so when the broker is killed and comes back while the plan changes', UNSPARING, async () => {
  const { rig, folder, opened } = await openBesideLinks();
  writeMesh(folder, 1);
  await rig.end('broker', 'SIGKILL');
  rig.run('broker');
  await eventually(() => isInForce(rig, 1), { withinMs: 60_000 });
  const lateMs = (await closedOnce(rig)) - leaseEndMs(opened);
  expect(lateMs).toBeGreaterThan(-SLACK_MS);
  expect(lateMs).toBeLessThan(POLL_MS + SLACK_MS);
});

test(
  'a gateway that is killed while its plan changes closes the valve by the end of its lease',
  UNSPARING,
  async () => {
    const { rig, folder, opened } = await openBesideLinks();
    writeMesh(folder, 3);
    await rig.end('gateway', 'SIGKILL');
    rig.run('gateway');
    await eventually(() => isInForce(rig, 3), { withinMs: 60_000 });
    expect((await closedOnce(rig)) - leaseEndMs(opened)).toBeLessThan(POLL_MS + SLACK_MS);
  },
);
