import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const USER = 'admin';
const ADMIN = { username: USER, permissions: '*' } as const;

/** The one account of an editor that has a password, as Node-RED's `adminAuth` wants it. */
export function editorLogin(password: string) {
  const find = async (name: string) => (name === USER ? ADMIN : null);
  const authenticate = async (name: string, given: string) =>
    isSame(given, password) && name === USER ? ADMIN : null;
  return { type: 'credentials', users: find, authenticate } as const;
}

/** Whether a request brings the same name and password by HTTP Basic (RFC 7617), for what flows answer themselves. */
export function bringsPassword({ headers }: IncomingMessage, password: string): boolean {
  const [scheme = '', token = ''] = (headers.authorization ?? '').split(' ');
  const given = Buffer.from(token, 'base64').toString();
  return scheme.toLowerCase() === 'basic' && isSame(given, `${USER}:${password}`);
}

/** In a time that tells nothing about where they differ. */
function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
