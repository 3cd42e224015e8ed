import { type Static, Type } from 'typebox';
import { ROLES, TOKEN_ROLES } from '../../../core/access.ts';
import { ID_PATTERN } from '../../../core/ids.ts';
import type { Account, Token } from '../../access/account.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { commonErrors, errorRef, NoQuery, ScopeReply, scopeReply, TimeMs } from '../schemas.ts';

const strict = { additionalProperties: false };
const name = Type.String({ maxLength: 64, description: 'Letters and digits of any script, and . _ @ -' });
const reach = (what: string) =>
  Type.Union([Type.Literal('all'), Type.Array(Type.String({ pattern: ID_PATTERN }), { maxItems: 1_000 })], {
    description: `"all", or ids of ${what}.`,
  });
const scope = { sites: reach('sites'), links: reach('links') };
const languages = Type.Optional(Type.Enum(['en', 'zh']));

const account = {
  role: Type.Enum([...ROLES]),
  ...scope,
  language: languages,
  disabled: Type.Optional(Type.Boolean({ description: 'Cannot sign in, and is signed out at once.' })),
};
const password = Type.Optional(
  Type.String({ maxLength: 1_024, description: 'Without it one is made, and told in this answer only.' }),
);
const told = Type.Optional(
  Type.String({ description: 'The password that was made; it cannot be read again.' }),
);

const AccountReply = Type.Object({
  name: Type.String(),
  role: account.role,
  ...ScopeReply.properties,
  language: languages,
  disabled: Type.Boolean(),
  createdMs: TimeMs,
  passwordMs: Type.Number({ description: 'When the password was set last; UTC ms.' }),
  isPasswordGiven: Type.Boolean({ description: 'By somebody else than its user.' }),
  version: Type.Number(),
  password: told,
});

const TokenReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  role: Type.Enum([...TOKEN_ROLES]),
  ...ScopeReply.properties,
  createdMs: TimeMs,
  createdBy: Type.String(),
  expiresMs: Type.Optional(TimeMs),
  usedMs: Type.Optional(Type.Number({ description: 'Last use, to within ten minutes; UTC ms.' })),
});

const Named = Type.Object({ name: Type.String({ maxLength: 256 }) });
const errors = { ...commonErrors, 503: errorRef('The file of the accounts cannot be used just now.') };
const missing = { 404: errorRef('There is none.') };
const conflict = {
  409: errorRef('The name is taken, it is the last administrator, or it was changed meanwhile.'),
};

export const accountsRoute: Route = (app, { sources: { access } }) => {
  app.get(
    '/api/v1/accounts',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'getAccounts',
        summary: 'Everybody who may sign in',
        querystring: NoQuery,
        response: { 200: Type.Object({ accounts: Type.Array(AccountReply) }), ...errors },
      },
    },
    async () => ({ accounts: access.accounts().map((one) => shown(one)) }),
  );
  app.post(
    '/api/v1/accounts',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'postAccount',
        summary: 'Adds an account',
        querystring: NoQuery,
        body: Type.Object({ name, ...account, password }, strict),
        response: { 201: AccountReply, ...errors, ...conflict },
      },
    },
    async (request, reply) => {
      const { name: wanted, password: given, ...wish } = request.body;
      const added = await access.addAccount(whoAsks(request).name, wanted, wish, given);
      return reply.code(201).send(shown(added.account, added.password));
    },
  );
  app.put(
    '/api/v1/accounts/:name',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'putAccount',
        summary: 'Changes what somebody may do and see; they need not sign in anew',
        params: Named,
        querystring: NoQuery,
        body: Type.Object({ ...account, version: Type.Optional(Type.Integer({ minimum: 1 })) }, strict),
        response: { 200: AccountReply, ...errors, ...missing, ...conflict },
      },
    },
    async (request) => {
      const { version, ...wish } = request.body;
      return shown(access.changeAccount(whoAsks(request).name, request.params.name, wish, version));
    },
  );
  app.put(
    '/api/v1/accounts/:name/password',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'resetPassword',
        summary: 'Sets a password for somebody, and signs them out everywhere',
        params: Named,
        querystring: NoQuery,
        body: Type.Object({ password }, strict),
        response: { 200: AccountReply, ...errors, ...missing },
      },
    },
    async (request) => {
      const { params, body } = request;
      const reset = await access.resetPassword(whoAsks(request).name, params.name, body.password);
      return shown(reset.account, reset.password);
    },
  );
  app.delete(
    '/api/v1/accounts/:name',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'deleteAccount',
        summary: 'Removes an account and signs it out; what it did stays in the audit trail',
        params: Named,
        querystring: NoQuery,
        response: { 200: AccountReply, ...errors, ...missing, ...conflict },
      },
    },
    async (request) => shown(access.removeAccount(whoAsks(request).name, request.params.name)),
  );
};

export const tokensRoute: Route = (app, { sources: { access } }) => {
  app.get(
    '/api/v1/tokens',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'getTokens',
        summary: 'What programs may come in with',
        querystring: NoQuery,
        response: { 200: Type.Object({ tokens: Type.Array(TokenReply) }), ...errors },
      },
    },
    async () => ({ tokens: access.tokens().map(shownToken) }),
  );
  app.post(
    '/api/v1/tokens',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'postToken',
        summary: 'Makes a token; it is told in this answer only',
        querystring: NoQuery,
        body: Type.Object(
          {
            name,
            role: Type.Enum([...TOKEN_ROLES], {
              description: 'source: may hand in readings, and nothing else.',
            }),
            ...scope,
            expiresMs: Type.Optional(Type.Integer({ minimum: 0, description: 'UTC ms; without it, never.' })),
          },
          strict,
        ),
        response: {
          201: Type.Object({ ...TokenReply.properties, token: Type.String() }),
          ...errors,
          ...conflict,
        },
      },
    },
    async (request, reply) => {
      const { token, secret } = access.addToken(whoAsks(request).name, request.body);
      return reply.code(201).send({ ...shownToken(token), token: secret });
    },
  );
  app.delete(
    '/api/v1/tokens/:id',
    {
      config: { may: 'accounts' },
      schema: {
        operationId: 'deleteToken',
        summary: 'Ends a token at once',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        querystring: NoQuery,
        response: { 200: TokenReply, ...errors, ...missing },
      },
    },
    async (request) => shownToken(access.removeToken(whoAsks(request).name, request.params.id)),
  );
};

function shown(one: Account, made?: string): Static<typeof AccountReply> {
  const { name, role, language, disabled, createdMs, passwordMs, isGiven, version } = one;
  return {
    ...{ name, role, ...scopeReply(one), disabled, createdMs, passwordMs, isPasswordGiven: isGiven, version },
    ...(language && { language }),
    ...(made !== undefined && { password: made }),
  };
}

function shownToken(token: Token): Static<typeof TokenReply> {
  return { ...token, ...scopeReply(token) };
}
