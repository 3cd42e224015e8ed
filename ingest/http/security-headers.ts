import type { FastifyReply, FastifyRequest } from 'fastify';

/** The console has no inline script or style and asks nothing of any other origin, so nothing else is allowed. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  // Readings are stale in a second; files of the console set their own.
  'cache-control': 'no-store',
};

export function securityHeaders(_request: FastifyRequest, reply: FastifyReply, next: () => void): void {
  reply.headers(HEADERS);
  next();
}
