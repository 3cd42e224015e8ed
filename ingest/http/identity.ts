import type { FastifyRequest } from 'fastify';
import { type Identity, MAY, may, type Permission } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import type { SignedIn } from '../access/access-desk.ts';
import type { App } from './app.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { HttpSources } from './sources.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route asks for; `nobody` in particular: it can be asked without being signed in. */
    readonly may?: Permission | 'anyone';
    /** Its body may hold any text: it is mended where it is read. */
    readonly anyText?: boolean;
  }
  interface FastifyRequest {
    /** Who asks. Set before validation; see `whoAsks`. */
    identity: Identity | null;
  }
}

/** Whoever asks, where sign-in is off. */
export const OPEN: Identity = {
  name: 'open',
  kind: 'open',
  role: 'administrator',
  sites: 'all',
  links: 'all',
};

const BEARER = /^Bearer +([\w.~+/=-]{1,512})$/i;

/** Who asks, on a route that is not open to anyone. */
export function whoAsks(request: FastifyRequest): Identity {
  if (request.identity) return request.identity;
  throw new SluiceError('SIGN_IN_NEEDED');
}

/** Who a request comes from, by its token or else its cookie: whoever shows a token that is none is nobody. */
export function signedInBy(
  request: FastifyRequest,
  access: Pick<HttpSources['access'], 'ofSession' | 'ofToken'>,
  cookie: SessionCookie | undefined,
): SignedIn | undefined {
  if (!cookie) return { identity: OPEN, may: MAY.administrator, isGiven: false };
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const token = BEARER.exec(authorization)?.[1];
    return token === undefined ? undefined : access.ofToken(token);
  }
  const secret = cookie.read(request);
  return secret ? access.ofSession(secret) : undefined;
}

/**
 * Every route under /api, and the metrics, want an identity with the permission that they name; `read` where they name none. One for
 * anyone is told who asks where that is known.
 */
export function guardRoutes(
  app: App,
  access: Pick<HttpSources['access'], 'ofSession' | 'ofToken'>,
  cookie: SessionCookie | undefined,
): void {
  app.decorateRequest('identity', null);
  // Told in the description of the API too.
  app.addHook('onRoute', ({ url, config, schema }) => {
    if (schema && isGuarded(url)) Object.assign(schema, { 'x-permission': config?.may ?? 'read' });
  });
  app.addHook('onRequest', async (request) => {
    const { config, url = '' } = request.routeOptions;
    if (!isGuarded(url)) return;
    const { may: wanted = 'read' } = config;
    if (wanted === 'anyone') {
      request.identity = identityOrNobody(() => signedInBy(request, access, cookie));
      return;
    }
    request.identity = signedInBy(request, access, cookie)?.identity ?? null;
    const identity = whoAsks(request);
    if (!may(identity, wanted))
      throw new SluiceError('NOT_PERMITTED', { name: identity.name, role: identity.role, wanted });
  });
}

function isGuarded(url: string): boolean {
  return url.startsWith('/api/') || url === '/metrics';
}

/** What anyone may ask is answered also where the accounts cannot be read. */
function identityOrNobody(find: () => SignedIn | undefined): Identity | null {
  try {
    return find()?.identity ?? null;
  } catch {
    return null;
  }
}
