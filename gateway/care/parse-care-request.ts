import { Value } from 'typebox/value';
import { CareRequest } from '../../core/care-request.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';

/** Throws `CARE_INVALID`. */
export function parseCareRequest(text: string): CareRequest {
  const invalid = (reason: string) => new SluiceError('CARE_INVALID', { reason });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(reasonOf(error));
  }
  if (!Value.Check(CareRequest, value)) throw invalid('it is none of the requests that are known');
  return value;
}
