import type { FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError } from '../../core/errors.ts';
import { isLoopback } from '../../core/listen.ts';
import { sendError } from './error-reply.ts';
import { requestInvalid } from './request-invalid.ts';

/**
 * Refuses requests made under a name that is neither loopback nor configured. A web page can point a name of its own
 * at 127.0.0.1 (DNS rebinding) and would then be of the same origin as this API; the Host header gives it away. What
 * changes something is also refused to pages of another origin, whatever else a browser may let them do.
 */
export function hostGuard(allowedHosts: readonly string[]) {
  const allowed = new Set(allowedHosts.map((host) => host.toLowerCase()));
  return (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    const error = problemOf(request, allowed);
    if (error) sendError(error, request, reply);
    else next();
  };
}

function problemOf(request: FastifyRequest, allowed: ReadonlySet<string>): SluiceError | undefined {
  if (namesHostTwice(request)) return requestInvalid('request', TWO_HOSTS);
  const host = hostName(request.headers.host ?? '');
  if (!isLoopback(host) && !allowed.has(host)) {
    return new SluiceError('HOST_NOT_ALLOWED', { host: host.slice(0, 200) });
  }
  const origin = strangeOrigin(request);
  return origin === undefined
    ? undefined
    : new SluiceError('ORIGIN_NOT_ALLOWED', { origin: origin.slice(0, 200) });
}

const TWO_HOSTS = {
  en: 'it names its host twice; one Host header and a path are enough',
  zh: '请求重复指定了主机；只需一个 Host 头和路径',
};

/** Node takes the first of several Host headers (RFC 9112, 3.2), and a proxy before it may have gone by another, or by a whole address (3.2.2). */
function namesHostTwice({ raw }: FastifyRequest): boolean {
  const { rawHeaders, url = '' } = raw;
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host');
  return hosts.length > 1 || /^[a-z][a-z\d+.-]*:/i.test(url);
}

/** The origin of a page that is not ours and asks to change something; a program sends none. */
function strangeOrigin({ method, headers }: FastifyRequest): string | undefined {
  const { origin, host = '' } = headers;
  if (origin === undefined || method === 'GET' || method === 'HEAD') return undefined;
  const isOurs = URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
  return isOurs ? undefined : origin;
}

/** The name in a Host header (RFC 9110, 7.2), without its port, in lower case. */
function hostName(header: string): string {
  return header.toLowerCase().replace(/:\d*$/, '');
}
