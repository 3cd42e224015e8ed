import { randomBytes } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { parse } from 'yaml';
import { seesSite } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import { ID_PATTERN } from '../../../core/ids.ts';
import { hashPassword } from '../../../core/passwords/password-hash.ts';
import { withoutSecrets } from '../../../core/without-secrets.ts';
import { accounted } from '../../access/accounted.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { commonErrors, errorRef, NoQuery, TimeMs } from '../schemas.ts';
import type { HttpSources } from '../sources.ts';

/** How far back the last answer with settings is looked for. */
const MOST_LOOKED_AT = 100;
/** 192 bits: nobody guesses it, and it is not typed by hand. */
const PASSWORD_BYTES = 24;

const Id = Type.String({ pattern: ID_PATTERN });
const Place = Type.Object({ site: Id, gateway: Id });

const SetupReply = Type.Object({
  readMs: Type.Optional(
    Type.Number({
      description: 'When the gateway said so, UTC in milliseconds; absent where nobody has asked it yet.',
    }),
  ),
  user: Type.Optional(Type.String({ description: 'As whom it signs in at the broker, where it does.' })),
  brokerUrl: Type.Optional(Type.String()),
  drivers: Type.Array(
    Type.Object({ driver: Type.String(), id: Type.String(), devices: Type.Array(Type.String()) }),
  ),
});

const PasswordReply = Type.Object({
  user: Type.String(),
  password: Type.String({ description: 'Told this once; Sluice keeps neither it nor its hash.' }),
  line: Type.String({ description: "For the broker's file of users; it is taken up at once." }),
  madeMs: TimeMs,
});

/** What the settings of a gateway say of its drivers and its sign-in, and a new password for it. */
export const gatewaySetupRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/gateways/:site/:gateway/setup',
    {
      schema: {
        operationId: 'getGatewaySetup',
        summary: 'Drivers, devices and sign-in of a gateway, as its settings said when they were last read',
        params: Place,
        querystring: NoQuery,
        response: {
          200: SetupReply,
          ...commonErrors,
          404: errorRef('There is no such site for whoever asks.'),
        },
      },
    },
    async (request) => {
      const { site, gateway } = request.params;
      assertSeen(request, site);
      return lastSetup(sources, site, gateway);
    },
  );
  app.post(
    '/api/v1/gateways/:site/:gateway/password',
    {
      config: { may: 'settings' },
      schema: {
        operationId: 'postGatewayPassword',
        summary:
          "Makes a password for a gateway, and the line for the broker's file of users that belongs to it",
        description:
          'Nothing changes until the line stands in that file and the password in the file that the gateway names.',
        params: Place,
        querystring: NoQuery,
        body: Type.Object({ user: Type.Optional(Id) }, { additionalProperties: false }),
        response: {
          200: PasswordReply,
          ...commonErrors,
          404: errorRef('There is no such site for whoever asks.'),
        },
      },
    },
    async (request) => {
      const { site, gateway } = request.params;
      assertSeen(request, site);
      const user = request.body.user ?? gateway;
      const entry = {
        who: whoAsks(request).name,
        action: 'gateway.password-made',
        subject: `${site}/${gateway}`,
      };
      return accounted(sources.audit, { ...entry, site, after: { user } }, async () => {
        const password = randomBytes(PASSWORD_BYTES).toString('base64url');
        const passwordHash = await hashPassword(Buffer.from(password));
        // JSON is YAML, and quotes what YAML would take for something else.
        const line = `  - ${JSON.stringify({ name: user, role: 'gateway', site, gateway, passwordHash })}`;
        return { user, password, line, madeMs: clock.nowMs() };
      });
    },
  );
};

function assertSeen(request: Parameters<typeof whoAsks>[0], site: string): void {
  // As if it were not there: which sites there are is not for everybody.
  if (!seesSite(whoAsks(request), site))
    throw new SluiceError('NOT_FOUND', { what: { en: `site ${site}`, zh: `站点 ${site}` } });
}

function lastSetup(sources: HttpSources, site: string, gateway: string): Static<typeof SetupReply> {
  const found = sources.care.find(site, gateway, MOST_LOOKED_AT);
  const read = found.find(({ request, answer }) => request.action === 'read-config' && answer?.isDone);
  const text = (read?.answer?.result as { config?: unknown } | undefined)?.config;
  if (!read?.answer || typeof text !== 'string') return { drivers: [] };
  return { readMs: read.answer.timeMs, ...setupOf(text) };
}

/** It came over the network, so nothing about its shape is taken for granted. */
function setupOf(text: string): Omit<Static<typeof SetupReply>, 'readMs'> {
  const config = parsed(text);
  const broker = membersOf(config.broker);
  const drivers = listOf(config.drivers).map((one) => {
    const devices = listOf(one.devices).flatMap(({ id }) => (typeof id === 'string' ? [id] : []));
    const own = typeof one.device === 'string' ? [one.device] : [];
    return { driver: wordOf(one.driver), id: wordOf(one.id), devices: [...devices, ...own] };
  });
  return {
    drivers,
    ...(typeof broker.username === 'string' && { user: broker.username }),
    ...(typeof broker.url === 'string' && { brokerUrl: withoutSecrets(broker.url) }),
  };
}

type Members = Readonly<Record<string, unknown>>;

function parsed(text: string): Members {
  try {
    return membersOf(parse(text));
  } catch {
    return {};
  }
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

function wordOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
