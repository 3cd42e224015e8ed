import { Type } from 'typebox';
import { type Budget, calendarOf } from '../../sla/budget/budget-report.ts';
import { BUDGETS } from '../../sla/budget/link-counts.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseTime } from '../parse-time.ts';
import { assertLinks } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { errorRef, storeErrors, TimeMs } from '../schemas.ts';

const Period = Type.Object({
  fromMs: TimeMs,
  toMs: TimeMs,
  probes: Type.Number(),
  bad: Type.Number(),
  knownMs: Type.Number({ description: 'The time of it that there is evidence of, ms.' }),
  allowed: Type.Number({
    description:
      'Bad probes that the objective allows in the whole period; what was not measured is taken to be like what was.',
  }),
  spent: Type.Union([Type.Number(), Type.Null()], {
    description: 'bad / allowed; null where nothing is known.',
  }),
});

const BudgetReply = Type.Object({
  kind: Type.Enum([...BUDGETS], {
    description: 'loss: lost or late; latency: answers at or above latencyMs.',
  }),
  objective: Type.Number({ description: 'The share of bad probes that is allowed.' }),
  days30: Period,
  month: Type.Object(Period.properties, {
    description: 'The calendar month in the zone asked for, up to the time asked for.',
  }),
  burn: Type.Array(
    Type.Object({
      windowMs: Type.Number(),
      probes: Type.Number(),
      bad: Type.Number(),
      rate: Type.Union([Type.Number(), Type.Null()], {
        description: 'How many times as fast as allowed; null without a probe.',
      }),
    }),
    { description: 'Shortest window first.' },
  ),
  burning: Type.Array(Type.String(), { description: 'Rules that would raise an alert: see docs/alerts.md.' }),
  usedUpMs: Type.Union([Type.Number(), Type.Null()], {
    description:
      'When the budget of 30 days is used up at the pace of the last hour; null where it is not within a year.',
  }),
});

const LinkBudgetReply = Type.Object({
  link: Type.String(),
  atMs: TimeMs,
  objective: Type.Object({
    latencyMs: Type.Number(),
    latencyQuantile: Type.Number(),
    loss: Type.Number(),
    confidence: Type.Number(),
  }),
  budgets: Type.Array(BudgetReply, { description: 'Without what maintenance windows take out.' }),
  withoutRetroactive: Type.Optional(
    Type.Array(BudgetReply, {
      description: 'As if every maintenance window were as it was when it began; only where one is not.',
    }),
  ),
});

export const linkBudgetRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/links/:id/budget',
    {
      schema: {
        operationId: 'getBudgetOfLink',
        summary: 'What of the error budget of a link is spent, and how fast it burns',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        querystring: Type.Object(
          {
            at: Type.Optional(
              Type.String({ description: 'ISO 8601 with a zone, or epoch milliseconds. Default: now.' }),
            ),
            zone: Type.Optional(
              Type.String({
                maxLength: 64,
                description: 'Whose calendar month: an IANA name such as Asia/Shanghai. Default: UTC.',
              }),
            ),
          },
          { additionalProperties: false },
        ),
        response: { 200: LinkBudgetReply, ...storeErrors, 404: errorRef('The mesh has no such link.') },
      },
    },
    async (request) => {
      const { params, query } = request;
      assertLinks(whoAsks(request), [params.id]);
      const atMs = query.at === undefined ? clock.nowMs() : parseTime('at', query.at);
      const calendar = calendarOf(atMs, query.zone ?? 'UTC');
      if (!calendar)
        throw requestInvalid('zone', { en: 'is no time zone that is known here', zh: '不是此处已知的时区' });
      const { budgets, withoutRetroactive, ...rest } = await sources.budgets.ofLink(
        params.id,
        atMs,
        calendar,
      );
      return {
        ...{ ...rest, budgets: shown(budgets) },
        ...(withoutRetroactive && { withoutRetroactive: shown(withoutRetroactive) }),
      };
    },
  );
};

function shown(budgets: readonly Budget[]) {
  return budgets.map((one) => ({ ...one, burn: [...one.burn], burning: [...one.burning] }));
}
