import type { FastifyRequest } from 'fastify';
import { type Identity, may, type Permission } from '../../core/access.ts';
import { SluiceError } from '../../core/errors.ts';
import type { App } from './app.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route asks for; `nobody` in particular: it can be asked without being signed in. */
    readonly may?: Permission | 'anyone';
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

/** Who asks, on a route that is not open to anyone. */
export function whoAsks(request: FastifyRequest): Identity {
  if (request.identity) return request.identity;
  throw new SluiceError('SIGN_IN_NEEDED');
}

/** Every route under /api but those for anyone wants an identity with the permission that it names; `read` where it names none. */
export function guardRoutes(
  app: App,
  identify: (request: FastifyRequest) => Identity | null | Promise<Identity | null>,
): void {
  app.decorateRequest('identity', null);
  app.addHook('onRequest', async (request) => {
    const { may: wanted = 'read' } = request.routeOptions.config;
    if (wanted === 'anyone' || !request.routeOptions.url?.startsWith('/api/')) return;
    request.identity = await identify(request);
    const identity = whoAsks(request);
    if (!may(identity, wanted))
      throw new SluiceError('NOT_PERMITTED', { name: identity.name, role: identity.role, wanted });
  });
}
