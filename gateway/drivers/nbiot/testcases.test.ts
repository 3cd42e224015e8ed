import { createSocket } from 'node:dgram';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { checkConfig } from '../../../core/config.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { freeUdpPort } from '../../../core/testing/free-udp-port.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { NbiotConfig } from './config.ts';
import { nbiotDriver } from './nbiot-driver.ts';

/** One exchange: see the README of `testcases`. */
interface TestCase {
  readonly about: string;
  readonly endpoint: string;
  readonly steps: readonly Record<
    'node' | 'gateway' | 'reading' | 'open' | 'close' | 'end' | 'wait',
    string
  >[];
}

const FOLDER = join(import.meta.dirname, 'testcases');
const CASES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml') && name !== 'node.yaml');

/** Hexadecimal with `[name:size]` for bytes that are chance: a pattern for what comes, the same bytes for what goes. */
class Wire {
  readonly #bound = new Map<string, string>();

  fill(text: string): Buffer {
    const filled = text.replace(/\[(\w+):\d+\]/g, (_, name: string) => this.#bound.get(name) ?? `?${name}`);
    return Buffer.from(filled.replace(/\s/g, ''), 'hex');
  }

  expect(text: string, bytes: Buffer): void {
    const names: string[] = [];
    const pattern = text
      .replace(/\s/g, '')
      .replace(/\[(\w+):(\d+|\*)\]/g, (_, name: string, size: string) => {
        const known = this.#bound.get(name);
        if (known) return known;
        names.push(name);
        return size === '*' ? '([0-9a-f]*)' : `([0-9a-f]{${2 * Number(size)}})`;
      });
    const hex = bytes.toString('hex');
    expect(hex).toMatch(new RegExp(`^${pattern}$`));
    const match = hex.match(new RegExp(`^${pattern}$`))!;
    for (const [index, name] of names.entries()) this.#bound.set(name, match[index + 1]!);
  }
}

async function play({ endpoint, steps }: TestCase): Promise<void> {
  const port = await freeUdpPort();
  const clock = new FakeClock();
  const context = driverContext({ clock, dataFolder: temporaryFolder(), configFolder: FOLDER });
  const devices = [{ id: 'node', endpoint, profile: 'node.yaml' }];
  const config = checkConfig(NbiotConfig, { driver: 'nbiot', id: 'air', port, devices });
  const driver = nbiotDriver.create(config, context);
  await driver.start!(new AbortController().signal);
  onTestFinished(() => driver.stop());
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  const arrived: Buffer[] = [];
  socket.on('message', (bytes) => arrived.push(bytes));
  const wire = new Wire();
  const valve = driver.devices[0]!.metrics.find(({ point }) => point === 'v1')!;
  let ends = 0;
  let told = 0;
  const readings = () =>
    context.outcomes
      .flatMap(({ samples }) => samples)
      .filter(({ metric }) => metric.quantity.measurement !== 'radio')
      .map(
        ({ metric: { quantity }, value, quality }) =>
          `${quantity.measurement}/${quantity.field} ${value} ${quality}`,
      );
  const results: string[] = [];
  const write = (value: boolean) => {
    const id = `w${++ends}`;
    const request = { id, device: 'node', metric: valve, value, leaseMs: value ? 600_000 : 0 };
    driver.write!({ ...request, notAfterMs: clock.monotonicMs() + 600_000 }).then(
      (end) => results.push(end.kind),
      (error) => results.push(error.code),
    );
  };
  for (const [index, step] of steps.entries()) {
    const [[kind, text]] = Object.entries(step) as [[keyof typeof step, string]];
    const at = `step ${index + 1}: ${kind} ${text}`;
    if (kind === 'node') socket.send(wire.fill(text), port, '127.0.0.1');
    else if (kind === 'gateway') {
      const bytes = await eventually(() => arrived.shift()).catch((cause) => {
        throw new Error(at, { cause });
      });
      wire.expect(text, bytes);
    } else if (kind === 'reading') {
      await eventually(() => readings().length > told).catch((cause) => {
        throw new Error(at, { cause });
      });
      expect(readings()[told++], at).toBe(text);
    } else if (kind === 'wait') await clock.advance(Number(text) * 1000);
    else if (kind === 'end') await eventually(() => results.shift() === text);
    else write(kind === 'open');
  }
  // Nothing came that nobody told of.
  expect([arrived.map((bytes) => bytes.toString('hex')), readings().slice(told), results]).toEqual([
    [],
    [],
    [],
  ]);
}

describe('captured exchanges', () => {
  test.each(CASES)('%s', async (name) => {
    await play(parse(readFileSync(join(FOLDER, name), 'utf8')) as TestCase);
  });
});

/** What a node can send, in every length that the network may cut it to, and with every byte changed. */
test('every truncation and every changed byte of what was captured leaves the gateway as it was', async () => {
  const cases = CASES.map((name) => parse(readFileSync(join(FOLDER, name), 'utf8')) as TestCase);
  const port = await freeUdpPort();
  const context = driverContext({
    dataFolder: temporaryFolder(),
    configFolder: FOLDER,
    clock: new FakeClock(),
  });
  const devices = cases.map(({ endpoint }, index) => ({ id: `n${index}`, endpoint, profile: 'node.yaml' }));
  const driver = nbiotDriver.create(
    checkConfig(NbiotConfig, { driver: 'nbiot', id: 'air', port, devices }),
    context,
  );
  await driver.start!(new AbortController().signal);
  onTestFinished(() => driver.stop());
  const socket = createSocket('udp4');
  onTestFinished(() => void socket.close());
  let answers = 0;
  let last = Buffer.alloc(0);
  socket.on('message', (bytes) => {
    answers++;
    last = bytes;
  });
  const send = (bytes: Uint8Array) =>
    new Promise<void>((resolve) => socket.send(bytes, port, '127.0.0.1', () => resolve()));
  for (const { node } of cases.flatMap(({ steps }) => steps)) {
    if (!node) continue;
    const whole = new Wire().fill(
      node.replace(/\[\w+:(\d+)\]/g, (_, size: string) => '00'.repeat(Number(size))),
    );
    for (let length = 0; length < whole.length; length++) {
      await send(whole.subarray(0, length));
      const changed = Buffer.from(whole);
      changed[length]! ^= 1 << (length % 8);
      await send(changed);
    }
  }
  // A ping is answered with a reset: it is there.
  await eventually(async () => {
    await send(Buffer.from('4000abcd', 'hex'));
    return last.toString('hex') === '7000abcd';
  });
  expect(answers).toBeGreaterThan(100);
});
