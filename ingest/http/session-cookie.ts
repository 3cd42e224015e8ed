import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** More than any browser sends for one host, and little to parse. */
const MOST_CHARACTERS = 8_192;

/**
 * The cookie of a session. A page of another site can neither have it sent (SameSite=Strict) nor read it, and no script
 * can (HttpOnly). Over HTTPS its name has the prefix `__Host-`, so that no neighbouring host and no plain connection can put another
 * in its place (RFC 6265bis, 4.1.3.2). Browsers do not tell ports of one host apart, so the name does.
 */
export class SessionCookie {
  readonly #isSecure: boolean;
  readonly #maxAge: number;

  constructor(isSecure: boolean, mostMs: number) {
    this.#isSecure = isSecure;
    this.#maxAge = Math.floor(mostMs / 1_000);
  }

  read(request: FastifyRequest): string | undefined {
    const { cookie = '' } = request.headers;
    return cookie.length > MOST_CHARACTERS ? undefined : parseCookie(cookie)[this.#name(request)];
  }

  write(request: FastifyRequest, reply: FastifyReply, secret: string): void {
    this.#put(request, reply, secret, this.#maxAge);
  }

  clear(request: FastifyRequest, reply: FastifyReply): void {
    this.#put(request, reply, '', 0);
  }

  #put(request: FastifyRequest, reply: FastifyReply, value: string, maxAge: number): void {
    const rules = { httpOnly: true, sameSite: 'strict', secure: this.#isSecure, path: '/', maxAge } as const;
    reply.header('set-cookie', stringifySetCookie(this.#name(request), value, rules));
  }

  #name({ socket }: FastifyRequest): string {
    return `${this.#isSecure ? '__Host-' : ''}sluice-${socket.localPort ?? 0}`;
  }
}
