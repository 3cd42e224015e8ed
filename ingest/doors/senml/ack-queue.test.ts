import { expect, test } from 'vitest';
import { AckQueue } from './ack-queue.ts';

function bench() {
  const written: number[][] = [];
  return { written, acks: new AckQueue((bytes) => written.push([...bytes])) };
}

test('acknowledges in the order of the messages, several at once where one held the others up', () => {
  const { written, acks } = bench();
  const [first, second, third] = [acks.hold(1), acks.hold(0x1234), acks.hold(3)];
  second();
  third();
  expect(written).toEqual([]);
  first();
  // PUBACK: 40 02, then the packet id (MQTT 3.1.1, 3.4).
  expect(written).toEqual([[0x40, 2, 0, 1, 0x40, 2, 0x12, 0x34, 0x40, 2, 0, 3]]);
  expect(acks.length).toBe(0);
});

test('says nothing after its connection has gone', async () => {
  const { written, acks } = bench();
  const settle = acks.hold(1);
  const emptied = acks.emptied();
  acks.end();
  settle();
  await emptied;
  expect(written).toEqual([]);
});
