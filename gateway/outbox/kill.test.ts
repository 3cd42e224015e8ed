import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { decodeMark, formatConfirmation, LEDGER_METRICS } from '../../core/ledger.ts';
import { decodeRequest, encodeResponse } from '../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../core/modbus/rtu.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { openPtyLine } from '../testing/pty-line.ts';
import { TestBroker } from '../testing/test-broker.ts';

const KILLS = 6;
const NCMD = 'spBv1.0/farm/NCMD/shed';

/** A host that keeps every numbered value, confirms what `isConfirmed` says, and finds what contradicts itself. */
function scriptedHost(broker: TestBroker) {
  const values = new Map<number, string>();
  const changed: string[] = [];
  const dropped: unknown[] = [];
  let ledger = '';
  let at = 0;
  const ledgers = new Set<string>();
  const look = async (isConfirmed: () => boolean) => {
    for (; at < broker.seen.length; at++) {
      const { device, payload } = broker.seen[at]!;
      const mark = payload.body && decodeMark(payload.body);
      if (!mark) continue;
      ledger = mark.ledger;
      ledgers.add(ledger);
      if (mark.kind === 'dropped') dropped.push(mark);
      for (const [index, { name, alias, value, timeMs }] of payload.metrics.entries()) {
        const number = mark.first + index;
        const text = JSON.stringify([device ?? '', name ?? alias, timeMs, value]);
        if ((values.get(number) ?? text) !== text)
          changed.push(`${number}: ${values.get(number)} and ${text}`);
        values.set(number, text);
      }
      if (!isConfirmed()) continue;
      const confirmation = { ledger, ranges: [{ first: mark.first, last: mark.first + mark.count - 1 }] };
      const metric = {
        name: LEDGER_METRICS.confirm,
        dataType: DATA_TYPES.String,
        value: formatConfirmation(confirmation),
      };
      await broker.publish(NCMD, Buffer.from(encodePayload({ metrics: [metric] })));
    }
  };
  return { values, changed, dropped, ledgers, look };
}

test('a gateway that is killed again and again under a host that confirms at random: nothing missing, twice or changed', async () => {
  const folder = temporaryFolder();
  const port = join(folder, 'bus');
  const brokerPort = await freePort();
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  await broker.start(brokerPort);
  // Every answer of the slave is another: the third register counts.
  let answers = 0;
  const line = await openPtyLine(port, (frame) => {
    const { unit, pdu } = unwrapRtu(frame);
    answers++;
    line.send(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers: [234, 100, answers] })));
  });
  onTestFinished(() => line.unplug());
  const config = join(folder, 'gateway.yaml');
  writeFileSync(
    config,
    `site: farm
gateway: shed
broker: { url: "mqtt://127.0.0.1:${brokerPort}" }
outbox: { confirmWithinS: 1, backlogPerS: 10000, syncEveryS: 0.5, maxBytes: 1000000 }
report:
  soil/moisture: { deadBand: 0, longestSilenceS: 0 }
  soil/temperature: { deadBand: 0, longestSilenceS: 0 }
  soil/ec: { deadBand: 0, longestSilenceS: 0 }
drivers:
  - driver: modbus-rtu
    id: field
    port: ${port}
    baud: 115200
    devices: [{ id: probe, unit: 1, profile: soil-moisture-temperature-ec, zone: north, everyMs: 100 }]
`,
  );
  const main = join(import.meta.dirname, '../main.ts');
  let child: ChildProcess;
  const start = () => {
    child = spawn(process.execPath, [main, '--config', config, '--data', folder, '--log', 'error'], {
      stdio: 'ignore',
    });
  };
  const kill = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const host = scriptedHost(broker);
  for (let round = 0; round < KILLS; round++) {
    const before = host.values.size;
    start();
    const fresh = 10 + Math.floor(Math.random() * 40);
    await eventually(async () => {
      await host.look(() => Math.random() < 0.4);
      return host.values.size >= before + fresh;
    });
    await kill();
  }
  // Now the host confirms all; when nothing comes any more that it has seen before, everything is settled.
  start();
  const isWhole = () => Math.max(...host.values.keys()) === host.values.size - 1;
  await eventually(async () => {
    await host.look(() => true);
    return isWhole() && host.values.size > 200;
  });
  const stopped = once(child!, 'exit');
  child!.kill('SIGTERM');
  await stopped;
  await host.look(() => true);

  expect(host.changed).toEqual([]);
  expect(host.dropped).toEqual([]);
  expect(host.ledgers.size).toBe(1);
  expect(isWhole()).toBe(true);
  const counted = [...host.values.values()].map(
    (text) => JSON.parse(text) as [string, unknown, number, number],
  );
  const third = Math.max(
    ...counted.filter(([device]) => device === 'probe').map(([, alias]) => Number(alias)),
  );
  const counts = counted
    .filter(([device, alias]) => device === 'probe' && alias === third)
    .map(([, , , value]) => value);
  expect(new Set(counts).size).toBe(counts.length);
  // What a kill may cost is the answer that was on its way into the log.
  expect(answers - counts.length).toBeLessThanOrEqual(3 * (KILLS + 1));
  expect(readdirSync(join(folder, 'gateway/farm.shed/outbox')).length).toBeLessThan(KILLS + 4);
});
