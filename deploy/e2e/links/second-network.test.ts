import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isExact } from '../../../core/links/measures.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import { Agent } from './agent.ts';
import { EvidenceBroker } from './evidence-broker.ts';
import { networkProblem, SecondNetwork } from './second-network.ts';

const PROBES = 240;
const EVERY_MS = 20;
const FAMILIES = { v4: { port: 8_620 }, v6: { port: 8_621 } } as const;
const NAMES = ['v4', 'v6'] as const;
/**
 * So that of the first 500 probes no two in succession are lost: of such a pair with one lost on each way, whose probes
 * belong to two records, the directions are not told.
 */
const DROP_EVERY = { in: 20, out: 33 } as const;

const problem = networkProblem();
const describeNetworks = problem === undefined ? describeWith('ip', 'nft') : describe.skip;
if (problem !== undefined) process.stderr.write(`skipped: no second network (${problem})\n`);

describeNetworks('an agent and a reflector in two network namespaces', () => {
  const network = new SecondNetwork();
  const broker = new EvidenceBroker();
  const agents: Agent[] = [];

  beforeAll(async () => {
    network.open();
    const mqttPort = await freePort();
    await broker.start(mqttPort);
    const { ours, theirs } = network;
    const common = { site: 'backbone', outbox: { confirm: 'sent' } };
    agents.push(
      new Agent(
        {
          ...common,
          ...{ gateway: 'sh', broker: { url: 'mqtt://127.0.0.1:1' } },
          drivers: NAMES.map((id) => ({
            ...{ driver: 'stamp-reflector', id, port: FAMILIES[id].port, counting: 'stateful' },
            ...{ listen: [theirs[id]], allow: [ours[id]] },
          })),
        },
        network.command,
      ),
    );
    await eventually(() => (agents[0]!.said.match(/reflector answers/gi) ?? []).length === 2);
    // A rule counts by itself, so each flow needs its own.
    const drops = NAMES.flatMap((id) =>
      (['in', 'out'] as const).map((direction) => ({
        ...{ direction, port: FAMILIES[id].port, every: DROP_EVERY[direction] },
      })),
    );
    network.drop(drops);
    const link = (id: (typeof NAMES)[number]) => ({
      ...{ link: id, class: 'inter', to: 'sh' },
      probes: [
        {
          ...{ kind: 'stamp', address: theirs[id], port: FAMILIES[id].port, ratePerS: 1_000 / EVERY_MS },
          ...{ spacing: 'periodic', reflector: 'stateful' },
          timeoutMs: 500,
        },
      ],
    });
    agents.push(
      new Agent({
        ...common,
        ...{ gateway: 'gz', broker: { url: `mqtt://127.0.0.1:${mqttPort}` } },
        drivers: [{ driver: 'links', id: 'backbone', recordS: 1, links: NAMES.map(link) }],
      }),
    );
    await eventually(() => NAMES.every((id) => broker.total(id).account.scheduled >= PROBES), {
      withinMs: 50_000,
      everyMs: 250,
    });
  }, 60_000);

  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.stop()));
    await broker.stop();
    network.close();
  });

  it.each(NAMES)('over IP%s: what nftables drops on each way is what is measured', (family) => {
    const measured = broker.total(family);
    expect(isExact(measured)).toBe(true);
    const { account } = measured;
    const sent = account.scheduled - account.notSent;
    const { port } = FAMILIES[family];
    const there = Math.floor(sent / DROP_EVERY.in);
    const back = Math.floor((sent - there) / DROP_EVERY.out);
    // They have gone on counting meanwhile.
    expect(network.dropped('in', port)).toBeGreaterThanOrEqual(there);
    expect(network.dropped('out', port)).toBeGreaterThanOrEqual(back);
    expect(account.late).toBe(0);
    expect(account.lost).toBeLessThanOrEqual(there + back);
    expect(account.lost).toBeGreaterThanOrEqual(there + back - account.invalid);
    if (account.invalid + account.notSent === 0)
      expect(measured).toMatchObject({ lostForward: there, lostReturn: back });
  });
});
