import { type Static, Type } from 'typebox';
import { type Identity, may, seesAll } from '../../../core/access.ts';
import { WAY_KINDS } from '../../../core/alerts/contact.ts';
import type { Language } from '../../../core/errors.ts';
import { DELIVERY_STATES, type Delivery, TELL_KINDS } from '../../notify/delivery.ts';
import { seesEvent } from '../../notify/places-of.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { languageOf } from '../language-of.ts';
import { commonErrors, errorRef, TimeMs } from '../schemas.ts';
import type { HttpSources } from '../sources.ts';
import { parseLimit } from './events.ts';

const Query = Type.Object(
  {
    alert: Type.Optional(Type.String({ maxLength: 64, description: 'Only what is about this alert.' })),
    state: Type.Optional(Type.Enum([...DELIVERY_STATES])),
    limit: Type.Optional(Type.String({ description: 'At most: 1 to 1000, 100 where not given.' })),
  },
  { additionalProperties: false },
);

export const DeliveryReply = Type.Object({
  id: Type.String({ description: 'The same at each try; receivers are given it.' }),
  alert: Type.String({ description: 'The first that it is about; empty of a test.' }),
  alerts: Type.Array(Type.Object({ id: Type.String(), what: Type.Enum([...TELL_KINDS]) })),
  contact: Type.String({ description: 'Id of the contact.' }),
  name: Type.String({ description: 'Name of the contact, as far as it is there still.' }),
  way: Type.Enum([...WAY_KINDS]),
  state: Type.Enum([...DELIVERY_STATES]),
  tries: Type.Integer(),
  timeMs: TimeMs,
  doneMs: Type.Optional(TimeMs),
  dueMs: Type.Optional(Type.Number({ description: 'Not before; of what waits.' })),
  error: Type.Optional(
    Type.Object(
      { code: Type.String(), message: Type.String() },
      { description: 'With its reason for who may change settings: addresses of people are in it.' },
    ),
  ),
});

export const deliveriesRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/deliveries',
    {
      schema: {
        operationId: 'getDeliveries',
        summary: 'What was told to whom, and what became of it; newest first',
        querystring: Query,
        response: {
          200: Type.Object({ deliveries: Type.Array(DeliveryReply) }),
          ...commonErrors,
          503: errorRef('The file of the deliveries cannot be used just now.'),
        },
      },
    },
    async (request) => {
      const { alert, state, limit } = request.query;
      const found = sources.notify.deliveries({
        ...(alert === undefined ? {} : { alert }),
        ...(state === undefined ? {} : { state }),
        limit: parseLimit(limit),
      });
      const names = new Map(sources.notify.contacts().map(({ id, name }) => [id, name]));
      const who = whoAsks(request);
      const language = languageOf(request.headers['accept-language']);
      return {
        deliveries: found
          .filter((one) => isSeen(one, who, sources))
          .map((one) => shownDelivery(one, names.get(one.contact) ?? ''))
          .map((one) => (may(who, 'settings') ? one : withoutReason(one, language))),
      };
    },
  );
};

/** Whoever sees one of its alerts sees a delivery; one about none, such as a test, only who may set contacts. */
function isSeen({ items }: Delivery, who: Identity, { alerts }: HttpSources): boolean {
  if (may(who, 'settings') || seesAll(who)) return true;
  return items.some(({ alert }) => {
    const event = alert === '' ? undefined : alerts.peek(alert);
    return event !== undefined && seesEvent(who, event);
  });
}

const UNTOLD = {
  en: 'Why is told to whoever may change settings.',
  zh: '原因仅告知有权更改设置的人员。',
} as const;

/** Numbers and addresses of people are in what a way says of a failure, and nobody else's business. */
function withoutReason(
  delivery: Static<typeof DeliveryReply>,
  language: Language,
): Static<typeof DeliveryReply> {
  const { error } = delivery;
  return error ? { ...delivery, error: { code: error.code, message: UNTOLD[language] } } : delivery;
}

export function shownDelivery(delivery: Delivery, name: string): Static<typeof DeliveryReply> {
  const { id, items, contact, way, state, tries, createdMs, doneMs, dueMs, error } = delivery;
  return {
    ...{ id, alert: items[0]?.alert ?? '' },
    alerts: items.map(({ alert, what }) => ({ id: alert, what })),
    ...{ contact, name, way: way.kind, state, tries, timeMs: createdMs },
    ...(doneMs === undefined ? {} : { doneMs }),
    ...(state === 'waiting' ? { dueMs } : {}),
    ...(error ? { error } : {}),
  };
}
