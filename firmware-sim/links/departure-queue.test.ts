import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DepartureQueue } from './departure-queue.ts';

test('what is due first leaves first, and of two that are due together the one that came first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 }), { maxLength: 200 }), (dues) => {
      const queue = new DepartureQueue();
      const departures = dues.map((dueMs, number) => ({ dueMs, number }));
      const left = [];
      for (const departure of departures) {
        queue.push(departure);
        // Taken out and put in again on the way: the heap has many shapes.
        if (departure.number % 3 === 0) queue.push(queue.pop()!);
      }
      while (queue.length > 0) {
        const { dueMs } = queue;
        const departure = queue.pop()!;
        expect(departure.dueMs).toBe(dueMs);
        left.push(departure);
      }
      expect(left).toEqual(departures.toSorted((a, b) => a.dueMs - b.dueMs || a.number - b.number));
      expect(queue.dueMs).toBe(Number.POSITIVE_INFINITY);
      expect(queue.pop()).toBeUndefined();
    }),
  );
});
