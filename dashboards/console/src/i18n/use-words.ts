import type { Language } from '../../../../core/errors.ts';
import { useConsole } from '../console.ts';

/** The words of a page or a part: one shape in every language, so that a missing key does not compile. */
export type WordsOf<T> = Readonly<Record<Language, T>>;

export function useWords<T>(words: WordsOf<T>): T {
  return words[useConsole().locale.language];
}
