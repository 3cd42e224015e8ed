import { type Static, Type } from 'typebox';
import { SluiceError } from '../../../core/errors.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseTime } from '../parse-time.ts';
import { assertSite, gatewayWords } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { commonErrors, DeliveryReply, errorRef, TimeMs } from '../schemas.ts';

const HOUR_MS = 3_600_000;

const Place = Type.Object({ site: Type.String({ maxLength: 64 }), gateway: Type.String({ maxLength: 64 }) });
const Query = Type.Object(
  {
    from: Type.Optional(Type.String({ description: 'Start: ISO 8601 with a zone, or epoch milliseconds.' })),
    to: Type.Optional(Type.String({ description: 'End, not included; now where only `from` is given.' })),
  },
  { additionalProperties: false },
);

const Missing = Type.Object({
  ledger: Type.String(),
  first: Type.Optional(Type.Number({ description: 'First number; absent where only sums are kept.' })),
  last: Type.Optional(Type.Number({ description: 'Last number, included.' })),
  readings: Type.Number(),
  afterMs: Type.Optional(TimeMs),
  beforeMs: Type.Optional(TimeMs),
  reason: Type.Enum(['awaited', 'dropped', 'ledger-closed'], {
    description:
      'awaited: its gateway still has it; dropped: its gateway had to give it up; ledger-closed: the gateway has begun a new ledger since.',
  }),
});

const CompletenessReply = Type.Object({
  site: Type.String(),
  gateway: Type.String(),
  ...DeliveryReply.properties,
  fromMs: Type.Optional(TimeMs),
  toMs: Type.Optional(TimeMs),
  replayed: Type.Number({
    description: 'Of all that was ever rejected, what a replay has brought into the store since.',
  }),
  rejectedByCode: Type.Record(Type.String(), Type.Number()),
  missing: Type.Array(Missing, {
    description: 'Made after `afterMs` and before `beforeMs`, as far as known.',
  }),
  missingLeftOut: Type.Number({ description: 'Ranges past the thousand that are listed.' }),
  missedMessages: Type.Number({ description: 'Messages that never came, as far as their `seq` shows.' }),
});

export const completenessRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/gateways/:site/:gateway/completeness',
    {
      schema: {
        operationId: 'getCompleteness',
        summary: 'What became of the readings that a gateway produced',
        description:
          'produced = stored + rejected + dropped + in flight. With `from` or `to`, of the whole hours (by the time of the readings) that they touch, told in `fromMs` and `toMs`; a missing range counts wherever it touches them. A gateway without a ledger (`ledger` is `none`) is only followed by its Sparkplug `seq`.',
        params: Place,
        querystring: Query,
        response: {
          200: CompletenessReply,
          ...commonErrors,
          404: errorRef('No such gateway is known.'),
        },
      },
    },
    async (request) => {
      const { site, gateway } = request.params;
      const { query } = request;
      assertSite(whoAsks(request), site, gatewayWords(site, gateway));
      const status = sources.gateways().find((one) => one.site === site && one.gateway === gateway);
      const period = periodOf(query, clock.nowMs());
      const account = sources.completeness(site, gateway, period);
      if (!status && account.ledger === 'none' && account.produced === 0) {
        throw new SluiceError('NOT_FOUND', { what: gatewayWords(site, gateway) });
      }
      return {
        site,
        gateway,
        ...account,
        ...period,
        replayed: sources.letters.countsOf({ site, gateway }).replayed,
        missing: [...account.missing],
        missedMessages: status?.missedMessages ?? 0,
      };
    },
  );
};

function periodOf(
  { from, to }: Static<typeof Query>,
  nowMs: number,
): { fromMs: number; toMs: number } | undefined {
  if (from === undefined && to === undefined) return undefined;
  const fromMs = from === undefined ? 0 : parseTime('from', from);
  const toMs = to === undefined ? nowMs : parseTime('to', to);
  if (fromMs >= toMs) {
    throw requestInvalid('from', { en: 'must be before "to"', zh: '必须早于 "to"' });
  }
  return { fromMs: Math.floor(fromMs / HOUR_MS) * HOUR_MS, toMs: Math.ceil(toMs / HOUR_MS) * HOUR_MS };
}
