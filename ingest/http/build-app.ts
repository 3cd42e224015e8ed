import { parse } from 'node:querystring';
import fastifyCompress from '@fastify/compress';
import fastifySwagger from '@fastify/swagger';
import fastify from 'fastify';
import type { Clock } from '../../core/clock.ts';
import type { Log } from '../../core/log.ts';
import { TAGS } from '../../core/reading.ts';
import type { KeyPair } from '../../core/tls-files.ts';
import { allowedMethods } from './allowed-methods.ts';
import type { App } from './app.ts';
import { answerClientError } from './client-error.ts';
import { LIMITS, limitConnections } from './connection-limits.ts';
import { CONSOLE_FOLDER, serveConsole } from './console-files.ts';
import { errorHandler, notFoundHandler } from './error-reply.ts';
import { hostGuard } from './host-guard.ts';
import { guardRoutes } from './identity.ts';
import { createMetrics, timeRequests } from './metrics.ts';
import { assertPlainBody } from './plain-body.ts';
import { ROUTES } from './routes/index.ts';
import { schemaError } from './schema-error.ts';
import { ErrorReply } from './schemas.ts';
import { securityHeaders } from './security-headers.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { HttpSources } from './sources.ts';
import { TLS_RULES } from './tls-rules.ts';

const REQUEST_TIMEOUT_MS = 300_000;
const HANDSHAKE_TIMEOUT_MS = 20_000;

export interface AppOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly allowedHosts?: readonly string[];
  readonly consoleFolder?: string;
  /** What people are signed in with; without it sign-in is off, and whoever asks may do everything. */
  readonly cookie?: SessionCookie | undefined;
  /** Certificate and key of HTTPS. */
  readonly tls?: KeyPair | undefined;
  /** Whether the address in front of a proxy is the one that counts. */
  readonly behindProxy?: boolean;
}

/** The whole HTTP side without a socket: `inject` requests, or `listen`. */
export async function buildApp(
  sources: HttpSources,
  { clock, log, allowedHosts = [], consoleFolder = CONSOLE_FOLDER, ...options }: AppOptions,
): Promise<App> {
  const { cookie, tls, behindProxy = false } = options;
  const app: App = fastify({
    // One hop: what stands before the last address was written by whoever asked.
    ...(behindProxy && { trustProxy: (_address: string, hop: number) => hop < 1 }),
    // Fastify has another type for each kind of server; nothing here goes by which it is.
    ...(tls && ({ https: { ...tls, ...TLS_RULES, handshakeTimeout: HANDSHAKE_TIMEOUT_MS } } as object)),
    forceCloseConnections: 'idle',
    // A request that comes a byte a minute is none; 4 MB over a poor link come in this.
    requestTimeout: REQUEST_TIMEOUT_MS,
    schemaErrorFormatter: schemaError,
    frameworkErrors: errorHandler(log),
    clientErrorHandler: answerClientError,
    routerOptions: { querystringParser: (text) => parse(text) },
    // Fastify would turn "1" into 1 and drop what it does not know; here a request is right or refused.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false, verbose: true } },
  });
  const metrics = createMetrics(sources);
  // Replies are checked against their schemas by types and tests: serialising by schema would drop fields silently.
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler(errorHandler(log));
  app.setNotFoundHandler(notFoundHandler);
  app.addSchema(ErrorReply);
  app.addHook('onSend', securityHeaders);
  limitConnections(app, log, behindProxy ? { ...LIMITS, maxPerAddress: LIMITS.maxConnections } : LIMITS);
  app.addHook('onRequest', hostGuard(allowedHosts));
  app.addHook('onRequest', allowedMethods(app));
  guardRoutes(app, sources.access, cookie);
  // A form of another page can send text, and nothing here wants any.
  app.removeContentTypeParser('text/plain');
  app.addHook('preValidation', (request, _reply, done) => {
    if (request.method === 'GET')
      listTags(request.query as Record<string, unknown>, request.routeOptions.schema?.querystring);
    done();
  });
  // Once the schema has bounded how deep it goes.
  app.addHook('preHandler', async (request) => assertPlainBody(request));
  timeRequests(app, metrics);
  await app.register(fastifyCompress, { encodings: ['br', 'gzip'], threshold: 512 });
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Sluice',
        description:
          'Measurements from the field and from the backbone. Errors are `{ code, message, details }`.',
        version: '1',
      },
    },
    refResolver: { buildLocalReference: (schema) => String(schema.$id) },
  });
  for (const route of ROUTES) route(app, { sources, clock, metrics, cookie });
  await app.register(serveConsole(consoleFolder));
  return app;
}

/** A tag that is searched for may be given once or several times; schemas and handlers see a list either way. */
function listTags(query: Record<string, unknown>, wanted: unknown): void {
  const { properties = {} } = (wanted ?? {}) as { properties?: Record<string, { type?: string }> };
  for (const tag of TAGS) {
    // Elsewhere the same name may be something else: the budget of a link is asked for in a time zone.
    if (typeof query[tag] === 'string' && properties[tag]?.type === 'array') query[tag] = [query[tag]];
  }
}
