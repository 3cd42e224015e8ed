import { expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { PasswordCheck } from './password-check.ts';

const user = (passwordHash: string) => ({ passwordHash });
const bytes = (text: string) => Buffer.from(text);

function setUp(failuresPerMin = 3, mostWaiting = 20_000) {
  const clock = new FakeClock();
  let derived = 0;
  let running = 0;
  let most = 0;
  const verify = async (password: Uint8Array, hash: string) => {
    derived++;
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    return `${password}` === hash;
  };
  const check = new PasswordCheck(failuresPerMin, clock, { verify, mostWaiting });
  const ask = (text: string, from = '10.0.0.1', hash = 'seed') =>
    check.check(user(hash), 'shed', bytes(text), from);
  return { clock, check, ask, counts: () => ({ derived, most }) };
}

test('what was right once costs nothing again, until the hash changes', async () => {
  const { ask, counts } = setUp();
  expect(await ask('seed')).toBe('right');
  for (let n = 0; n < 1_000; n++) expect(await ask('seed')).toBe('right');
  expect(counts().derived).toBe(1);
  expect(await ask('seed', '10.0.0.1', 'other')).toBe('wrong');
  expect(counts().derived).toBe(2);
});

test('a thousand at once are derived two at a time, and the same question once', async () => {
  const { check, ask, counts } = setUp();
  const many = Array.from({ length: 1_000 }, (_, n) =>
    check.check(user(`p${n}`), `g${n}`, bytes(`p${n}`), '10.0.0.1'),
  );
  expect(new Set(await Promise.all(many))).toEqual(new Set(['right']));
  expect(counts()).toEqual({ derived: 1_000, most: 2 });
  await Promise.all([ask('seed'), ask('seed')]);
  expect(counts().derived).toBe(1_001);
});

test('an address that fails too often waits; its neighbours and what was right before do not', async () => {
  const { clock, ask, counts } = setUp();
  expect(await ask('seed')).toBe('right');
  for (let n = 0; n < 3; n++) expect(await ask(`guess${n}`)).toBe('wrong');
  const before = counts().derived;
  expect(await ask('guess4')).toBe('too many failures');
  expect(counts().derived).toBe(before);
  expect(await ask('seed')).toBe('right');
  expect(await ask('another', '10.0.0.2')).toBe('wrong');
  await clock.advance(20_000);
  expect(await ask('guess5')).toBe('wrong');
});

test('nobody comes in by the hash that stands for nobody', async () => {
  const { check } = setUp();
  expect(await check.check(undefined, 'nobody', bytes('x'), '10.0.0.1')).toBe('wrong');
});

test('where many from everywhere wait, further ones are told so at once, and what was right before goes on', async () => {
  const { ask, counts } = setUp(3, 5);
  expect(await ask('seed')).toBe('right');
  const flood = Array.from({ length: 100 }, (_, n) => ask(`guess${n}`, `10.0.1.${n}`));
  expect(await ask('seed')).toBe('right');
  const answers = await Promise.all(flood);
  expect(answers.filter((one) => one === 'too busy')).toHaveLength(95);
  expect(counts().derived).toBe(6);
  expect(await ask('guess', '10.0.2.1')).toBe('wrong');
});
