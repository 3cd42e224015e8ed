import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueQueue } from './due-queue.ts';

test('what is due comes out soonest first, whatever went in between', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }))), (steps) => {
      const queue = new DueQueue<{ dueMs: number }>();
      let kept: number[] = [];
      for (const dueMs of steps) {
        if (dueMs !== null) {
          queue.push({ dueMs });
          kept = [...kept, dueMs].sort((a, b) => a - b);
        } else expect(queue.pop()?.dueMs).toBe(kept.shift());
        expect(queue.dueMs).toBe(kept[0] ?? Number.POSITIVE_INFINITY);
      }
    }),
  );
});
