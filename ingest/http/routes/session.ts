import { type Static, Type } from 'typebox';
import { PERMISSIONS, TOKEN_ROLES } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { SignedIn } from '../../access/access-desk.ts';
import type { Route } from '../app.ts';
import { signedInBy, whoAsks } from '../identity.ts';
import { commonErrors, errorRef, NoQuery, ScopeReply, scopeReply } from '../schemas.ts';

const password = Type.String({ maxLength: 1_024 });
const strict = { additionalProperties: false };

const SessionReply = Type.Object({
  name: Type.String(),
  kind: Type.Enum(['person', 'token', 'open'], { description: 'open: sign-in is switched off.' }),
  role: Type.Enum([...TOKEN_ROLES]),
  ...ScopeReply.properties,
  may: Type.Array(Type.Enum([...PERMISSIONS])),
  isPasswordGiven: Type.Boolean({ description: 'Somebody else has set the password: change it.' }),
});

const Nothing = Type.Unsafe<undefined>({ type: 'null', description: 'Nobody is signed in.' });
const errors = { ...commonErrors, 503: errorRef('The file of the accounts cannot be used just now.') };
const signInErrors = {
  401: errorRef('Name or password is not right, or the account is disabled.'),
  429: errorRef('Too many wrong passwords came from this address.'),
};

/** A session of somebody who uses a browser. Programs have tokens. */
export const sessionRoute: Route = (app, { sources: { access }, cookie }) => {
  app.get(
    '/api/v1/session',
    {
      config: { may: 'anyone' },
      schema: {
        operationId: 'getSession',
        summary: 'Who is signed in, and what they may do',
        querystring: Type.Object(
          { ifAny: Type.Optional(Type.Literal('true', { description: 'Nobody is 204 instead of 401.' })) },
          strict,
        ),
        response: { 200: SessionReply, 204: Nothing, ...errors, 401: errorRef('Nobody is.') },
      },
    },
    async (request, reply) => {
      const me = signedInBy(request, access, cookie);
      // A browser complains of a 401 in its console, and nothing is wrong with a page that finds nobody signed in.
      if (!me && request.query.ifAny) return reply.code(204).send(undefined);
      if (!me) throw new SluiceError('SIGN_IN_NEEDED');
      return shown(me);
    },
  );
  app.post(
    '/api/v1/session',
    {
      bodyLimit: 16_384,
      config: { may: 'anyone' },
      schema: {
        operationId: 'signIn',
        summary: 'Signs in: the answer sets a cookie',
        querystring: NoQuery,
        body: Type.Object({ name: Type.String({ maxLength: 256 }), password }, strict),
        response: { 200: SessionReply, ...errors, ...signInErrors },
      },
    },
    async (request, reply) => {
      if (!cookie) return shown(signedInBy(request, access, cookie)!);
      const { body, ip } = request;
      const { me, secret } = await access.signIn(body.name, body.password, ip);
      // Whoever was signed in here before is not any more: the cookie is replaced, and so its session would never end.
      const before = cookie.read(request);
      if (before) access.signOut(before);
      cookie.write(request, reply, secret);
      return shown(me);
    },
  );
  app.delete(
    '/api/v1/session',
    {
      config: { may: 'anyone' },
      schema: {
        operationId: 'signOut',
        summary: 'Signs out; done also where nobody was signed in',
        querystring: NoQuery,
        response: { 204: Nothing, ...errors },
      },
    },
    async (request, reply) => {
      const secret = cookie?.read(request);
      if (secret) access.signOut(secret);
      cookie?.clear(request, reply);
      return reply.code(204).send(undefined);
    },
  );
  app.put(
    '/api/v1/session/password',
    {
      bodyLimit: 16_384,
      config: { may: 'anyone' },
      schema: {
        operationId: 'changePassword',
        summary: 'Changes one’s own password, and ends all other sessions',
        querystring: NoQuery,
        body: Type.Object({ password, newPassword: password }, strict),
        response: { 200: SessionReply, ...errors, ...signInErrors },
      },
    },
    async (request, reply) => {
      const { name, kind, role } = whoAsks(request);
      if (kind !== 'person' || !cookie)
        throw new SluiceError('NOT_PERMITTED', { name, role, wanted: 'password' });
      const { body, ip } = request;
      const secret = await access.changePassword(name, body.password, body.newPassword, ip);
      cookie.write(request, reply, secret);
      return shown(access.ofSession(secret)!);
    },
  );
};

function shown({ identity, may, isGiven }: SignedIn): Static<typeof SessionReply> {
  const { name, kind, role } = identity;
  return { name, kind, role, ...scopeReply(identity), may: [...may], isPasswordGiven: isGiven };
}
