import { useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { useWords } from '../i18n/use-words.ts';
import { PART_WORDS } from './words.ts';

/** What stands against a form: by the field that it belongs to, and in a sentence. */
export interface Problem {
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
  /** What the server answered, where it did. */
  readonly error?: ApiError;
}

export interface Sending {
  readonly isSending: boolean;
  readonly problem: Problem | undefined;
  /** Does it once, and says whether it was done. */
  send(work: () => Promise<unknown>): Promise<boolean>;
  /** What the page itself has against what was entered. */
  refuse(fields: Readonly<Record<string, string>>): void;
  /** What is wrong with a field, by its name in the request. */
  at(field: string): string | undefined;
  clear(): void;
}

/** Sends a form, and keeps what the server has against it until the next try. */
export function useSending(): Sending {
  const words = useWords(PART_WORDS);
  const [isSending, setSending] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  return {
    isSending,
    problem,
    async send(work) {
      if (isSending) return false;
      setSending(true);
      setProblem(undefined);
      try {
        await work();
        return true;
      } catch (thrown) {
        setProblem(problemOf(thrown, words));
        return false;
      } finally {
        setSending(false);
      }
    },
    refuse: (fields) => setProblem({ message: '', fields }),
    at: (field) => problem?.fields[field],
    clear: () => setProblem(undefined),
  };
}

/** A field within another is named by its path: `rule.low.clear`. */
export function problemOf(thrown: unknown, words: (typeof PART_WORDS)['en']): Problem {
  if (thrown instanceof ApiError) {
    const { field, problem } = thrown.details;
    const words = typeof problem === 'string' ? problem : thrown.message;
    if (typeof field !== 'string') return { message: thrown.message, fields: {}, error: thrown };
    return { message: thrown.message, fields: { [field]: words }, error: thrown };
  }
  const isLate = thrown instanceof DOMException && thrown.name === 'TimeoutError';
  return { message: isLate ? words.tooSlow : words.noConnection, fields: {} };
}
