import { expect, test } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { KeptLog } from '../testing/kept-log.ts';
import { RefusalLog } from './refusal-log.ts';

function setUp() {
  const clock = new FakeClock();
  const kept = new KeptLog();
  const refusals = new RefusalLog(kept.log, clock);
  const note = (source: string) =>
    refusals.note(source, 'SENDER_UNBORN', 2, () => new SluiceError('SENDER_UNBORN', { sender: source }));
  const told = () => kept.lines.map(({ details }) => `${details.source} ${details.count}`);
  return { clock, note, told };
}

test('the first of a source is told at once, and then once a minute how many there were', async () => {
  const { clock, note, told } = setUp();
  for (let times = 0; times < 3; times++) note('a');
  note('b');
  expect(told()).toEqual(['a 2', 'b 2']);
  await clock.advance(60_000);
  note('a');
  expect(told().slice(2)).toEqual(['a 6']);
});

test('thousands at once, as after a restart, are told of as one past the first', async () => {
  const { clock, note, told } = setUp();
  for (let n = 0; n < 5_000; n++) note(`gateway ${n}`);
  expect(told()).toHaveLength(51);
  expect(told().at(-1)).toBe('others 2');
  await clock.advance(60_000);
  note('gateway 4999');
  expect(told().at(-1)).toBe('gateway 4999 2');
  for (let n = 100; n < 200; n++) note(`gateway ${n}`);
  expect(told().at(-1)).toBe(`others ${2 * 4_949 + 2}`);
});
