import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { decodeMark, formatConfirmation, LEDGER_METRICS } from '../../core/ledger.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { EDGE_SUBSCRIPTIONS, formatTopic, parseTopic } from '../../core/sparkplug/topic.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { Confirmed } from './confirmed.ts';
import { LoadConfig } from './load-config.ts';
import { LoadFleet } from './load-fleet.ts';
import { gatewayId, type LoadPlan, loadReading } from './load-reading.ts';

/** A broker, and a host that keeps what comes and confirms it where `confirms` says so. */
async function host(port: number, isConfirming = true) {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, clientId: 'host' });
  const stored = new Map<string, number>();
  const births = new Set<string>();
  const host = { stored, births, isConfirming, repeats: 0, clients: () => aedes.connectedClients - 1 };
  client.on('message', (topic, bytes) => {
    const { site, type, gateway, device } = parseTopic(topic);
    if (type === 'NBIRTH') births.add(gateway);
    if (type !== 'DDATA') return;
    const { metrics, body } = decodePayload(bytes, () => DATA_TYPES.Double);
    const mark = decodeMark(body!)!;
    metrics.forEach(({ timeMs, value, alias }, at) => {
      const key = `${gateway} ${mark.first + at} ${device} ${alias} ${timeMs}`;
      if (stored.has(key)) host.repeats += 1;
      stored.set(key, Number(value));
    });
    if (!host.isConfirming) return;
    const range = { first: mark.first, last: mark.first + mark.count - 1 };
    const value = formatConfirmation({ ledger: mark.ledger, ranges: [range] });
    const confirm = { name: LEDGER_METRICS.confirm, dataType: DATA_TYPES.String, value };
    const payload = encodePayload({ timeMs: 0, metrics: [confirm] });
    client.publish(formatTopic({ site, type: 'NCMD', gateway }), Buffer.from(payload));
  });
  await client.subscribeAsync([...EDGE_SUBSCRIPTIONS]);
  onTestFinished(async () => {
    await client.endAsync(true);
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  return host;
}

function fleet(port: number, settings: Partial<LoadConfig> = {}) {
  const config = checkConfig(LoadConfig, {
    broker: { url: `mqtt://127.0.0.1:${port}` },
    gateways: 20,
    devices: 2,
    metrics: 3,
    everyMs: 200,
    messages: 10,
    resendAfterMs: 1000,
    connectPerS: 500,
    ...settings,
  });
  const announced: string[] = [];
  const made = new LoadFleet(config, 7, serviceContext({ announce: (line) => announced.push(line) }));
  onTestFinished(() => made.stop());
  made.start();
  return { made, announced };
}

/** Every reading that the plan has for its first messages, as the host keeps it. */
function expected(plan: LoadPlan, messages: number): Map<string, number> {
  const all = new Map<string, number>();
  for (let gateway = 0; gateway < plan.gateways; gateway++) {
    for (let number = 0; number < messages * plan.metrics; number++) {
      const { device, point, timeMs, value } = loadReading(plan, gateway, number);
      const alias = Number(device.slice(4)) * plan.metrics + Number(point.slice(1)) + 1;
      all.set(`${gatewayId(gateway)} ${number} ${device} ${alias} ${timeMs}`, value);
    }
  }
  return all;
}

describe('a fleet of gateways', () => {
  it('sends every reading of its plan and ends with all of them confirmed', async () => {
    const port = await freePort();
    const { stored, births } = await host(port);
    const { made, announced } = fleet(port);
    await eventually(() => announced.length > 0);
    expect(births.size).toBe(20);
    expect(stored).toEqual(expected(made.plan, 10));
    expect(JSON.parse(announced[0]!).load).toMatchObject({ produced: 600, confirmed: 600, unconfirmed: 0 });
  });

  it('sends again what is not confirmed, and what it could not send while the broker was away', async () => {
    const port = await freePort();
    const { made, announced } = fleet(port);
    await eventually(() => made.report().produced === 600);
    const late = await host(port);
    late.isConfirming = false;
    await eventually(() => late.stored.size === 600);
    await eventually(() => late.repeats > 0);
    late.isConfirming = true;
    await eventually(() => announced.length > 0);
    expect(late.stored).toEqual(expected(made.plan, 10));
    expect(made.report()).toMatchObject({ confirmed: 600, unconfirmed: 0 });
  });

  it('connects anew where it sends again and again and hears nothing, for its subscription may have got lost', async () => {
    const port = await freePort();
    const { stored, births } = await host(port, false);
    const { made, announced } = fleet(port, { gateways: 1 });
    await eventually(() => stored.size === 30);
    expect(made.report().connects).toBe(1);
    await eventually(() => made.report().connects === 2, { withinMs: 60_000 });
    expect(births.size).toBe(1);
    expect(announced).toEqual([]);
  });

  it('leaves no connection behind', async () => {
    const port = await freePort();
    const { clients, births } = await host(port);
    const { made } = fleet(port);
    await eventually(() => births.size === 20 && clients() === 20);
    await made.stop();
    await eventually(() => clients() === 0);
  });

  it('has the same readings for the same seed and start, and others for another', () => {
    const plan = {
      seed: 7,
      startMs: 0,
      gateways: 3,
      devices: 2,
      metrics: 3,
      everyMs: 1000,
      impossibleEvery: 0,
    };
    expect(expected(plan, 50)).toEqual(expected(plan, 50));
    const values = [...expected(plan, 50).values()];
    expect([...expected({ ...plan, seed: 8 }, 50).values()]).not.toEqual(values);
    expect(new Set(values).size).toBeGreaterThan(400);
    expect(Math.max(...values)).toBeLessThan(100);
  });
});

describe('confirmed numbers', () => {
  it('join, in whatever order and however they overlap', () => {
    const confirmed = new Confirmed();
    for (const [first, last] of [
      [10, 19],
      [0, 4],
      [5, 9],
      [30, 39],
      [25, 32],
    ] as const)
      confirmed.add({ first, last });
    expect(confirmed.count).toBe(35);
    expect([0, 20, 24, 25, 40].map((from) => confirmed.nextGap(from))).toEqual([20, 20, 24, 40, 40]);
    confirmed.add({ first: 0, last: 100 });
    expect(confirmed.nextGap(0)).toBe(101);
  });
});
