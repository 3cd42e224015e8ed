import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

/** scrypt with 32 MiB and about 0.1 s: RFC 7914's interactive setting, doubled. */
const COST = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1_048_576 } as const;
const KEY_BYTES = 32;
/** Of what `hashPassword` makes. */
export const HASH_PATTERN = '^scrypt\\$[A-Za-z0-9+/]{22,}={0,2}\\$[A-Za-z0-9+/]{43}=$';

/** `scrypt$salt$key`, both base64. */
export async function hashPassword(password: Uint8Array): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `scrypt$${salt.toString('base64')}$${key.toString('base64')}`;
}

/** For a name that nobody has: so an unknown name takes as long as a wrong password. */
export const NOBODY = `scrypt$${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(KEY_BYTES).toString('base64')}`;

export async function verifyPassword(password: Uint8Array, hash: string): Promise<boolean> {
  const [, salt = '', key = ''] = hash.split('$');
  const expected = Buffer.from(key, 'base64');
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64')), expected);
}

function derive(password: Uint8Array, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
