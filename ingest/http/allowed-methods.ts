import type { FastifyReply, FastifyRequest } from 'fastify';
import { SluiceError } from '../../core/errors.ts';
import type { App } from './app.ts';
import { sendError } from './error-reply.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] as const;

/** Another method on a path that exists is 405, and says which there are (RFC 9110, 15.5.6). */
export function allowedMethods(app: App) {
  return (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    const path = request.url.split('?', 1)[0]!;
    const exists = (method: string) => request.is404 && app.hasRoute({ method, url: path });
    const allowed = METHODS.filter(exists).join(', ');
    if (allowed !== '') {
      const error = new SluiceError('METHOD_NOT_ALLOWED', { what: `${request.method} ${path}`, allowed });
      sendError(error, request, reply.header('allow', allowed));
    } else next();
  };
}
