import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

interface State {
  readonly command:
    | { readonly outcome?: string; readonly open: boolean; readonly sentMs: number }
    | undefined;
}

const { valveWish, START } = createRequire(import.meta.url)('./nodes/lib/valve-wish.js') as {
  valveWish(state: State, input: object): { state: State; send?: boolean };
  START: State;
};

const MINUTE_MS = 60_000;
const LEASE_MS = 10 * MINUTE_MS;

function after(...inputs: object[]): State {
  return inputs.reduce<State>((state, input) => valveWish(state, input).state, START);
}

const ask = (open: boolean, nowMs: number, renew = true) => ({ is: 'ask', open, renew, nowMs });
const sent = (open: boolean) => ({ is: 'sent', id: 'c1', open, leaseMs: LEASE_MS, nowMs: 0 });
const outcome = (word: string, id = 'c1') => ({ is: 'outcome', id, outcome: word });
const ended = (cause: string) => ({ is: 'ended', cause, nowMs: 2 * MINUTE_MS });

test.each([
  ['nothing was asked before', after(), ask(true, 0), true],
  ['nothing was asked before', after(), ask(false, 0), false],
  ['the wish turns', after(sent(true), outcome('applied')), ask(false, 1), false],
  ['the wish turns before the outcome', after(sent(false)), ask(true, 1), true],
  ['the outcome is awaited', after(sent(true)), ask(true, 44_999), undefined],
  ['no outcome came', after(sent(true)), ask(true, 45_000), true],
  [
    'the first half of the lease',
    after(sent(true), outcome('applied')),
    ask(true, LEASE_MS / 2 - 1),
    undefined,
  ],
  ['the second half of the lease', after(sent(true), outcome('applied')), ask(true, LEASE_MS / 2), true],
  ['the lease is over', after(sent(true), outcome('applied')), ask(true, 2 * LEASE_MS), true],
  ['it is closed', after(sent(false), outcome('applied')), ask(false, 3 * LEASE_MS), undefined],
  ['refused a while ago', after(sent(true), outcome('refused')), ask(true, 59_999), undefined],
  ['refused a minute ago', after(sent(true), outcome('refused')), ask(true, 60_000), true],
  ['failed a minute ago', after(sent(false), outcome('failed')), ask(false, 60_000), false],
  ['expired a while ago', after(sent(true), outcome('expired')), ask(true, 1_000), undefined],
  ['the outcome of another', after(sent(true), outcome('applied', 'c0')), ask(true, 45_000), true],
  [
    'the gateway saw it lapse',
    after(sent(true), outcome('applied'), ended('lapsed')),
    ask(true, 130_000),
    true,
  ],
  [
    'an interlock closed it',
    after(sent(true), outcome('applied'), ended('interlock')),
    ask(true, 179_999),
    undefined,
  ],
  [
    'an interlock closed it a minute ago',
    after(sent(true), outcome('applied'), ended('interlock')),
    ask(true, 180_000),
    true,
  ],
  [
    'it was closed by this one',
    after(sent(false), outcome('applied'), ended('closed')),
    ask(false, 180_000),
    undefined,
  ],
  ['the clock was set back', after(sent(true), outcome('applied')), ask(true, -1), true],
  ['renewing is off', after(sent(true), outcome('applied')), ask(true, 1, false), true],
])('%s: %#', (_what, state, input, send) => {
  expect(valveWish(state, input).send).toBe(send);
});

test('asking changes nothing by itself: it is the sending that counts', () => {
  const state = after(sent(true), outcome('applied'));
  expect(valveWish(state, ask(true, LEASE_MS)).state).toBe(state);
});
