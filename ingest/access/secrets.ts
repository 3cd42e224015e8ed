import { createHash, randomBytes, randomInt } from 'node:crypto';

/** Neither 0 and o nor 1, i and l, which people mistake for one another when they type what they read. */
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

/** 256 bits, for a cookie or a header. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/** All that is kept of a secret. It was drawn at random, so that no salt and no slow hash is needed. */
export function hashOfSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Of 20 letters in groups of four, 99 bits. */
export function newPassword(): string {
  const group = () => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return Array.from({ length: 5 }, group).join('-');
}
