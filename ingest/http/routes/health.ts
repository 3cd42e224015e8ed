import { type Static, Type } from 'typebox';
import type { Language } from '../../../core/errors.ts';
import type { Route } from '../app.ts';
import { languageOf } from '../language-of.ts';
import { commonErrors, NoQuery } from '../schemas.ts';
import type { ComponentHealth, HttpSources } from '../sources.ts';

export const HealthReply = Type.Object({
  status: Type.Enum(['up', 'degraded', 'down']),
  components: Type.Optional(
    Type.Array(
      Type.Object({
        name: Type.String(),
        state: Type.Enum(['up', 'starting', 'down', 'stopped']),
        code: Type.Optional(Type.String()),
        message: Type.Optional(Type.String()),
      }),
      { description: 'Only to somebody who is signed in.' },
    ),
  ),
});

export const healthRoute: Route = (app, { sources }) => {
  app.get(
    '/api/health',
    {
      config: { may: 'anyone' },
      schema: {
        operationId: 'getHealth',
        summary: 'Each component and its state',
        description:
          'Answers 503 when a component is down without which no reading can be taken in or shown.',
        querystring: NoQuery,
        response: { 200: HealthReply, 503: HealthReply, ...commonErrors },
      },
    },
    (request, reply) => {
      const health = healthOf(sources, languageOf(request.headers['accept-language']));
      reply.code(health.status === 'down' ? 503 : 200);
      return request.identity ? health : { status: health.status };
    },
  );
};

/** Each component in words, and what they come to together. */
export function healthOf(
  sources: Pick<HttpSources, 'health'>,
  language: Language,
): Static<typeof HealthReply> {
  const components = sources.health();
  return {
    status: overall(components),
    components: components.map(({ name, state, error }) => ({
      name,
      state,
      ...(error && { code: error.code, message: error.text(language) }),
    })),
  };
}

function overall(components: readonly ComponentHealth[]): Static<typeof HealthReply>['status'] {
  if (components.some(({ essential, state }) => essential && (state === 'down' || state === 'stopped'))) {
    return 'down';
  }
  return components.every(({ state }) => state === 'up') ? 'up' : 'degraded';
}
