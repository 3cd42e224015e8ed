import { expect, test } from 'vitest';
import { parseHostState } from './host-state.ts';

test('a STATE payload as the specification has it', () => {
  expect(parseHostState('{"online": true, "timestamp": 1668114759262}')).toEqual({
    isOnline: true,
    timeMs: 1_668_114_759_262,
  });
});

test.each(['', 'ONLINE', '[]', 'null', '{"online":"yes","timestamp":1}', '{"online":true}'])(
  '%j is none',
  (text) => {
    expect(parseHostState(text)).toBeUndefined();
  },
);
