import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { AlertEvent } from './alert-event.ts';
import { MOST_TIMELINE } from './alert-event.ts';
import type { Condition } from './condition.ts';
import { findCauses } from './find-causes.ts';
import { type BookEffect, type BookState, EMPTY_BOOK, stepBook } from './step-book.ts';
import { condition, fullMesh } from './testing/conditions.ts';

const SETTLE = 20_000;
const JOIN = 180_000;
const MESH = fullMesh(['a', 'b', 'c', 'd'], { 'a-b': ['farm.pump', 'farm.dam'] });

/** A book over time: what is wrong is put in and taken out, and it is looked at every five seconds. */
class Run {
  readonly wrong = new Map<string, Condition>();
  readonly effects: BookEffect[] = [];
  readonly all = new Map<string, AlertEvent>();
  state: BookState = EMPTY_BOOK;
  nowMs = 0;
  #ids = 0;

  begin(...conditions: Condition[]): this {
    for (const one of conditions)
      this.wrong.set(one.key, { ...one, noticedMs: this.nowMs, sinceMs: this.nowMs });
    return this;
  }

  end(...keys: string[]): this {
    for (const key of keys) this.wrong.delete(key);
    return this;
  }

  until(nowMs: number): this {
    while (this.nowMs < nowMs) {
      this.look();
      this.nowMs += 5_000;
    }
    this.look();
    return this;
  }

  look(): void {
    const causes = findCauses(this.wrong.values(), MESH, () => 'up');
    const options = { settleMs: SETTLE, joinMs: JOIN };
    const newId = () => `e${++this.#ids}`;
    const step = stepBook(this.state, { nowMs: this.nowMs, causes, topology: MESH, options, newId });
    this.state = step.state;
    this.effects.push(...step.effects);
    for (const { event } of step.effects) this.all.set(event.id, event);
  }

  get told(): string[] {
    return this.effects
      .filter(({ kind }) => kind !== 'changed')
      .map(({ kind, event }) => `${kind} ${event.key}`);
  }

  get open(): string[] {
    return [...this.state.open.values()]
      .map(
        ({ key, causing, silent }) =>
          `${key}: ${[...causing, ...silent].map((one) => one.subject).join(' ')}`,
      )
      .sort();
  }
}

const outage = (link: string) => condition('outage', link);
const silent = (gateway: string) => condition('silent', gateway);

it('tells a link and those behind it as one event with its cause', () => {
  const run = new Run().begin(silent('farm/pump')).until(10_000).begin(silent('farm/dam')).until(60_000);
  expect(run.told, 'its link may be the cause').toEqual([]);
  run.begin(outage('a-b')).until(80_000);
  expect(run.told).toEqual(['raised link:a-b']);
  const [event] = run.all.values();
  expect(event?.words.en).toBe(
    'Link a-b from a to b is down; 2 gateways are silent behind it: farm/dam, farm/pump.',
  );
  expect(event?.words.zh).toBe('链路 a-b（a → b）中断；其后有 2 个网关失联：farm/dam、farm/pump。');
  expect(event?.sinceMs).toBe(0);
});

it('tells a gateway that nothing explains at once, and one that its link may explain after the grace', () => {
  const run = new Run().begin(silent('x/y'), silent('farm/pump')).until(10_000);
  expect(run.told).toEqual(['raised gateway:x/y']);
  run.until(JOIN);
  expect(run.told).toEqual(['raised gateway:x/y', 'raised gateway:farm/pump']);
});

it('folds a child that was raised into its cause', () => {
  const run = new Run().begin(silent('farm/pump')).until(JOIN + 5_000);
  run.begin(outage('a-b')).until(JOIN + 60_000);
  expect(run.told).toEqual(['raised gateway:farm/pump', 'raised link:a-b', 'folded gateway:farm/pump']);
  const [child, cause] = run.all.values();
  expect(child).toMatchObject({ foldedInto: cause!.id });
  expect(cause).toMatchObject({ sinceMs: 0 });
  expect(cause?.timeline.map(({ step }) => step)).toEqual(['raised', 'folded']);
  expect(run.open).toEqual(['link:a-b: a-b farm/pump']);
});

it('folds links into the point whose fault they are', () => {
  const run = new Run().begin(outage('a-b')).until(30_000).begin(outage('c-b'), outage('d-b')).until(60_000);
  expect(run.told).toEqual(['raised link:a-b', 'raised pop:b', 'folded link:a-b']);
});

it('ends with its cause; who stays silent gets the time to come back, and then an event of their own', () => {
  const over = 600_000;
  const run = new Run().begin(outage('a-b'), silent('farm/pump'), silent('farm/dam')).until(over);
  run.end('outage:a-b').until(over + 5_000);
  expect(run.told).toEqual(['raised link:a-b', 'cleared link:a-b']);
  run.end('silent:farm/dam').until(over + JOIN - 5_000);
  expect(run.told).toHaveLength(2);
  run.until(over + JOIN + 10_000);
  expect(run.told.slice(2)).toEqual(['raised gateway:farm/pump']);
  expect(run.all.get('e2')).toMatchObject({ after: 'e1' });
  run.end('silent:farm/pump').until(over + JOIN + 20_000);
  expect(run.told.at(-1)).toBe('cleared gateway:farm/pump');
});

it('is no reason to be silent where only its budget is used up slowly', () => {
  const run = new Run().begin(outage('a-b'), silent('farm/pump')).until(30_000);
  run
    .begin({ ...condition('loss', 'a-b'), explains: false })
    .end('outage:a-b')
    .until(40_000);
  expect(run.open).toEqual(['link:a-b: a-b']);
  run.until(JOIN);
  expect(run.told, 'it has the time to come back').toEqual(['raised link:a-b']);
  run.until(40_000 + JOIN);
  expect(run.told).toEqual(['raised link:a-b', 'raised gateway:farm/pump']);
  expect(run.all.get('e2')).toMatchObject({ after: 'e1' });
});

it('changes its words, members and severity, and says when', () => {
  const run = new Run().begin(outage('a-b')).until(30_000);
  run.begin(condition('loss', 'a-b')).until(40_000).end('outage:a-b').until(50_000);
  const [event] = run.all.values();
  expect(event?.words.en).toBe('Link a-b from a to b loses more than it may.');
  expect(event?.timeline.map(({ step, what }) => `${step} ${what ?? ''}`.trim())).toEqual([
    'raised',
    'joined loss:a-b',
    'left outage:a-b',
  ]);
  expect(run.told).toEqual(['raised link:a-b']);
});

it('tells nothing twice, and keeps no endless timeline', () => {
  const run = new Run().begin(outage('a-b')).until(30_000);
  const before = run.effects.length;
  run.until(600_000);
  expect(run.effects).toHaveLength(before);
  for (let n = 0; n < MOST_TIMELINE; n++) {
    run.begin(silent('farm/pump')).look();
    run.end('silent:farm/pump').look();
  }
  const [event] = run.all.values();
  expect(event?.timeline).toHaveLength(MOST_TIMELINE);
  expect(event?.timeline[0]).toMatchObject({ step: 'raised' });
  expect(event?.timelineLeftOut).toBe(1 + 2 * MOST_TIMELINE - MOST_TIMELINE);
});

const CUTS: Condition[][] = [
  [outage('a-b'), outage('b-a'), condition('loss', 'a-b'), silent('farm/pump'), silent('farm/dam')],
  [outage('a-b'), outage('c-b'), outage('d-b'), silent('net/b'), silent('farm/pump')],
  [outage('a-c'), outage('a-b'), outage('a-d'), silent('farm/dam')],
];
const KEYS = ['link:a-b', 'pop:b', 'agent:a'];

it('tells one event, in whatever order what belongs to it is found within the grace', () => {
  const order = fc.integer({ min: 0, max: 2 }).chain((cut) =>
    fc.record({
      cut: fc.constant(cut),
      // Links within the time in which they settle, gateways within theirs.
      at: fc.tuple(...CUTS[cut]!.map(({ kind }) => fc.integer({ min: 0, max: kind === 'silent' ? 20 : 3 }))),
      startMs: fc.integer({ min: 0, max: 30 }),
    }),
  );
  fc.assert(
    fc.property(order, ({ cut, at, startMs }) => {
      const run = new Run();
      // Gateways may be found silent up to 100 s before the link, and 50 s after.
      const times = CUTS[cut]!.map(
        (one, n) => [one, at[n]! + (one.kind === 'silent' ? startMs : 20)] as const,
      );
      for (let turn = 0; turn < 80; turn++) {
        run.begin(...times.filter(([, due]) => due === turn).map(([one]) => one)).look();
        run.nowMs += 5_000;
      }
      expect(run.told).toEqual([`raised ${KEYS[cut]}`]);
      expect(run.open).toHaveLength(1);
    }),
  );
});

it('ends in the same open events, however long what belongs together is apart', () => {
  const times = fc.integer({ min: 0, max: 2 }).chain((cut) =>
    fc.record({
      cut: fc.constant(cut),
      at: fc.tuple(...CUTS[cut]!.map(() => fc.integer({ min: 0, max: 200 }))),
    }),
  );
  fc.assert(
    fc.property(times, ({ cut, at }) => {
      const run = new Run();
      for (let turn = 0; turn < 260; turn++) {
        run.begin(...CUTS[cut]!.filter((_, n) => at[n] === turn)).look();
        run.nowMs += 5_000;
      }
      const [only, ...others] = run.state.open.values();
      expect(others).toEqual([]);
      expect(only?.key).toBe(KEYS[cut]);
      expect(only!.causing.length + only!.silent.length).toBe(CUTS[cut]!.length);
      // Whatever was raised before it was understood says where it went.
      const ended = [...run.all.values()].filter(({ clearedMs }) => clearedMs !== undefined);
      for (const { foldedInto, after } of ended) expect(foldedInto ?? after).toBeDefined();
    }),
  );
});

it('gives the budgets that a point has burnt the time to recover, before they are events of their own', () => {
  const links = ['a-c', 'b-c', 'd-c'];
  const outages = links.map((link) => condition('outage', link));
  const burns = links.map((link) => ({ ...condition('loss', link), lingersMs: 420_000 }));
  const begun = () => new Run().begin(...outages, ...burns).until(60_000);
  const back = begun()
    .end(...outages.map(({ key }) => key))
    .until(300_000);
  expect(back.told).toEqual(['raised pop:c', 'cleared pop:c']);
  expect(back.end(...burns.map(({ key }) => key)).until(900_000).told).toHaveLength(2);

  const lossy = begun()
    .end(...outages.map(({ key }) => key))
    .until(300_000);
  lossy.end('loss:a-c', 'loss:d-c').until(600_000);
  expect(lossy.told).toEqual(['raised pop:c', 'cleared pop:c', 'raised link:b-c']);
  expect([...lossy.state.open.values()][0]).toMatchObject({ after: 'e1' });
});

it('tells a budget that burned before its point went down again as soon as the point is back, also through a wider cause', () => {
  const burn = { ...condition('loss', 'a-c'), lingersMs: 420_000 };
  const trace = { ...condition('loss', 'b-c'), lingersMs: 420_000 };
  const down = ['a-c', 'b-c', 'd-c'].map(outage);
  const begun = () =>
    new Run()
      .begin(burn)
      .until(60_000)
      .begin(...down, trace)
      .until(120_000);
  const [first, second] = ['raised link:a-c', 'raised pop:c'];
  const run = begun();
  expect(run.told).toEqual([first, second, 'folded link:a-c']);
  run.end(...down.map(({ key }) => key)).until(140_000);
  expect(run.told.slice(3)).toEqual(['cleared pop:c', 'raised link:a-c']);
  expect(run.open, 'what the point has burnt has its time').toEqual(['link:a-c: a-c']);
  expect([...run.state.open.values()][0]).toMatchObject({ after: 'e2' });

  const wide = begun();
  const others = ['c-a', 'c-b', 'c-d', 'a-b', 'a-d', 'b-a', 'b-d', 'd-a', 'd-b'].map(outage);
  wide.begin(...others).until(180_000);
  expect(wide.open.map((one) => one.slice(0, 5))).toEqual(['wide:']);
  wide.end(...[...down, ...others].map(({ key }) => key)).until(200_000);
  expect(wide.open).toEqual(['link:a-c: a-c']);
});

it('takes what a link that went down has burnt for a trace of the point that turns out to be down', () => {
  const run = new Run()
    .begin(outage('a-c'), { ...condition('loss', 'a-c'), lingersMs: 420_000 })
    .until(60_000);
  run.begin(outage('b-c'), outage('d-c')).until(120_000);
  expect(run.told).toEqual(['raised link:a-c', 'raised pop:c', 'folded link:a-c']);
  run.end('outage:a-c', 'outage:b-c', 'outage:d-c').until(300_000);
  expect(run.told.slice(3)).toEqual(['cleared pop:c']);
});
