import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashPassword } from '../../core/passwords/password-hash.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { demoSettings, type Farm, lastReading, type Settings, startWith } from './farm.ts';
import { RunningProcess } from './process.ts';

const EXAMPLE = 'gateway/node-red/examples/irrigate-by-moisture.json';
const START_BELOW_PCT = 24;
const STOP_AT_PCT = 26;

/** A bed so small that half a minute of water shows, dry, and a controller that opens nothing by itself. */
function makeDry({ simulator, gateway }: Settings): void {
  Object.assign(simulator.zones[0], { areaM2: 1, initialMoisturePct: 22 });
  for (const device of simulator.buses[0].devices) delete device.programme;
  for (const device of gateway.drivers[0].devices) device.everyMs = 1_000;
  for (const { valves } of gateway.irrigation?.lines ?? []) for (const valve of valves) delete valve.unleased;
}

/** Everybody with a user and a password of their own, as on a farm whose broker others can reach. */
async function giveUsers(settings: Settings, folder: string): Promise<void> {
  const roles = {
    'pump-house': { role: 'gateway', site: 'demo-farm', gateway: 'pump-house' },
    ingest: { role: 'host' },
    flows: { role: 'automation', sites: ['demo-farm'] },
  };
  const users = await Promise.all(
    Object.entries(roles).map(async ([name, role]) => {
      writeFileSync(join(folder, `password-of-${name}`), `secret of ${name}\n`);
      return { name, ...role, passwordHash: await hashPassword(Buffer.from(`secret of ${name}`)) };
    }),
  );
  writeFileSync(join(folder, 'users.yaml'), JSON.stringify({ users }));
  settings.broker.usersFile = 'users.yaml';
  for (const [name, { broker }] of [
    ['ingest', settings.ingest] as const,
    ['pump-house', settings.gateway] as const,
  ]) {
    Object.assign(broker, { username: name, passwordFile: `password-of-${name}` });
  }
}

interface FlowNode {
  readonly id: string;
  readonly type: string;
  readonly rules?: readonly { readonly p: string }[];
}

/** The example as it is imported, with the address, user and bounds entered in the editor, and a faster beat. */
function editedExample(mqttPort: number): readonly object[] {
  const bounds: Record<string, string> = {
    'settings.startBelowPct': String(START_BELOW_PCT),
    'settings.stopAtPct': String(STOP_AT_PCT),
  };
  return (JSON.parse(readFileSync(EXAMPLE, 'utf8')) as FlowNode[]).map((node) => {
    if (node.type === 'inject') return { ...node, repeat: '1' };
    if (node.type === 'change') {
      return {
        ...node,
        rules: node.rules!.map((rule) => (bounds[rule.p] ? { ...rule, to: bounds[rule.p] } : rule)),
      };
    }
    if (node.type !== 'sluice-broker') return node;
    const credentials = { user: 'flows', password: 'secret of flows' };
    return { ...node, url: `mqtt://127.0.0.1:${mqttPort}`, credentials };
  });
}

async function startNodeRed(folder: string, mqttPort: number): Promise<void> {
  const port = await freePort();
  mkdirSync(join(folder, 'node-red'), { recursive: true });
  writeFileSync(join(folder, 'node-red', 'flows.json'), '[]');
  const program = new RunningProcess('gateway/node-red/start.ts', ['--port', String(port), '--data', folder]);
  const [, url] = await program.prints(/Node-RED: (http:\/\/\S+)\//);
  const deployed = await fetch(`${url}/flows`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'Node-RED-Deployment-Type': 'full' },
    body: JSON.stringify(editedExample(mqttPort)),
  });
  expect(deployed.status).toBe(204);
}

function valve(farm: Farm, isOpen: boolean) {
  const query = 'measurement=irrigation&field=valve_state&point=v1';
  return lastReading(farm, query, ({ value }) => value === (isOpen ? 1 : 0), 40_000);
}

/** What the gateway said of the commands that it got, the oldest first. */
async function commandsOf(farm: Farm): Promise<object[]> {
  interface Command {
    readonly event: { readonly value: unknown; readonly outcome: string; readonly issuer: string };
  }
  return eventually(async () => {
    const { events } = await getJson<{ events: Command[] }>(`${farm.url}/api/v1/events?kind=command`);
    const told = events.map(({ event: { value, outcome, issuer } }) => ({ value, outcome, issuer }));
    return told.length >= 2 && told.reverse();
  });
}

test('a flow of Node-RED waters a dry zone: the valve opens, the soil gets wet, the valve closes', async () => {
  const { settings, folder, mqttPort } = await demoSettings();
  makeDry(settings);
  await giveUsers(settings, folder);
  const farm = await startWith(settings, folder, mqttPort);
  const closed = await valve(farm, false);
  const moisture = 'measurement=soil&field=moisture&zone=north';
  expect((await lastReading(farm, moisture)).value).toBeLessThan(START_BELOW_PCT);

  await startNodeRed(folder, mqttPort);
  const open = await valve(farm, true);
  expect(open.timeMs).toBeGreaterThan(closed.timeMs);
  await lastReading(farm, moisture, ({ value }) => Number(value) >= STOP_AT_PCT, 40_000);
  const after = await valve(farm, false);
  expect(after.timeMs).toBeGreaterThan(open.timeMs);
  expect(await commandsOf(farm)).toEqual([
    { value: true, outcome: 'applied', issuer: 'mqtt:flows' },
    { value: false, outcome: 'applied', issuer: 'mqtt:flows' },
  ]);
});
