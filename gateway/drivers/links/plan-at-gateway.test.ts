import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import type { LinkPlan } from '../../../core/links/link-plan.ts';
import { encodePlan } from '../../../core/links/plan-text.ts';
import { decodeRequest, encodeResponse } from '../../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../../core/modbus/rtu.ts';
import { encodePayload } from '../../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { GatewayConfig } from '../../config.ts';
import { createGateway } from '../../service.ts';
import { openPtyLine, type PtyLine } from '../../testing/pty-line.ts';
import { TestBroker } from '../../testing/test-broker.ts';

/** Links to where nobody listens: that they are lost is a measurement like any other. */
function planOf(version: string, ...links: string[]): LinkPlan {
  return {
    ...{ version: version.repeat(16), recordS: 1, reflectTo: [] },
    links: links.map((link) => ({
      ...{ link, class: 'inter', to: 'far' },
      probes: [{ kind: 'tcp', address: '127.0.0.1', port: 1, everyMs: 200, timeoutMs: 100 }],
    })),
  };
}

async function setUp() {
  const folder = temporaryFolder();
  const port = join(folder, 'bus');
  const line: PtyLine = await openPtyLine(port, (frame) => {
    const { unit, pdu } = unwrapRtu(frame);
    line.send(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers: [234, 100, 812] })));
  });
  onTestFinished(() => line.unplug());
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  const brokerPort = await freePort();
  await broker.start(brokerPort);
  const config = checkConfig(GatewayConfig, {
    ...{ site: 'farm', gateway: 'shed', broker: { url: `mqtt://127.0.0.1:${brokerPort}` } },
    drivers: [
      {
        ...{ driver: 'modbus-rtu', id: 'field', port, baud: 115_200, timeoutMs: 300 },
        devices: [{ id: 'probe', unit: 1, profile: 'soil-moisture-temperature-ec', everyMs: 100 }],
      },
      { driver: 'links', id: 'links', plan: { to: ['127.0.0.0/8'] } },
    ],
  });
  const start = async () => {
    const gateway = createGateway(config, serviceContext({ dataFolder: folder, configFolder: folder }));
    onTestFinished(() => gateway.stop());
    await gateway.start(new AbortController().signal);
    return gateway;
  };
  const send = (plan: LinkPlan) =>
    broker.publish(
      'spBv1.0/farm/NCMD/shed',
      Buffer.from(
        encodePayload({
          timeMs: Date.now(),
          metrics: [
            { name: 'Links/Plan', timeMs: Date.now(), dataType: DATA_TYPES.String, value: encodePlan(plan) },
          ],
        }),
      ),
    );
  const named = (name: string) =>
    broker.seen.flatMap(({ payload }) => payload.metrics.filter((metric) => metric.name === name));
  const told = (type: string, device: string) =>
    broker.seen.filter((one) => one.type === type && one.device === device);
  const version = () => named('Links/Plan version').at(-1)?.value;
  return { broker, start, send, named, told, version };
}

test('a plan makes links devices and unmakes them; the device beside them never notices, and a restart goes on by it', async () => {
  const { broker, start, send, named, told, version } = await setUp();
  const gateway = await start();
  await eventually(() => version() === '' && told('DBIRTH', 'probe').length > 0);
  await send(planOf('a', 'l1', 'l2'));
  await eventually(() => version() === 'a'.repeat(16));
  await eventually(() => told('DDATA', 'l1').length > 0 && told('DDATA', 'l2').length > 0, {
    withinMs: 30_000,
  });
  await send(planOf('b', 'l2', 'l3'));
  await eventually(() => version() === 'b'.repeat(16));
  await eventually(() => told('DDEATH', 'l1').length > 0 && told('DDATA', 'l3').length > 0, {
    withinMs: 30_000,
  });
  expect(told('DDEATH', 'l2')).toEqual([]);
  expect(told('DDEATH', 'probe')).toEqual([]);
  const aliases = (metric: string, device: string) =>
    new Set(
      told('DBIRTH', device).map(({ payload }) => payload.metrics.find(({ name }) => name === metric)?.alias),
    );
  expect([aliases('soil/moisture', 'probe').size, aliases('link/loss/tcp', 'l2').size]).toEqual([1, 1]);
  await send(planOf('c', 'probe'));
  await eventually(() => named('Event').some(({ value }) => String(value).includes('plan-refused')));
  expect(version()).toBe('b'.repeat(16));
  await gateway.stop();
  broker.seen.length = 0;
  await start();
  await eventually(() => version() === 'b'.repeat(16) && told('DDATA', 'l3').length > 0, {
    withinMs: 30_000,
  });
  // What is kept of it is sent again by name: it has no metrics of its own any more.
  expect(told('DBIRTH', 'l1').flatMap(({ payload }) => payload.metrics)).toEqual([]);
});
