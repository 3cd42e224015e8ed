import type {
  FastifyBaseLogger,
  FastifyInstance,
  FastifyTypeProvider,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Registry } from 'prom-client';
import type { Static, TSchema } from 'typebox';
import type { Clock } from '../../core/clock.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { HttpSources } from './sources.ts';

/** Gives handlers the types of their TypeBox schemas: what a query holds, and what a reply must. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  readonly validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  readonly serializer: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
}

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxProvider
>;

/** What every route is given. */
export interface RouteContext {
  readonly sources: HttpSources;
  readonly clock: Clock;
  readonly metrics: Registry;
  /** Undefined where sign-in is off. */
  readonly cookie: SessionCookie | undefined;
}

/** One route, or a few that belong together; adding one takes its file and a line in `routes/index.ts`. */
export type Route = (app: App, context: RouteContext) => void;
