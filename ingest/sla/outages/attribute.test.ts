import { expect, it } from 'vitest';
import { attribute, type Ends, type Seen } from './attribute.ts';

const POPS = ['a', 'b', 'c', 'd'];
const MESH: Ends[] = POPS.flatMap((from) =>
  POPS.filter((to) => to !== from).map((to) => ({ id: `${from}-${to}`, from, to })),
);
const LINK = { id: 'a-b', from: 'a', to: 'b' };

/** What each link saw, by a pattern on its id; the first that fits. */
function judged(down: RegExp, unknown = /^$/, share = 0, mesh = MESH) {
  const seen = (id: string): Seen => (unknown.test(id) ? 'unknown' : down.test(id) ? 'down' : 'up');
  return attribute(LINK, mesh, seen, share);
}

it('is the link where all others are up, and says what the other direction saw', () => {
  expect(judged(/^a-b$/)).toMatchObject({ fault: 'link', reverse: 'up', alsoDown: [] });
  const both = judged(/^(a-b|b-a)$/);
  expect(both).toMatchObject({ fault: 'link', reverse: 'down' });
  expect(both.words.en).toBe(
    'Fault of the link: other links of both ends were up. The other direction was down too. Neighbours at a: 0 of 2 from it and 0 of 2 to it down; at b: 0 of 2 from it and 0 of 2 to it down.',
  );
  expect(both.words.zh).toContain('链路本身故障');
});

it('is an end where all links of it are down', () => {
  expect(judged(/a/)).toMatchObject({ fault: 'from-end', fromSide: { out: { down: 2 }, in: { down: 2 } } });
  expect(judged(/b/)).toMatchObject({ fault: 'to-end', alsoDown: ['b-c', 'b-d', 'c-b', 'd-b'] });
  expect(judged(/-b$/), 'only its answers').toMatchObject({ fault: 'to-end' });
  // What it goes by is said, and nothing of those that were up.
  expect(judged(/-b$/).words.en).toContain('Fault at the end b: the other links to b were down too.');
  expect(judged(/-b$/).words.en).toContain('at b: 0 of 2 from it and 2 of 2 to it down.');
  expect(judged(/-b$/).words.zh).toContain('指向 b 的其他链路同时中断');
});

it('is the agent where its links are down one way only, or its own probes say nothing', () => {
  expect(judged(/^a-/).fault).toBe('probe');
  expect(judged(/^a-b$/, /^$/, 0.6)).toMatchObject({ fault: 'probe' });
  expect(judged(/^a-b$/, /^$/, 0.6).words.en).toContain('60 %');
});

it('is an end also where its own agent tells nothing', () => {
  expect(judged(/b/, /^b-/)).toMatchObject({ fault: 'to-end', toSide: { out: { unknown: 2 } } });
});

it('is wide where both ends have nothing left', () => {
  expect(judged(/./).fault).toBe('wide');
});

it('is not known where nobody is near, nobody saw it, or they disagree', () => {
  expect(judged(/^a-b$/, /^$/, 0, [LINK])).toMatchObject({ fault: 'unknown', reverse: 'unknown' });
  expect(judged(/^a-b$/, /[cd]/)).toMatchObject({ fault: 'unknown' });
  expect(judged(/^(a-b|a-c)$/)).toMatchObject({ fault: 'unknown' });
  expect(judged(/^a-b$/, /[cd]/).words.en).toContain(
    '0 of 0 (2 unknown) from it and 0 of 0 (2 unknown) to it down',
  );
});
