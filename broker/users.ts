import { type Static, Type } from 'typebox';
import { loadConfig } from '../core/config.ts';
import { SluiceError } from '../core/errors.ts';
import { ID_PATTERN } from '../core/ids.ts';
import { HASH_PATTERN } from '../core/passwords/password-hash.ts';

const id = Type.String({ pattern: ID_PATTERN });
const closed = { additionalProperties: false } as const;

const account = {
  name: Type.String({ minLength: 1 }),
  passwordHash: Type.Optional(
    Type.String({
      pattern: HASH_PATTERN,
      description: 'As printed by: npm run hash-password',
    }),
  ),
  certificate: Type.Optional(
    Type.Boolean({
      description: 'Whether a client certificate with this name (CN, or DNS, e-mail or URI as SAN) will do',
    }),
  ),
};

const gatewayUser = Type.Object({ ...account, role: Type.Literal('gateway'), site: id, gateway: id }, closed);

const hostUser = Type.Object({ ...account, role: Type.Literal('host') }, closed);

const automationUser = Type.Object(
  {
    ...account,
    name: Type.String({ pattern: ID_PATTERN, description: 'The last level of its command topic, so an id' }),
    role: Type.Literal('automation'),
    sites: Type.Array(id, { minItems: 1, description: 'The sites that it may read and command' }),
  },
  closed,
);

const deviceUser = Type.Object({ ...account, role: Type.Literal('device'), site: id, device: id }, closed);

const user = Type.Union([gatewayUser, hostUser, automationUser, deviceUser]);

const usersSchema = Type.Object({ users: Type.Array(user) }, closed);

/** What each may do is in `access.ts`. */
export type User = Static<typeof user>;
export type GatewayUser = Static<typeof gatewayUser>;
export type AutomationUser = Static<typeof automationUser>;
export type DeviceUser = Static<typeof deviceUser>;

export class Users {
  readonly #byName: ReadonlyMap<string, User>;

  constructor(users: readonly User[]) {
    this.#byName = new Map(users.map((one) => [one.name, one]));
  }

  /** Throws what `loadConfig` throws, and `CONFIG_INVALID` for a user who could never come in. */
  static load(file: string): Users {
    const { users } = loadConfig(usersSchema, file);
    const problems = users.flatMap(({ name, passwordHash, certificate }, index) => {
      if (passwordHash === undefined && !certificate)
        return [`users[${index}] (${name}) needs passwordHash, or certificate: true`];
      const isDouble = users.findIndex((other) => other.name === name) !== index;
      return isDouble ? [`users[${index}]: there is another user named ${name}`] : [];
    });
    if (problems.length > 0)
      throw new SluiceError('CONFIG_INVALID', { problems: `${file}: ${problems.join('; ')}` });
    return new Users(users);
  }

  find(name: string): User | undefined {
    return this.#byName.get(name);
  }

  /** The one user whom a certificate with these names stands for. */
  ofCertificate(names: readonly string[]): User | undefined {
    const found = new Set(names.map((name) => this.#byName.get(name)).filter((one) => one?.certificate));
    return found.size === 1 ? [...found][0] : undefined;
  }
}
