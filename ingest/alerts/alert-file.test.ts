import { expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { AlertEvent } from './alert-event.ts';
import { AlertFile } from './alert-file.ts';
import { condition } from './testing/conditions.ts';

function opened(folder = temporaryFolder()) {
  const file = new AlertFile(folder);
  onTestFinished(() => file.close());
  const save = (events: readonly AlertEvent[], more: Partial<Parameters<AlertFile['save']>[0]> = {}) =>
    file.save({ events, put: [], removed: [], excused: new Map(), ...more });
  return {
    file,
    save,
    folder,
    ids: (filter = {}) => file.find({ limit: 100, ...filter }).map(({ event }) => event.id),
  };
}

function event(id: string, raisedMs: number, clearedMs?: number): AlertEvent {
  const { words } = condition('outage', id);
  return {
    ...{
      id,
      key: `link:${id}`,
      kind: 'link',
      subject: id,
      severity: 'critical',
      sinceMs: raisedMs,
      raisedMs,
    },
    ...(clearedMs === undefined ? {} : { clearedMs }),
    ...{ words, causing: [], silent: [], timeline: [], timelineLeftOut: 0 },
  };
}

it('finds what is as bad as that, and what is about a site', () => {
  const { save, ids } = opened();
  const member = (more: object) => ({ ...condition('silent', 'farm/pump'), ...more });
  save([
    { ...event('link', 1), causing: [member({ kind: 'outage', subject: 'farm_x' })] },
    { ...event('pump', 2), severity: 'warning', causing: [], silent: [member({})] },
    { ...event('dry', 3), causing: [member({ kind: 'bounds', place: { site: 'farm', zone: 'north' } })] },
    { ...event('far', 4), causing: [member({ subject: 'farm2/pump' })] },
  ]);
  expect(ids({ site: 'farm' })).toEqual(['dry', 'pump']);
  expect(ids({ site: 'farm', severity: 'warning' })).toEqual(['pump']);
  expect(ids({ severity: 'critical' })).toEqual(['far', 'dry', 'link']);
  expect(ids({ site: "x' OR 1" })).toEqual([]);
});

it('has what is open, what is wrong and who is excused again after a restart', () => {
  const { file, save, folder } = opened();
  const wrong = condition('outage', 'a');
  save([event('a', 1), event('b', 2)], { put: [wrong, condition('silent', 'x/y')] });
  save([event('b', 2, 5)], {
    removed: ['silent:x/y'],
    excused: new Map([['silent:x/y', { untilMs: 9, after: 'b' }]]),
  });
  file.close();
  const again = opened(folder).file.load();
  expect([...again.book.open.values()]).toEqual([event('a', 1)]);
  expect(again.conditions).toEqual([wrong]);
  expect([...again.book.excused]).toEqual([['silent:x/y', { untilMs: 9, after: 'b' }]]);
});

it('lists the newest first, page by page, open ones, and by time', () => {
  const { file, save, ids } = opened();
  save([event('a', 1, 4), event('b', 2), event('c', 3, 6), event('d', 7)]);
  expect(ids()).toEqual(['d', 'c', 'b', 'a']);
  expect(ids({ isOpen: true })).toEqual(['d', 'b']);
  expect(ids({ fromMs: 5, toMs: 7 }), 'open at some time from 5 to before 7').toEqual(['c', 'b']);
  const [, second] = file.find({ limit: 2 });
  expect(ids({ after: second!.place })).toEqual(['b', 'a']);
});

it('deletes what ended long ago, and the oldest past the most, but nothing that is open', () => {
  const { file, save, ids } = opened();
  save([event('a', 1), event('b', 2, 3), event('c', 4, 50), event('d', 5, 60), event('e', 6, 70)]);
  file.clear(10, 2);
  expect(ids()).toEqual(['e', 'd', 'a']);
});
