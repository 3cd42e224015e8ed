import { appendFileSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { AuditTrail } from './audit-trail.ts';

async function opened(folder: string, clock = new FakeClock()) {
  const trail = new AuditTrail({ folder, clock, log: createLog('silent') });
  await trail.start();
  onTestFinished(() => trail.stop());
  return trail;
}

/** Five entries, as somebody left them. */
async function five() {
  const folder = temporaryFolder();
  const trail = await opened(folder);
  for (const subject of ['a', 'b', 'c', 'd', 'e'])
    trail.record({ who: 'li', action: 'zone.changed', subject });
  await trail.stop();
  return folder;
}

/** What somebody can do who may write the file. */
function tamper(folder: string, sql: string) {
  const db = new DatabaseSync(join(folder, 'audit.db'));
  db.exec('DROP TRIGGER IF EXISTS entry_stays; DROP TRIGGER IF EXISTS entry_is_kept;');
  db.exec(sql);
  db.close();
}

describe('AuditTrail', () => {
  it('keeps entries, newest first, and finds them by who, what, when and to what', async () => {
    const clock = new FakeClock();
    const folder = temporaryFolder();
    const trail = await opened(folder, clock);
    trail.record({
      who: 'li',
      action: 'zone.changed',
      subject: 'north',
      before: { crop: 'tea' },
      why: '换茬',
    });
    await clock.advance(1_000);
    trail.record({ who: 'wang', action: 'zone.removed', subject: 'south', site: 'farm' });
    trail.record({ who: 'li', action: 'zones.imported', subject: 'north' });
    expect(trail.find({ limit: 9 }).map(({ n, action }) => [n, action])).toEqual([
      [3, 'zones.imported'],
      [2, 'zone.removed'],
      [1, 'zone.changed'],
    ]);
    const found = (filter: object) => trail.find({ ...filter, limit: 9 }).map(({ n }) => n);
    expect(found({ action: 'zone' })).toEqual([2, 1]);
    expect(found({ action: 'zone.removed' })).toEqual([2]);
    expect(found({ who: 'li', subject: 'north' })).toEqual([3, 1]);
    expect(found({ toMs: clock.nowMs() })).toEqual([1]);
    expect(found({ fromMs: clock.nowMs(), before: 3 })).toEqual([2]);
    expect(trail.find({ limit: 1, before: 2 })[0]).toMatchObject({ before: { crop: 'tea' }, why: '换茬' });
    await trail.stop();
    const again = await opened(folder, clock);
    again.record({ who: 'li', action: 'zone.changed', subject: 'x' });
    expect(await again.check()).toMatchObject({ entries: 4, isWhole: true, head: { n: 4 } });
  });

  it.each([
    ['altered', `UPDATE entry SET body = replace(body, '"li"', '"wu"') WHERE n = 3`, 3],
    [
      'altered with its hash',
      `UPDATE entry SET body = replace(body, 'li', 'wu'), hash = hex(zeroblob(32)) WHERE n = 3`,
      3,
    ],
    ['removed', 'DELETE FROM entry WHERE n = 3', 3],
    [
      'removed, the others moved up',
      'DELETE FROM entry WHERE n = 3; UPDATE entry SET n = n - 1 WHERE n > 3',
      3,
    ],
    ['the first one', 'DELETE FROM entry WHERE n = 1', 1],
    [
      'moved',
      'UPDATE entry SET n = 9 WHERE n = 2; UPDATE entry SET n = 2 WHERE n = 4; UPDATE entry SET n = 4 WHERE n = 9',
      2,
    ],
    ['cut off at the end', 'DELETE FROM entry WHERE n > 3', 4],
    ['all of them', 'DELETE FROM entry', 1],
  ])('shows what was %s, also after entries to come', async (_, sql, brokenAt) => {
    const folder = await five();
    tamper(folder, sql);
    const trail = await opened(folder);
    expect(await trail.check()).toMatchObject({ isWhole: false, brokenAt });
    for (const subject of ['f', 'g', 'h']) trail.record({ who: 'li', action: 'zone.changed', subject });
    expect(await trail.check()).toMatchObject({ isWhole: false, brokenAt });
  });

  it('shows entries that were written anew with right hashes, by the head beside them', async () => {
    const [folder, other] = [await five(), temporaryFolder()];
    const forged = await opened(other);
    for (let i = 0; i < 7; i++) forged.record({ who: 'wu', action: 'zone.changed', subject: 'a' });
    await forged.stop();
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `audit.db${end}`), { force: true });
    copyFileSync(join(other, 'audit.db'), join(folder, 'audit.db'));
    const trail = await opened(folder);
    expect(await trail.check()).toMatchObject({ isWhole: false, brokenAt: 5 });
    trail.record({ who: 'li', action: 'zone.changed', subject: 'a' });
    expect(await trail.check()).toMatchObject({ isWhole: false, brokenAt: 8 });
  });

  it('takes a head one entry behind for what it is: the program died between the two', async () => {
    const folder = temporaryFolder();
    const trail = await opened(folder);
    trail.record({ who: 'li', action: 'zone.changed', subject: 'a' });
    const head = readFileSync(join(folder, 'audit.head'));
    trail.record({ who: 'li', action: 'zone.changed', subject: 'b' });
    writeFileSync(join(folder, 'audit.head'), head);
    trail.record({ who: 'li', action: 'zone.changed', subject: 'c' });
    expect(await trail.check()).toMatchObject({ entries: 3, isWhole: true });
  });

  it('finds by an index, whatever is asked for: it is one process with what opens and closes valves', async () => {
    const folder = await five();
    const db = new DatabaseSync(join(folder, 'audit.db'));
    onTestFinished(() => db.close());
    for (const index of ['who', 'subject', 'action', 'thing', 'time'])
      expect(db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(`entry_by_${index}`)).toBeDefined();
    const select = `SELECT n FROM entry WHERE substr(action, 1, instr(action, '.') - 1) = ? ORDER BY n DESC LIMIT 9`;
    const [plan] = db.prepare(`EXPLAIN QUERY PLAN ${select}`).all('zone');
    expect(plan).toMatchObject({ detail: expect.stringContaining('entry_by_thing') });
  });

  it('puts on record that the head is gone', async () => {
    const folder = await five();
    tamper(folder, 'DELETE FROM entry WHERE n > 3');
    rmSync(join(folder, 'audit.head'));
    const trail = await opened(folder);
    expect(trail.find({ limit: 1 })[0]).toMatchObject({ who: 'sluice', action: 'audit.head-missing' });
  });

  it('checks against a head that was written down elsewhere', async () => {
    const folder = temporaryFolder();
    const trail = await opened(folder);
    trail.record({ who: 'li', action: 'zone.changed', subject: 'a' });
    const { head } = await trail.check();
    expect(await trail.check([head])).toMatchObject({ isWhole: true });
    expect(await trail.check([{ ...head, hash: 'f'.repeat(64) }])).toMatchObject({
      isWhole: false,
      brokenAt: 1,
    });
    expect(await trail.check([{ ...head, n: 9 }])).toMatchObject({ isWhole: false, brokenAt: 2 });
  });

  it('lets several processes record at once', async () => {
    const folder = temporaryFolder();
    const [one, two] = [await opened(folder), await opened(folder)];
    for (let i = 0; i < 5; i++)
      for (const trail of [one, two]) trail.record({ who: 'li', action: 'x.y', subject: `${i}` });
    expect(await one.check()).toMatchObject({ entries: 10, isWhole: true });
  });

  it('keeps whatever may stand in a request: halves of characters, numbers that are none, things of any size', async () => {
    const trail = await opened(temporaryFolder());
    const after = { text: '\ud800', number: Number.NaN, left: undefined, list: [1, null, true] };
    trail.record({ who: '\udc00', action: 'x.y', subject: 's', before: 'x'.repeat(100_000), after });
    expect(trail.find({ limit: 1 })[0]).toMatchObject({
      who: '\ufffd',
      before: { leftOut: 100_002 },
      after: { text: '\ufffd', number: 'NaN', list: [1, null, true] },
    });
    expect(await trail.check()).toMatchObject({ isWhole: true });
  });

  it('does not let anything be done that it cannot put on record', async () => {
    const trail = await opened(temporaryFolder());
    await trail.stop();
    const entry = { who: 'li', action: 'x.y', subject: 's' };
    expect(() => trail.record(entry)).toThrow(expect.objectContaining({ code: 'LEDGER_UNAVAILABLE' }));
  });

  it('takes a head that cannot be read for none', async () => {
    const folder = await five();
    appendFileSync(join(folder, 'audit.head'), 'x');
    const trail = await opened(folder);
    expect(trail.find({ limit: 1 })[0]).toMatchObject({ action: 'audit.head-missing' });
  });
});
