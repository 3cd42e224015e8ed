import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commandMetric } from '../../core/command.ts';
import { type GatewayEvent, parseGatewayEvent } from '../../core/gateway-event.ts';
import { decodeRequest, encodeResponse, type ModbusRequest } from '../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../core/modbus/rtu.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { formatTopic } from '../../core/sparkplug/topic.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { openPtyLine } from '../testing/pty-line.ts';
import { TestBroker } from '../testing/test-broker.ts';

type CareAnswer = Extract<GatewayEvent, { kind: 'care' }>;

const KILLS = Number(process.env.CARE_KILLS ?? 3);
const WITHIN = { withinMs: 60_000 };

function isWhole(frame: Uint8Array): boolean {
  try {
    unwrapRtu(frame);
    return true;
  } catch {
    return false;
  }
}

/** A gateway process, with valves on a pseudo-terminal, at a broker where a host asks for care. */
async function setUp() {
  const folder = temporaryFolder();
  const broker = new TestBroker();
  const port = await freePort();
  await broker.start(port);
  onTestFinished(() => broker.stop());
  const coils = new Map<number, boolean>();
  const answerTo = (request: ModbusRequest) => {
    if (request.function === 'writeSingleCoil') coils.set(request.address, request.on);
    if (!('count' in request)) return { written: true } as const;
    const { address, count } = request;
    if (request.function === 'readCoils' || request.function === 'readDiscreteInputs') {
      return { bits: Array.from({ length: count }, (_, at) => coils.get(address + at) ?? false) };
    }
    return { registers: Array.from({ length: count }, () => timer) };
  };
  let timer = 0;
  const line = await openPtyLine(join(folder, 'bus'), (frame) => {
    // What a process wrote when it was killed may be half a frame.
    if (!isWhole(frame)) return;
    const { unit, pdu } = unwrapRtu(frame);
    const request = decodeRequest(pdu);
    if (request.function === 'writeSingleRegister') timer = request.value;
    line.send(wrapRtu(unit, encodeResponse(request, answerTo(request))));
  });
  onTestFinished(() => line.unplug());
  /** Only the device `name` is there; JSON is YAML. */
  const settings = (name: string) =>
    JSON.stringify({
      site: 'farm',
      gateway: 'shed',
      broker: { url: `mqtt://127.0.0.1:${port}` },
      care: { trialS: 20 },
      drivers: [
        {
          driver: 'modbus-rtu',
          id: 'field',
          port: join(folder, 'bus'),
          baud: 115_200,
          devices: [{ id: name, unit: 1, profile: 'valve-controller-8', points: { v1: {} }, everyMs: 100 }],
        },
      ],
    });
  const configFile = join(folder, 'gateway.yaml');
  writeFileSync(configFile, settings('first'));
  const send = (metric: Metric, type: 'NCMD' | 'DCMD', device?: string) => {
    const topic = formatTopic({
      site: 'farm',
      type,
      gateway: 'shed',
      ...(device ? { device } : {}),
    } as never);
    return broker.publish(topic, Buffer.from(encodePayload({ timeMs: Date.now(), metrics: [metric] })));
  };
  const ask = (id: string, request: object) => {
    const value = JSON.stringify({ id, issuer: 'li', expiresAtMs: Date.now() + 600_000, ...request });
    return send({ name: 'Care/Request', dataType: DATA_TYPES.String, value }, 'NCMD');
  };
  let gateway: ChildProcess | undefined;
  const kill = async () => {
    if (!gateway || gateway.exitCode !== null || gateway.signalCode !== null) return;
    const gone = once(gateway, 'exit');
    gateway.kill('SIGKILL');
    await gone;
  };
  onTestFinished(kill);
  const start = () => {
    const main = join(import.meta.dirname, '../main.ts');
    const parameters = [main, '--config', configFile, '--data', join(folder, 'data'), '--log', 'silent'];
    gateway = spawn(process.execPath, parameters, { stdio: 'ignore' });
  };
  const answers: CareAnswer[] = [];
  let looked = 0;
  const answersTo = (id: string): CareAnswer[] => {
    for (const { type, payload } of broker.seen.slice(looked)) {
      if (type !== 'NDATA') continue;
      for (const { value } of payload.metrics) {
        const event = typeof value === 'string' ? parseGatewayEvent(value) : undefined;
        if (event?.kind === 'care') answers.push(event);
      }
    }
    looked = broker.seen.length;
    return answers.filter(({ request }) => request === id);
  };
  /** The device that runs, from the births and data after `from`. */
  const running = (from: number) =>
    new Set(
      broker.seen.slice(from).flatMap(({ type, device }) => (type === 'DBIRTH' && device ? [device] : [])),
    );
  return { broker, coils, settings, send, ask, start, kill, answersTo, running };
}

test(
  'killed at any moment of a change, it runs the one or the other, and what it answers is true',
  async () => {
    const { broker, settings, ask, start, kill, answersTo, running } = await setUp();
    let now = 'first';
    start();
    await eventually(() => running(0).has(now), WITHIN);
    const ends: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      const next = `d${round}`;
      const id = `r${round}`;
      // Spread over being asked, staged, stopped, started, accepted and told.
      const request = { action: 'apply-config', config: settings(next) };
      await ask(id, request);
      await new Promise((resolve) => setTimeout(resolve, (1_500 * ((round * 0.618_034) % 1)) | 0));
      await kill();
      const from = broker.seen.length;
      start();
      await eventually(() => running(from).size > 0, WITHIN);
      // The host repeats until it is answered; nothing may come of it unless the first was lost on the way.
      await ask(id, request);
      await eventually(() => answersTo(id).length > 0, WITHIN);
      const isDone = answersTo(id)[0]!.isDone;
      const expected = isDone ? next : now;
      ends.push(isDone ? 'new' : 'old');
      await ask(`c${round}`, { action: 'read-config' });
      await eventually(() => answersTo(`c${round}`).length > 0, WITHIN);
      expect((answersTo(`c${round}`)[0]!.result as { config: string }).config).toMatch(`- id: ${expected}\n`);
      expect(new Set(answersTo(id).map((answer) => JSON.stringify(answer))).size).toBe(1);
      now = expected;
    }
    if (process.env.CARE_KILLS) process.stdout.write(`${ends.join(' ')}\n`);
  },
  60_000 + 10_000 * KILLS,
);

test('settings without a valve that stands open close it before they run', async () => {
  const { coils, broker, settings, send, ask, start, answersTo } = await setUp();
  start();
  await eventually(() => broker.titles.includes('DDATA first'), WITHIN);
  const nowMs = Date.now();
  const command = {
    ...{ id: 'open-1', device: 'first', metric: 'irrigation/valve_state/v1', value: true },
    ...{ leaseMs: 60_000, expiresAtMs: nowMs + 30_000, issuer: 'li' },
  };
  await send(commandMetric(command, DATA_TYPES.Boolean, nowMs), 'DCMD', 'first');
  await eventually(() => coils.get(0) === true, WITHIN);
  const without = JSON.parse(settings('second'));
  without.drivers[0].devices = [
    { id: 'second', unit: 2, profile: 'soil-moisture-temperature-ec', everyMs: 100 },
  ];
  await ask('without', { action: 'apply-config', config: JSON.stringify(without) });
  await eventually(() => answersTo('without').length > 0, WITHIN);
  expect(answersTo('without')[0]).toMatchObject({ isDone: true });
  expect(coils.get(0)).toBe(false);
});
