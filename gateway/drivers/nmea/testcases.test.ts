import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type { Outcome, Sample, TimeObservation } from '../../driver.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { GatewayClock } from '../../time/gateway-clock.ts';
import { KeptTimeFile } from '../../time/kept-time-file.ts';
import type { ByteStreamEvents } from '../serial/byte-stream.ts';
import { NmeaConfig } from './config.ts';
import { NmeaDriver } from './nmea-driver.ts';

const FOLDER = join(import.meta.dirname, 'testcases');
const CASES = readdirSync(FOLDER).filter((name) => name.endsWith('.nmea'));
/** What the machine believes when the first line comes. */
const MACHINE_MS = Date.UTC(2026, 10, 22, 12);

/** The readings of what a receiver said, a line for each moment; an empty line in it is a pause of a second. */
async function readingsOf(capture: string): Promise<string[]> {
  const system = new FakeClock(MACHINE_MS);
  const clock = new GatewayClock({
    system,
    boot: { id: 'boot', isOfMachine: true, sinceBootMs: 0 },
    keptTime: new KeptTimeFile(temporaryFolder()),
    evidence: { now: () => 'undisciplined', refresh: async () => {} },
    log: driverContext().log,
  });
  const told: string[] = [];
  clock.onChange(({ kind }) => told.push(`clock ${kind}`));
  clock.start();
  onTestFinished(() => clock.stop());
  let time = '';
  const observeTime = (seen: TimeObservation) => {
    time = `, time ${new Date(seen.utcMs).toISOString()}`;
    clock.observe(seen);
  };
  const config = checkConfig(NmeaConfig, { driver: 'nmea', id: 'gnss', port: 'line', latencyMs: 0 });
  let events: ByteStreamEvents | undefined;
  const driver = new NmeaDriver(config, driverContext({ clock: system, observeTime }), async (given) => {
    events = given;
    return { write: () => {}, close: async () => {} };
  });
  onTestFinished(() => driver.stop());
  await driver.start();
  const pass = async (ms: number) => {
    await system.advance(ms);
    const outcome = await driver.poll();
    if (outcome) told.push(`${wordsOf(outcome)}${time}`);
    time = '';
  };
  for (const line of capture.split('\n')) {
    if (line === '') await pass(1_000);
    events!.bytes(Buffer.from(`${line}\n`, 'latin1'));
    await pass(1);
  }
  await pass(1_000);
  return told;
}

function wordsOf({ samples, error }: Outcome): string {
  return [...samples.map(wordOf), ...(error ? [error.code] : [])].join(', ');
}

function wordOf({ metric: { quantity }, value, quality }: Sample): string {
  const number = typeof value === 'number' ? Number(value.toFixed(7)) : 'taken back';
  return `${quantity.field} ${number}${quality === 'uncertain' ? ' uncertain' : ''}`;
}

describe('captured sentences', () => {
  test.each(CASES)('%s', async (name) => {
    const expected = join(FOLDER, name.replace('.nmea', '.readings'));
    const known = existsSync(expected) ? readFileSync(expected, 'utf8').trimEnd() : '';
    const readings = await readingsOf(readFileSync(join(FOLDER, name), 'latin1'));
    expect(readings.join('\n')).toBe(known);
  });
});
