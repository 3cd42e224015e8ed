import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { ThresholdWish } from '../../core/thresholds/threshold.ts';
import type { AuditEntry } from '../access/audit.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { checkWish } from './check-wish.ts';
import { TEMPLATES } from './templates.ts';
import { ThresholdBook } from './threshold-book.ts';

const DRY: ThresholdWish = {
  ...{ measurement: 'soil', field: 'moisture', scope: { site: 'farm', zone: 'north' } },
  rule: { kind: 'bounds', low: { raise: 20, clear: 22 } },
  ...{ forS: 600, severity: 'warning', enabled: true },
};
const LI = { who: 'li', why: 'sandy' };

let folder: string;
let clock: FakeClock;
let trail: AuditEntry[];

beforeEach(() => {
  folder = temporaryFolder();
  clock = new FakeClock(1_000);
  trail = [];
});

async function opened(audit = { record: (entry: AuditEntry) => void trail.push(entry) }) {
  const book = new ThresholdBook({ folder, clock, log: new KeptLog().log, audit });
  await book.start();
  return book;
}

it('keeps who set a threshold to what, when and why, over a restart and its removal', async () => {
  const first = await opened();
  const made = first.add(DRY, LI);
  await clock.advance(5_000);
  const wetter = { ...DRY, rule: { kind: 'bounds', low: { raise: 25, clear: 26 } } } as const;
  first.change(made.id, 1, wetter, { who: 'wang', why: 'fruit is set' });
  await first.stop();

  const again = await opened();
  expect([...again.all()]).toEqual([
    { ...wetter, id: made.id, version: 2, setBy: 'wang', setMs: 6_000, why: 'fruit is set' },
  ]);
  again.remove(made.id, 2, { who: 'li', why: 'harvested' });
  expect([...again.all()]).toEqual([]);
  expect(again.history(made.id)).toEqual([
    { version: 1, who: 'li', timeMs: 1_000, why: 'sandy', after: DRY },
    { version: 2, who: 'wang', timeMs: 6_000, why: 'fruit is set', before: DRY, after: wetter },
    { version: 3, who: 'li', timeMs: 6_000, why: 'harvested', before: wetter },
  ]);
  expect(trail.map(({ action, site }) => [action, site])).toEqual([
    ['threshold.added', 'farm'],
    ['threshold.changed', 'farm'],
    ['threshold.removed', 'farm'],
  ]);
});

it('refuses a change that was made from an older version', async () => {
  const book = await opened();
  const { id } = book.add(DRY, LI);
  book.change(id, 1, { ...DRY, forS: 60 }, LI);
  expect(() => book.change(id, 1, { ...DRY, forS: 0 }, LI)).toThrow(/at version 2 now/);
  expect(() => book.remove(id, 1, LI)).toThrow(/at version 2 now/);
  expect(book.get(id).forS).toBe(60);
});

it('does nothing that the audit trail does not take', async () => {
  const book = await opened({
    record: () => {
      throw new Error('disk full');
    },
  });
  expect(() => book.add(DRY, LI)).toThrow('disk full');
  expect([...book.all()]).toEqual([]);
});

it.each<[string, Partial<ThresholdWish>, RegExp]>([
  ['a quantity that is none', { field: 'colour' }, /no quantity soil\/colour/],
  ['text', { measurement: 'link', field: 'evidence' }, /no quantity/],
  ['no bound', { rule: { kind: 'bounds' } }, /needs low, high/],
  ['clear outside raise', { rule: { kind: 'bounds', low: { raise: 20, clear: 19 } } }, /rule.low.clear/],
  [
    'clear above an upper raise',
    { rule: { kind: 'bounds', high: { raise: 40, clear: 41 } } },
    /rule.high.clear/,
  ],
  ['an impossible value', { rule: { kind: 'bounds', high: { raise: 140, clear: 40 } } }, /0 … 100 %/],
  [
    'no room between',
    { rule: { kind: 'bounds', low: { raise: 20, clear: 30 }, high: { raise: 35, clear: 29 } } },
    /leave room/,
  ],
  ['no rate', { rule: { kind: 'rate', overS: 60 } }, /needs rise, fall/],
  ['a stage of no crop', { scope: { stage: 'mid' } }, /needs its crop/],
  ['a stage that the crop has not', { scope: { crop: 'tea', stage: 'flush' } }, /tea has the stages/],
])('refuses %s and names the field', (_what, change, message) => {
  expect(() => checkWish({ ...DRY, ...change })).toThrow(message);
});

it('has templates that can be set as they are, each with its source and a Chinese title', () => {
  for (const { thresholds, title, source } of TEMPLATES) {
    expect(title.zh).toMatch(/\p{Script=Han}/u);
    expect(source).toMatch(/^(FAO-\d+|Taylor and Ashcroft) .*(Table|tomato|citrus)/);
    for (const one of thresholds) expect(() => checkWish(one)).not.toThrow();
  }
  const [tomato] = TEMPLATES.find(({ id }) => id === 'tomato-moisture-loam')!.thresholds;
  // FAO-56: 25 % − 0.4 · (25 % − 12 %)
  expect(tomato!.rule).toEqual({ kind: 'bounds', low: { raise: 19.8, clear: 22.4 } });
  const [ripening] = TEMPLATES.find(({ id }) => id === 'maize-water-potential-late')!.thresholds;
  expect(ripening).toMatchObject({
    scope: { crop: 'maize', stage: 'late' },
    rule: { low: { raise: -1_176.8, clear: -784.5 } },
  });
  expect(new Set(TEMPLATES.map(({ id }) => id)).size).toBe(TEMPLATES.length);
});
