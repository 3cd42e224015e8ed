import { expect, it } from 'vitest';
import { Inbox } from './inbox.ts';

it('does everything in its order, and nothing while there is no room', () => {
  let letIn = () => {};
  const pipeline = {
    isCrowded: false,
    whenRoom(fn: () => void) {
      letIn = fn;
    },
  };
  const inbox = new Inbox(pipeline);
  const done: number[] = [];
  inbox.add(() => {
    done.push(1);
    inbox.add(() => done.push(2));
    pipeline.isCrowded = true;
  });
  inbox.add(() => done.push(3));
  expect(done).toEqual([1]);
  pipeline.isCrowded = false;
  letIn();
  expect(done).toEqual([1, 2, 3]);
  inbox.add(() => done.push(4));
  expect(done).toEqual([1, 2, 3, 4]);
});
