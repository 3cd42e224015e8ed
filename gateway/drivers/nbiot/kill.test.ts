import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CODES } from '../../../core/coap/message.ts';
import { commandMetric } from '../../../core/command.ts';
import { EVENT_METRIC, parseGatewayEvent } from '../../../core/gateway-event.ts';
import { encodePayload } from '../../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { freeUdpPort } from '../../../core/testing/free-udp-port.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { TestBroker } from '../../testing/test-broker.ts';
import { Lwm2mClient } from './testing/lwm2m-client.ts';

const LINKS = '</>;rt="oma.lwm2m",</3/0>,</3303/0>,</3306/0>';

test('a gateway that is killed with a command waiting for a sleeper: it acts once at most, and has one outcome', async () => {
  const folder = temporaryFolder();
  const [brokerPort, port] = [await freePort(), await freeUdpPort()];
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  await broker.start(brokerPort);
  const config = join(folder, 'gateway.yaml');
  writeFileSync(
    config,
    `site: farm
gateway: shed
broker: { url: "mqtt://127.0.0.1:${brokerPort}" }
drivers:
  - driver: nbiot
    id: air
    port: ${port}
    awakeS: 1
    devices: [{ id: node, profile: ${join(import.meta.dirname, 'testcases/node.yaml')} }]
`,
  );
  const main = join(import.meta.dirname, '../../main.ts');
  let child: ChildProcess;
  const start = () => {
    child = spawn(process.execPath, [main, '--config', config, '--data', folder, '--log', 'error'], {
      stdio: 'ignore',
    });
  };
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const node = new Lwm2mClient(port);
  onTestFinished(() => node.close());
  const written: number[] = [];
  node.answers.set('/3303/0/5700', { payload: Buffer.from('21.5') });
  node.answers.set('PUT /3306/0/5521', { code: CODES.changed });
  node.answers.set('PUT /3306/0/5850', ({ payload }) => {
    written.push(payload.at(-1)!);
    return { code: CODES.changed };
  });
  node.answers.set('GET /3306/0/5850', () => ({ payload: Buffer.from(`${written.at(-1) ?? 0}`) }));
  const register = async () => {
    const socket = createSocket('udp4');
    let isUp = false;
    socket.on('message', () => {
      isUp = true;
    });
    // A ping, until a reset says that somebody listens.
    const ping = () => {
      socket.send(Buffer.from('40000001', 'hex'), port, '127.0.0.1', () => {});
      return isUp;
    };
    await eventually(ping, { everyMs: 200, withinMs: 60_000 });
    socket.close();
    await node.register('node', LINKS, 'b=UQ');
  };
  const outcomes = () => [
    ...new Set(
      broker.seen
        .flatMap(({ payload }) => payload.metrics)
        .filter(({ value }) => typeof value === 'string' && value.startsWith('{'))
        .map(({ value }) => parseGatewayEvent(value as string))
        .flatMap((event) => (event?.kind === 'command' && event.command === 'c1' ? [event.outcome] : [])),
    ),
  ];
  expect(EVENT_METRIC).toBe('Event');

  start();
  await register();
  // What it starts with: the valve is brought to its safe value.
  await eventually(() => written.length > 0 && node.count('GET /3306/0/5850') > 0);
  expect(new Set(written)).toEqual(new Set([0]));
  const asleepFromMs = performance.now() + 2_000;
  await eventually(() => performance.now() > asleepFromMs);
  const request = {
    id: 'c1',
    device: 'node',
    metric: 'irrigation/valve_state/v1',
    value: true,
    leaseMs: 600_000,
    expiresAtMs: Date.now() + 60_000,
    issuer: 'test',
  };
  const metrics = [commandMetric(request, DATA_TYPES.Boolean, Date.now())];
  await broker.publish('spBv1.0/farm/DCMD/shed/node', Buffer.from(encodePayload({ metrics })));
  const queue = () =>
    globSync(join(folder, '**/air-commands.json'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
  await eventually(() => queue().includes('"c1"'));
  const exited = once(child!, 'exit');
  child!.kill('SIGKILL');
  await exited;
  expect(queue()).toContain('"c1"');

  const closes = written.length;
  start();
  await register();
  await eventually(() => outcomes().length > 0, { withinMs: 60_000 });
  await eventually(() => written.length > closes && queue() === '[]');
  const opened = written.filter((value) => value === 1).length;
  // It opened and says so, or it never did and says that: here the start of the gateway closes, which comes later.
  expect(outcomes()).toEqual(opened === 1 ? ['applied'] : ['failed']);
  expect(opened).toBeLessThanOrEqual(1);
  expect(written.at(-1)).toBe(0);
});
