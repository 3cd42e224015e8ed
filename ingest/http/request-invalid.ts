import type { Words } from './worded-error.ts';
import { WordedError } from './worded-error.ts';

/** What a client sees when one field of its request is wrong; `problem` says what would be right. */
export function requestInvalid(field: string, problem: Words): WordedError {
  return new WordedError('REQUEST_INVALID', { field, problem });
}
