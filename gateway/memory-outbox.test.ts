import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryOutbox } from './memory-outbox.ts';
import type { DataMessage } from './outbox.ts';
import { soilMoisture as metric } from './testing/soil-moisture.ts';

const message = (timeMs: number, device = 'probe'): DataMessage => ({
  device,
  timeMs,
  samples: [{ metric, value: timeMs, quality: 'good' }],
});

/** Takes everything that may go out now, as [time, historical]. */
function takeAll(outbox: MemoryOutbox): [number, boolean][] {
  const taken: [number, boolean][] = [];
  for (let entry = outbox.next(); entry; entry = outbox.next()) {
    taken.push([entry.message.timeMs, entry.isHistorical]);
  }
  return taken;
}

test('live messages go out in order and are forgotten when they are confirmed', () => {
  const outbox = new MemoryOutbox(1_000_000);
  outbox.add(message(1));
  outbox.add(message(2));
  expect(takeAll(outbox)).toEqual([
    [1, false],
    [2, false],
  ]);
  expect(outbox.status().waiting).toBe(2);
  outbox.confirm(0, 1);
  expect(outbox.status().waiting).toBe(0);
  outbox.release();
  expect(takeAll(outbox)).toEqual([]);
});

test('what was under way when the connection went goes out again, as historical', () => {
  const outbox = new MemoryOutbox(1_000_000);
  for (const timeMs of [1, 2, 3]) outbox.add(message(timeMs));
  outbox.next();
  outbox.next();
  outbox.confirm(0, 0);
  outbox.release();
  expect(takeAll(outbox)).toEqual([
    [2, true],
    [3, true],
  ]);
});

test('live data goes before the backlog', () => {
  const outbox = new MemoryOutbox(1_000_000);
  outbox.add(message(1));
  outbox.add(message(2));
  outbox.release();
  expect(outbox.next()?.message.timeMs).toBe(1);
  outbox.add(message(3));
  expect(takeAll(outbox)).toEqual([
    [3, false],
    [2, true],
  ]);
});

test('when there is no room the oldest go, and are counted with their time', () => {
  const outbox = new MemoryOutbox(280 * 10);
  for (let timeMs = 1; timeMs <= 13; timeMs++) outbox.add(message(timeMs));
  outbox.release();
  outbox.add(message(14));
  expect(outbox.status()).toEqual({ waiting: 10, dropped: { readings: 4, fromMs: 1, toMs: 4 } });
  expect(takeAll(outbox).map(([timeMs]) => timeMs)).toEqual([14, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
});

test('it knows whose messages it holds, waiting or under way', () => {
  const outbox = new MemoryOutbox(1_000_000);
  outbox.add(message(1, 'a'));
  expect([outbox.holds('a'), outbox.holds('b')]).toEqual([true, false]);
  outbox.next();
  expect(outbox.holds('a')).toBe(true);
  outbox.confirm(0, 0);
  expect(outbox.holds('a')).toBe(false);
});

test('whatever happens, every reading is confirmed, waiting or counted as dropped', () => {
  const action = fc.constantFrom('add', 'add', 'take', 'confirm', 'release');
  fc.assert(
    fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
      const outbox = new MemoryOutbox(280 * 8);
      const underWay = new Set<number>();
      let added = 0;
      let confirmed = 0;
      for (const one of actions) {
        if (one === 'add') outbox.add(message(++added));
        if (one === 'release') {
          outbox.release();
          underWay.clear();
        }
        if (one === 'take') {
          const entry = outbox.next();
          if (entry) underWay.add(entry.sequence);
        }
        if (one === 'confirm') {
          const [first] = underWay;
          if (first === undefined) continue;
          outbox.confirm(first, first);
          underWay.delete(first);
          confirmed++;
        }
        const { waiting, dropped } = outbox.status();
        expect(waiting + dropped.readings + confirmed).toBe(added);
      }
    }),
  );
});
