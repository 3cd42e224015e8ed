import { afterEach, expect, it } from 'vitest';
import { type StartedAnswer, takeStarted } from './started.ts';

const answered = (agoMs: number): Promise<StartedAnswer> =>
  Promise.resolve({ response: new Response('{}'), answeredMs: performance.now() - agoMs });

afterEach(() => {
  globalThis.sluiceStarted = undefined;
});

it('gives an answer once, so that the next question is about the next moment', async () => {
  globalThis.sluiceStarted = new Map([['/api/v1/last', answered(0)]]);
  expect((await takeStarted('/api/v1/last'))?.status).toBe(200);
  expect(await takeStarted('/api/v1/last')).toBeUndefined();
});

it('gives none that has waited long for the page: its readings would be shown as live', async () => {
  globalThis.sluiceStarted = new Map([['/api/v1/last', answered(30_000)]]);
  expect(await takeStarted('/api/v1/last')).toBeUndefined();
});

it('gives none where there was none, or none came', async () => {
  expect(await takeStarted('/api/v1/last')).toBeUndefined();
  const lost = Promise.reject(new TypeError('the link is down'));
  globalThis.sluiceStarted = new Map([['/api/v1/last', lost]]);
  expect(await takeStarted('/api/v1/last')).toBeUndefined();
});
