import type { FastifyReply, FastifyRequest } from 'fastify';

/** For whatever is not a page: it may be read by our own page, and not be run, framed or sniffed into one. */
export const API_HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  // Readings are stale in a second; files of the console set their own.
  'cache-control': 'no-store',
} as const;

/** The console has no inline script or style and asks nothing of any other origin, so nothing else is allowed. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What only a page heeds, and a phone need not receive with each reply of the API. */
const PAGE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
} as const;

/** Of every reply, errors of the framework too, whatever became of it on its way. */
export function securityHeaders(
  _request: FastifyRequest,
  reply: FastifyReply,
  _payload: unknown,
  next: () => void,
): void {
  const cacheControl = reply.getHeader('cache-control') ?? API_HEADERS['cache-control'];
  const isPage = String(reply.getHeader('content-type')).startsWith('text/html');
  reply.headers({ ...API_HEADERS, 'cache-control': cacheControl, ...(isPage && PAGE_HEADERS) });
  next();
}
