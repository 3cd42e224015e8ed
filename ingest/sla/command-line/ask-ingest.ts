import {
  ERRORS,
  type ErrorCode,
  type ErrorDetails,
  type Language,
  SluiceError,
} from '../../../core/errors.ts';
import { bearerHeaders } from '../../access/bearer-headers.ts';

export const DEFAULT_URL = 'http://127.0.0.1:8080';

/** What the ingest at `url` answers; its errors are thrown as what they are. Throws `INGEST_UNREACHABLE`. */
export async function askIngest(url: string, path: string, language: Language): Promise<Response> {
  let answer: Response;
  try {
    // Packed it would take longer: it seldom leaves the machine.
    const headers = { 'accept-language': language, 'accept-encoding': 'identity', ...bearerHeaders() };
    answer = await fetch(new URL(path, url), { headers });
  } catch (error) {
    throw new SluiceError('INGEST_UNREACHABLE', { url }, error);
  }
  if (answer.ok) return answer;
  const said = (await answer.json().catch(() => ({}))) as { code?: string; details?: ErrorDetails };
  if (said.code === undefined || !Object.hasOwn(ERRORS, said.code))
    throw new SluiceError('INGEST_UNREACHABLE', { url });
  throw new SluiceError(said.code as ErrorCode, said.details ?? {});
}
