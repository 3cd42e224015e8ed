import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api.ts';
import { useConsole } from './console.ts';

const SHORTEST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 60_000;

/** What was asked of the server and what is known of it. */
export interface Asked<T> {
  /** The last good answer, kept while the server does not answer. Undefined until the first. */
  readonly answer: T | undefined;
  /** When it came, by the viewer's clock. */
  readonly answeredMs: number | undefined;
  /** Why there is no newer one: since when nothing good has come. */
  readonly failure: { readonly error: unknown; readonly sinceMs: number } | undefined;
  /** Asks now: something was changed, or somebody does not want to wait. Resolves when it is answered or has failed. */
  again(): Promise<void>;
}

type Known<T> = Omit<Asked<T>, 'again'>;
const NOTHING = { answer: undefined, answeredMs: undefined, failure: undefined };

/**
 * Asks for `path` when it is first drawn and every `everyMs` after, while the page is looked at; once where no time is given. What the
 * server refuses for a reason of its own (400 to 499) is not asked again by itself. Another path begins anew; none asks nothing.
 */
export function useAsked<T>(path: string | undefined, everyMs?: number): Asked<T> {
  const { api, locale } = useConsole();
  const [known, setKnown] = useState<Known<T> & { readonly path?: string }>(NOTHING);
  const askNow = useRef<() => Promise<void>>(async () => {});
  useEffect(() => {
    if (path === undefined) {
      askNow.current = async () => {};
      return;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    let abort: AbortController | undefined;
    let failures = 0;
    const plan = (waitMs: number | undefined) => {
      clearTimeout(timer);
      if (waitMs !== undefined)
        timer = setTimeout(() => (document.hidden ? plan(waitMs) : void ask()), waitMs);
    };
    const ask = async () => {
      abort?.abort();
      const mine = new AbortController();
      abort = mine;
      clearTimeout(timer);
      try {
        const answer = await api.get<T>(path, mine.signal);
        if (mine.signal.aborted) return;
        failures = 0;
        setKnown({ answer, answeredMs: Date.now(), failure: undefined, path });
        plan(everyMs);
      } catch (error) {
        if (mine.signal.aborted) return;
        failures++;
        setKnown((before) => {
          const kept = before.path === path ? before : NOTHING;
          const sinceMs = kept.failure?.sinceMs ?? kept.answeredMs ?? Date.now();
          return { ...kept, failure: { error, sinceMs }, path };
        });
        const isRefused = error instanceof ApiError && error.status < 500;
        const retryMs = Math.min(SHORTEST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
        plan(isRefused ? everyMs : retryMs);
      } finally {
        if (abort === mine) abort = undefined;
      }
    };
    const hurry = () => {
      if (!document.hidden && (failures > 0 || everyMs !== undefined) && !abort) void ask();
    };
    askNow.current = ask;
    void ask();
    addEventListener('online', hurry);
    document.addEventListener('visibilitychange', hurry);
    return () => {
      abort?.abort();
      clearTimeout(timer);
      removeEventListener('online', hurry);
      document.removeEventListener('visibilitychange', hurry);
    };
    // The language too: answers hold words of the server in it.
  }, [api, path, everyMs, locale.language]);
  const { answer, answeredMs, failure } = known.path === path ? known : NOTHING;
  return { answer, answeredMs, failure, again: () => askNow.current() };
}
