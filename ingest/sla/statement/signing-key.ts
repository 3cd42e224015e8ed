import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import { fingerprintOf, publicText } from './seal.ts';

/** In the data folder of ingest. Whoever has it can make statements in its name. */
export const KEY_FILE = 'statement-key.pem';

/** What statements are signed with. The private part never leaves this. */
export interface SigningKey {
  /** SPKI in DER, base64. */
  readonly publicKey: string;
  readonly fingerprint: string;
  /** Ed25519 (RFC 8032) of `bytes`, base64. */
  sign(bytes: Uint8Array): string;
}

/**
 * The key in `folder`, made at first use and readable by this user only. Two processes that make it at once end with the same.
 * Throws `STATEMENT_KEY_UNUSABLE`.
 */
export function signingKey(folder: string): SigningKey {
  const file = join(folder, KEY_FILE);
  try {
    const key = createPrivateKey(read(file) ?? make(folder, file));
    if (key.asymmetricKeyType !== 'ed25519')
      throw new Error(`it holds a key of the type ${key.asymmetricKeyType}`);
    const publicKey = publicText(createPublicKey(key));
    return {
      publicKey,
      fingerprint: fingerprintOf(publicKey),
      sign: (bytes) => sign(null, bytes, key).toString('base64'),
    };
  } catch (error) {
    throw new SluiceError('STATEMENT_KEY_UNUSABLE', { file, reason: reasonOf(error) }, error);
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole and on the disk before it has its name: half a key would be another one at the next start. */
function make(folder: string, file: string): string {
  mkdirSync(folder, { recursive: true });
  const aside = `${file}.${randomUUID()}`;
  const { privateKey } = generateKeyPairSync('ed25519');
  const descriptor = openSync(aside, 'wx', 0o600);
  try {
    writeSync(descriptor, String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
    fsyncSync(descriptor);
    linkSync(aside, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    closeSync(descriptor);
    rmSync(aside, { force: true });
  }
  return readFileSync(file, 'utf8');
}
