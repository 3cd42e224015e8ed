import { expect, test } from 'vitest';
import { settle } from '../../../../core/testing/fake-clock.ts';
import { NameCache } from './name-cache.ts';

function bench() {
  const asked: { name: string; answer: (address: string) => void; fail: (error: Error) => void }[] = [];
  const clock = { nowMs: 0 };
  const names = new NameCache(
    () => clock.nowMs,
    (name) =>
      new Promise((resolve, reject) => {
        asked.push({ name, answer: (address) => resolve({ address }), fail: reject });
      }),
  );
  return { asked, clock, names };
}

test('an address is itself; a name has none until it is known, and is asked for once', async () => {
  const { names, asked } = bench();
  expect(names.find('::1')).toEqual({ address: '::1' });
  expect(names.find('a')).toMatchObject({ reason: 'a: its address is being looked up' });
  names.find('a');
  await settle();
  expect(asked.map(({ name }) => name)).toEqual(['a']);
  asked[0]!.answer('192.0.2.1');
  await settle();
  expect(names.find('a')).toMatchObject({ address: '192.0.2.1' });
  expect(asked).toHaveLength(1);
});

test('one is looked up at a time', async () => {
  const { names, asked } = bench();
  names.find('slow');
  names.find('b');
  await settle();
  expect(asked.map(({ name }) => name)).toEqual(['slow']);
  asked[0]!.fail(new Error('ETIMEOUT'));
  await settle();
  expect(asked.map(({ name }) => name)).toEqual(['slow', 'b']);
  expect(names.find('slow')).toMatchObject({ reason: 'slow: ETIMEOUT' });
});

test('it is asked again now and then; what is known stays where that fails', async () => {
  const { names, asked, clock } = bench();
  const answers = [
    [300_000, (at: number) => asked[at]!.answer('192.0.2.1')],
    [30_000, (at: number) => asked[at]!.fail(new Error('EAI_AGAIN'))],
    [300_000, (at: number) => asked[at]!.answer('192.0.2.2')],
  ] as const;
  const seen: unknown[] = [];
  for (const [at, [againMs, answer]] of answers.entries()) {
    names.find('a');
    await settle();
    answer(at);
    await settle();
    seen.push(names.find('a').address);
    clock.nowMs += againMs - 1;
    names.find('a');
    await settle();
    expect(asked).toHaveLength(at + 1);
    clock.nowMs += 1;
  }
  expect(seen).toEqual(['192.0.2.1', '192.0.2.1', '192.0.2.2']);
});

test('who is forgotten while it is looked up stays forgotten', async () => {
  const { names, asked } = bench();
  names.find('a');
  names.find('b');
  await settle();
  names.keep(new Set());
  asked[0]!.answer('192.0.2.1');
  await settle();
  expect(asked).toHaveLength(1);
  expect(names.find('a').address).toBeUndefined();
});
