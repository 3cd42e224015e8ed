import { SluiceError, type Words } from '../../core/errors.ts';

/** What a client sees when one field of its request is wrong; `problem` says what would be right. */
export function requestInvalid(field: string, problem: Words): SluiceError {
  return new SluiceError('REQUEST_INVALID', { field, problem });
}
