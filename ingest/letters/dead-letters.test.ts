import { readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestConfig } from '../config.ts';
import { refusal } from '../pipeline/check-reading.ts';
import { KeptLog } from '../testing/kept-log.ts';
import type { LettersConfig } from './config.ts';
import { DeadLetters } from './dead-letters.ts';
import type { RefusedReading } from './letter.ts';

const DEFAULTS = checkConfig(IngestConfig, {}).letters;
const OUT_OF_RANGE = refusal('VALUE_OUT_OF_RANGE', {
  ...{ measurement: 'soil', field: 'moisture', value: 200, unit: '%', min: 0, max: 100 },
});
const IMPOSSIBLE = refusal('TIME_IMPOSSIBLE', { time: '1970-01-01', aheadS: 300, gateway: 'g' });

function reading(change: Partial<RefusedReading> = {}): RefusedReading {
  const place = { device: 'd', name: 'soil/moisture', properties: { engUnit: '%' } };
  const rest = { status: 0, isHistorical: false, isCut: false, identity: undefined };
  return { ...place, value: 200, timeMs: 1_000, sentMs: 2_000, ...rest, ...change };
}

async function opened(config: Partial<LettersConfig> = {}, folder = temporaryFolder()) {
  const clock = new FakeClock();
  const kept = new KeptLog();
  const letters = new DeadLetters({ ...DEFAULTS, ...config }, { folder, clock, log: kept.log });
  await letters.start();
  onTestFinished(() => letters.stop());
  const keep = (change: Partial<RefusedReading> = {}, gateway = 'g', problem = OUT_OF_RANGE) =>
    letters.keep({ site: 'farm', gateway }, problem, () => ({ reading: reading(change) }));
  const found = () => letters.find({}, { limit: 5_000 });
  return { letters, keep, found, clock, folder, kept };
}

it('has what it was given on disk once it is flushed, with its reason, after a restart too', async () => {
  const { letters, keep, folder } = await opened();
  keep({ value: 201 });
  keep({ timeMs: 5 }, 'h', IMPOSSIBLE);
  letters.keep({ site: '', gateway: '' }, refusal('TOPIC_INVALID', { topic: 'x', reason: 'y' }), () => ({
    message: { source: 'x', bytes: Uint8Array.of(1, 2, 3) },
  }));
  letters.flush();
  // Not stopped: as after kill -9.
  const { found } = await opened({}, folder);
  expect(found()).toMatchObject([
    { kind: 'message', site: '', code: 'TOPIC_INVALID', content: { message: { source: 'x' } } },
    { kind: 'quarantine', gateway: 'h', content: { reading: { timeMs: 5 } } },
    {
      kind: 'reading',
      gateway: 'g',
      state: 'waiting',
      details: { max: 100 },
      content: { reading: { value: 201 } },
    },
  ]);
  expect(found()[0]!.content.message!.bytes).toEqual(Uint8Array.of(1, 2, 3));
});

it('keeps a numbered reading once, however often it comes', async () => {
  const { letters, keep, found } = await opened();
  keep({ identity: 'ledger:7' });
  keep({ identity: 'ledger:7' });
  letters.flush();
  keep({ identity: 'ledger:7' });
  letters.flush();
  expect(found()).toHaveLength(1);
  expect(letters.counts()).toMatchObject([{ waiting: 1, more: 0 }]);
});

it('keeps so many in a minute of each gateway and reason, and counts the others', async () => {
  const { letters, keep, found, clock } = await opened({ perMinute: 3 });
  for (let n = 0; n < 1_000; n++) keep();
  keep({}, 'other');
  keep({}, 'g', IMPOSSIBLE);
  await clock.advance(10_000);
  expect(found()).toHaveLength(5);
  expect(letters.counts()).toMatchObject([
    { gateway: 'g', code: 'TIME_IMPOSSIBLE', waiting: 1, more: 0 },
    { gateway: 'g', code: 'VALUE_OUT_OF_RANGE', waiting: 3, more: 997 },
    { gateway: 'other', waiting: 1, more: 0 },
  ]);
  await clock.advance(60_000);
  for (let n = 0; n < 5; n++) keep();
  await clock.advance(10_000);
  expect(letters.counts()[1]).toMatchObject({ waiting: 6, more: 999 });
});

it('takes no more of the disk than it may, and says how many had to go', async () => {
  const { letters, keep, found } = await opened({ maxMb: 1, perMinute: 10_000 });
  for (let n = 0; n < 4_000; n++) {
    keep({ value: 'x'.repeat(1_000), timeMs: n });
    if (n % 100 === 99) letters.flush();
  }
  const left = found();
  expect(left.length).toBeGreaterThan(500);
  expect(left.length).toBeLessThan(1_000);
  expect(left[0]!.content.reading!.timeMs).toBe(3_999);
  expect(letters.counts()).toMatchObject([{ waiting: left.length, gone: 4_000 - left.length }]);
});

it('forgets what is too old', async () => {
  const { letters, keep, found, clock } = await opened({ keepDays: 1 });
  keep();
  letters.flush();
  await clock.advance(2 * 86_400_000);
  keep({}, 'h');
  letters.flush();
  expect(found()).toMatchObject([{ gateway: 'h' }]);
  expect(letters.counts()[0]).toMatchObject({ waiting: 0, gone: 1 });
});

it('says so while the disk refuses, holds on to what it was given, and writes it later', async () => {
  const { letters, keep, found, folder, clock, kept } = await opened();
  const intruder = new DatabaseSync(join(folder, 'letters.db'));
  intruder.exec('BEGIN IMMEDIATE');
  keep({ identity: 'ledger:1' });
  expect(() => letters.flush()).toThrow(/letters\.db/);
  // Its message comes again meanwhile.
  keep({ identity: 'ledger:1' });
  expect(() => letters.flush()).toThrow();
  expect(letters.trouble()?.code).toBe('LEDGER_UNAVAILABLE');
  expect(kept.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  intruder.exec('ROLLBACK');
  intruder.close();
  await clock.advance(10_000);
  expect(found()).toHaveLength(1);
  expect(letters.trouble()).toBeUndefined();
});

it.each([
  ['is no database', (file: string) => writeFileSync(file, 'x'.repeat(10_000))],
  ['was torn', (file: string) => truncateSync(file, 5_000)],
])('puts a file aside that %s, and goes on with a new one', async (_what, damage) => {
  const { letters, keep, folder } = await opened();
  for (let n = 0; n < 30; n++) keep({ value: 'x'.repeat(4_000) });
  letters.flush();
  await letters.stop();
  damage(join(folder, 'letters.db'));
  const again = await opened({}, folder);
  again.keep();
  again.letters.flush();
  expect(again.found()).toHaveLength(1);
  expect(again.kept.lines.map(({ details }) => details.code)).toContain('LETTERS_DAMAGED');
  expect(readdirSync(folder).some((name) => name.startsWith('letters.db.damaged-'))).toBe(true);
});
