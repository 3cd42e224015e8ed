import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkLines } from '../core/audit-lines.ts';
import { createLog } from '../core/log.ts';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { Audit } from './audit.ts';

const config = { enabled: true, maxFileBytes: 10_000, maxFiles: 3, refusalsPerMin: 5 };

function setUp(folder = temporaryFolder()) {
  const clock = new FakeClock();
  const audit = new Audit(folder, config, clock, createLog('silent'));
  const lines = () =>
    readdirSync(folder)
      .toSorted()
      .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
      .map((line) => JSON.parse(line));
  return { folder, clock, audit, lines };
}

test('a flood of refusals is a few lines and their number', async () => {
  const { clock, audit, lines } = setUp();
  for (let n = 0; n < 10_000; n++) audit.add({ event: 'refuse', from: '10.0.0.9', why: 'wrong' });
  await clock.advance(30_000);
  audit.close();
  expect(lines()).toHaveLength(6);
  expect(lines().at(-1)).toMatchObject({ event: 'refusals not listed', count: 9_995 });
});

test('files are bounded in size and number, and go on after a start', async () => {
  const { clock, audit, folder, lines } = setUp();
  for (let n = 0; n < 1_000; n++) {
    audit.add({ event: 'connect', client: `c${n}`, from: '10.0.0.9' });
    if (n % 50 === 0) await clock.advance(1_000);
  }
  await clock.advance(1_000);
  audit.close();
  expect(readdirSync(folder)).toHaveLength(3);
  expect(lines().at(-1)).toMatchObject({ client: 'c999' });
  const again = setUp(folder);
  again.audit.add({ event: 'connect', client: 'later', from: '10.0.0.9' });
  again.audit.close();
  expect(again.lines().at(-1)).toMatchObject({ client: 'later', n: 1 });
});

test('where the disk takes nothing it says so, and goes on once it does', async () => {
  const folder = join(temporaryFolder(), 'audit');
  writeFileSync(folder, '');
  const { clock, audit } = setUp(folder);
  audit.add({ event: 'connect', from: '10.0.0.9', client: 'x'.repeat(1_000) });
  await clock.advance(1_000);
  expect(audit.trouble).toMatchObject({ code: 'BROKER_AUDIT_UNWRITABLE' });
  rmSync(folder);
  mkdirSync(folder);
  await clock.advance(1_000);
  expect(audit.trouble).toBeUndefined();
  audit.close();
  const text = readFileSync(join(folder, 'audit-00000001.jsonl'), 'utf8');
  expect(JSON.parse(text).client).toHaveLength(201);
});

test('lines are chained over files, a start and a kill in the middle of one; whatever is done to them shows', async () => {
  const { clock, audit, folder } = setUp();
  for (let n = 0; n < 100; n++) {
    audit.add({ event: 'connect', client: `c${n}`, from: '10.0.0.9' });
    if (n % 10 === 0) await clock.advance(1_000);
  }
  audit.close();
  const files = () =>
    readdirSync(folder)
      .toSorted()
      .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  appendFileSync(join(folder, files().at(-1)!.name), '{"n":101,"eve');
  const again = setUp(folder);
  again.audit.add({ event: 'connect', client: 'later', from: '10.0.0.9' });
  again.audit.close();
  const whole = files();
  expect(whole.length).toBeGreaterThan(1);
  expect(checkLines(whole)).toMatchObject({ lines: 101, unchained: 0 });
  expect(checkLines(whole).brokenAt).toBeUndefined();
  const [first, ...rest] = whole as [(typeof whole)[0], ...typeof whole];
  const lines = first.text.split('\n');
  const broken = (text: string) => checkLines([{ ...first, text }, ...rest]).brokenAt;
  expect(broken(first.text.replace('"c5"', '"c6"'))).toBe(`${first.name}:6`);
  expect(broken(lines.toSpliced(5, 1).join('\n'))).toBe(`${first.name}:6`);
  expect(broken(lines.toSpliced(-2, 1).join('\n'))).toBe(`${rest[0]!.name}:1`);
  expect(checkLines(rest).brokenAt).toBeUndefined();
});
