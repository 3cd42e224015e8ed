import { createHash } from 'node:crypto';

/** A weak entity tag (RFC 9110, 8.8.3) of what JSON makes of `content`; weak, because its bytes may come compressed. */
export function entityTag(content: unknown): string {
  return `W/"${createHash('sha1').update(JSON.stringify(content)).digest('base64url')}"`;
}

/** Whether `If-None-Match` names `tag`: then the client has it, and 304 says so (RFC 9110, 13.1.2). */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  const known = (ifNoneMatch ?? '').split(',').map((one) => one.trim());
  return known.includes('*') || known.includes(tag);
}
