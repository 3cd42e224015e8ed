import { createPublicKey } from 'node:crypto';
import type { Language } from '../../../core/errors.ts';
import { askIngest, DEFAULT_URL } from './ask-ingest.ts';
import { parsedOptions } from './parsed-options.ts';

export const KEY_KNOWN = 'key [--url URL] [--pem]';

/** Shows the key that an ingest signs with, to be told to the other party by another way than its statements. */
export async function keyCommand(
  args: readonly string[],
  language: Language,
  print: (line: string) => void,
): Promise<number> {
  const { url = DEFAULT_URL, pem } = parsedOptions(
    args,
    { url: { type: 'string' }, pem: { type: 'boolean' } },
    KEY_KNOWN,
  );
  const answer = await askIngest(url, '/api/v1/links/statement/key', language);
  const { publicKey, fingerprint } = (await answer.json()) as { publicKey: string; fingerprint: string };
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  print(pem ? String(key.export({ type: 'spki', format: 'pem' })).trimEnd() : fingerprint);
  return 0;
}
