import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { checkConfig } from '../../core/config.ts';
import { type GatewayEvent, parseGatewayEvent } from '../../core/gateway-event.ts';
import { decodeRequest, encodeResponse } from '../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../core/modbus/rtu.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { formatTopic } from '../../core/sparkplug/topic.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { GatewayConfig } from '../config.ts';
import { createGateway } from '../service.ts';
import { openPtyLine } from '../testing/pty-line.ts';
import { TestBroker } from '../testing/test-broker.ts';

type CareAnswer = Extract<GatewayEvent, { kind: 'care' }>;

const PROFILE = `protocol: modbus
title: { en: Pond probe, zh: 水质探头 }
groups: { readings: { everyMs: 200 } }
metrics: [{ quantity: water/ph, read: { table: holding, address: 0, scale: 0.1 } }]
`;

/** A gateway with a pond probe on a pseudo-terminal, at a broker where a host asks for care. */
async function setUp() {
  const folder = temporaryFolder();
  const broker = new TestBroker();
  const port = await freePort();
  await broker.start(port);
  onTestFinished(() => broker.stop());
  const line = await openPtyLine(join(folder, 'bus'), (frame) => {
    const { unit, pdu } = unwrapRtu(frame);
    if (unit === 1) line.send(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers: [72] })));
  });
  onTestFinished(() => line.unplug());
  writeFileSync(join(folder, 'pond.yaml'), PROFILE);
  const devices = [{ id: 'pond', unit: 1, profile: 'pond.yaml' }];
  const config = checkConfig(GatewayConfig, {
    site: 'farm',
    gateway: 'shed',
    broker: { url: `mqtt://127.0.0.1:${port}` },
    care: { trialS: 5 },
    drivers: [{ driver: 'modbus-rtu', id: 'field', port: join(folder, 'bus'), timeoutMs: 200, devices }],
  });
  const gateway = createGateway(config, serviceContext({ dataFolder: folder, configFolder: folder }));
  onTestFinished(() => gateway.stop());
  await gateway.start(new AbortController().signal);
  await eventually(() => broker.values('pond')['water/ph'] === 7.2);
  const answers = () =>
    broker.seen
      .flatMap(({ payload }) => payload.metrics)
      .map(({ value }) => (typeof value === 'string' ? parseGatewayEvent(value) : undefined))
      .filter((event) => event?.kind === 'care');
  const ask = async (id: string, request: object): Promise<CareAnswer> => {
    const value = JSON.stringify({ id, issuer: 'li', expiresAtMs: Date.now() + 60_000, ...request });
    const metrics = [{ name: 'Care/Request', dataType: DATA_TYPES.String, value }];
    const topic = formatTopic({ site: 'farm', type: 'NCMD', gateway: 'shed' });
    await broker.publish(topic, Buffer.from(encodePayload({ timeMs: Date.now(), metrics })));
    return eventually(() => answers().find((answer) => answer.request === id), { withinMs: 60_000 });
  };
  return { broker, ask };
}

test('a technician far away reads the settings, changes them, sees a mistake rolled back, and goes back', async () => {
  const { broker, ask } = await setUp();
  const read = await ask('read', { action: 'read-config' });
  const { config: text } = read.result as { config: string };
  const settings = parse(text);

  settings.drivers[0].devices[0].id = 'lake';
  const applied = await ask('apply', { action: 'apply-config', config: stringify(settings) });
  expect(applied).toMatchObject({ isDone: true, issuer: 'li', result: { version: 1 } });
  await eventually(() => broker.values('lake')['water/ph'] === 7.2);

  // Nothing answers as unit 9: the gateway is online, and blind.
  settings.drivers[0].devices[0].unit = 9;
  const failed = await ask('blind', { action: 'apply-config', config: stringify(settings) });
  expect(failed).toMatchObject({ isDone: false, reason: { code: 'CARE_TRIAL_FAILED' } });
  expect(failed.reason!.en).toMatch(/no device answers that answered before/);
  const before = broker.titles.filter((title) => title === 'DDATA lake').length;
  await eventually(() => broker.titles.filter((title) => title === 'DDATA lake').length > before);

  expect(await ask('back', { action: 'roll-back' })).toMatchObject({ isDone: true, result: { version: 0 } });
  await eventually(() => broker.titles.at(-1) === 'DDATA pond');
});

test('a probe from afar shows what goes over the wire', async () => {
  const { ask } = await setUp();
  const { result } = await ask('probe', { action: 'probe', device: 'pond' });
  expect(result).toMatchObject({
    readings: [{ metric: 'water/ph', value: 7.2, unit: 'pH', quality: 'good' }],
  });
});
