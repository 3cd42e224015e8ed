import { type ErrorCode, type ErrorDetails, type Language, SluiceError } from '../../core/errors.ts';

/** A sentence, or part of one, in each language. */
export type Words = Readonly<Record<Language, string>>;

/** An error of the catalogue with details that are words, and so differ by language; its `details` are English. */
export class WordedError extends SluiceError {
  readonly #words: Readonly<Record<string, string | number | Words>>;

  constructor(code: ErrorCode, words: Readonly<Record<string, string | number | Words>>) {
    super(code, inLanguage(words, 'en'));
    this.#words = words;
  }

  override text(language: Language): string {
    return new SluiceError(this.code, inLanguage(this.#words, language)).text(language);
  }
}

function inLanguage(
  words: Readonly<Record<string, string | number | Words>>,
  language: Language,
): ErrorDetails {
  return Object.fromEntries(
    Object.entries(words).map(([name, value]) => [name, typeof value === 'object' ? value[language] : value]),
  );
}
