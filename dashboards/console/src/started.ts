/** Asked for before the code of the page was there, by path; each answer is used once. */
export type Started = Map<string, Promise<StartedAnswer>>;

export interface StartedAnswer {
  readonly response: Response;
  readonly answeredMs: number;
}

declare global {
  var sluiceStarted: Started | undefined;
}

/** What is older says how it was, and not how it is: it is asked for again. */
const MOST_AGE_MS = 4_000;

/** The answer to a question that `start.ts` has asked already; undefined where there is none, or it came too long ago. */
export async function takeStarted(path: string): Promise<Response | undefined> {
  const asked = globalThis.sluiceStarted?.get(path);
  if (!asked) return undefined;
  globalThis.sluiceStarted?.delete(path);
  const answer = await asked.catch(() => undefined);
  return answer && performance.now() - answer.answeredMs <= MOST_AGE_MS ? answer.response : undefined;
}
