import type { FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError } from '../../core/errors.ts';
import { isLoopback } from '../../core/listen.ts';
import { sendError } from './error-reply.ts';

/**
 * Refuses requests made under a name that is neither loopback nor configured. A web page can point a name of its own
 * at 127.0.0.1 (DNS rebinding) and would then be of the same origin as this API; the Host header gives it away.
 */
export function hostGuard(allowedHosts: readonly string[]) {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    const host = hostName(request.headers.host ?? '');
    if (isLoopback(host) || allowed.has(host)) next();
    else sendError(new SluiceError('HOST_NOT_ALLOWED', { host: host.slice(0, 200) }), request, reply);
  };
}

/** The name in a Host header (RFC 9110, 7.2), without its port, in lower case. */
function hostName(header: string): string {
  return header.toLowerCase().replace(/:\d*$/, '');
}
