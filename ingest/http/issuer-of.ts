import type { FastifyRequest } from 'fastify';
import { whoAsks } from './identity.ts';

/**
 * Who asked for something, as gateways are told and as is kept beside it: `api:` and the name of the account or token. A system that
 * passes on what others ask of it may say for whom, and this stands behind its own name.
 */
export function issuerOf(request: FastifyRequest, given: string | undefined): string {
  const { kind, name } = whoAsks(request);
  if (kind === 'open') return given === undefined ? 'api' : `api:${given}`;
  return given === undefined || given === name ? `api:${name}` : `api:${name}/${given}`;
}
