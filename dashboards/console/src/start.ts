import type { Started } from './started.ts';

/*
 * Fetched and run before everything else, and so kept apart from it and tiny: on a slow link the answers are on their way while the code
 * of the page still is. Nobody who is not signed in asks for readings.
 */
const TIMEOUT_MS = 20_000;
const started: Started = new Map();
globalThis.sluiceStarted = started;

function start(path: string): Promise<Response> {
  const response = fetch(path, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  const answer = response.then((arrived) => ({ response: arrived, answeredMs: performance.now() }));
  // Whoever takes it hears of it, or asks again.
  answer.catch(() => {});
  started.set(path, answer);
  return response;
}

start('/api/v1/session?ifAny=true').then(
  ({ status }) => {
    if (status !== 200 || !/^(#\/?(farm)?)?$/.test(location.hash)) return;
    for (const path of ['last', 'gateways', 'quantities']) start(`/api/v1/${path}`);
  },
  () => {},
);
