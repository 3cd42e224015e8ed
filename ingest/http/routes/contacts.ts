import { type Static, Type } from 'typebox';
import { type Contact, ContactWish } from '../../../core/alerts/contact.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { commonErrors, errorRef, NoQuery, TimeMs } from '../schemas.ts';
import { DeliveryReply, shownDelivery } from './deliveries.ts';

const ContactReply = Type.Object({
  id: Type.String(),
  ...ContactWish.properties,
  version: Type.Integer({ description: 'A change names the version that it was made from.' }),
  setBy: Type.String(),
  setMs: TimeMs,
});

const Id = Type.Object({ id: Type.String({ maxLength: 64 }) });
const errors = {
  ...commonErrors,
  404: errorRef('There is no such contact.'),
  409: errorRef('It was changed meanwhile, or there are as many as are kept already.'),
  503: errorRef('The file of the contacts cannot be used just now.'),
};
/** Numbers and addresses of people: nobody else's business. */
const config = { may: 'settings' } as const;

export const contactsRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/contacts',
    {
      config,
      schema: {
        operationId: 'getContacts',
        summary: 'Who is told of alerts, of which and how',
        querystring: NoQuery,
        response: { 200: Type.Object({ contacts: Type.Array(ContactReply) }), ...errors },
      },
    },
    async () => ({ contacts: sources.notify.contacts().map(shownContact) }),
  );
  app.post(
    '/api/v1/contacts',
    {
      config,
      schema: {
        operationId: 'postContact',
        summary: 'Adds somebody who is told of alerts',
        querystring: NoQuery,
        body: ContactWish,
        response: { 201: ContactReply, ...errors },
      },
    },
    async (request, reply) => {
      const contact = sources.notify.addContact(request.body, whoAsks(request).name);
      return reply.code(201).send(shownContact(contact));
    },
  );
  app.put(
    '/api/v1/contacts/:id',
    {
      config,
      schema: {
        operationId: 'putContact',
        summary:
          'Changes a contact; what waits for an address goes to the one in its place, or is dropped where there is none',
        params: Id,
        querystring: NoQuery,
        body: Type.Object(
          { ...ContactWish.properties, version: Type.Integer({ minimum: 1 }) },
          { additionalProperties: false },
        ),
        response: { 200: ContactReply, ...errors },
      },
    },
    async (request) => {
      const { version, ...wish } = request.body;
      const { id } = request.params;
      return shownContact(sources.notify.changeContact(id, wish, version, whoAsks(request).name));
    },
  );
  app.delete(
    '/api/v1/contacts/:id',
    {
      config,
      schema: {
        operationId: 'deleteContact',
        summary: 'Removes a contact',
        params: Id,
        querystring: NoQuery,
        response: { 200: ContactReply, ...errors },
      },
    },
    async (request) => shownContact(sources.notify.dropContact(request.params.id, whoAsks(request).name)),
  );
  app.post(
    '/api/v1/contacts/:id/test',
    {
      config,
      schema: {
        operationId: 'testContact',
        summary: 'Sends a test by each way at once, whatever the hour; what becomes of it is in /deliveries',
        params: Id,
        querystring: NoQuery,
        response: { 202: Type.Object({ deliveries: Type.Array(DeliveryReply) }), ...errors },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const deliveries = sources.notify.test(id, whoAsks(request).name);
      const name = sources.notify.contacts().find((one) => one.id === id)?.name ?? '';
      return reply.code(202).send({ deliveries: deliveries.map((one) => shownDelivery(one, name)) });
    },
  );
};

function shownContact(contact: Contact): Static<typeof ContactReply> {
  return contact;
}
