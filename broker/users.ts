import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { loadConfig } from '../core/config.ts';
import { ID_PATTERN } from '../core/ids.ts';

/** scrypt with 32 MiB and about 0.1 s: RFC 7914's interactive setting, doubled. */
const COST = { N: 32_768, r: 8, p: 1, maxmem: 64 * 1_048_576 } as const;
const KEY_BYTES = 32;
const HASH_PATTERN = '^scrypt\\$[A-Za-z0-9+/]{22,}={0,2}\\$[A-Za-z0-9+/]{43}=$';

const id = Type.String({ pattern: ID_PATTERN });

const account = {
  name: Type.String({ minLength: 1 }),
  passwordHash: Type.String({
    pattern: HASH_PATTERN,
    description: 'As printed by: npm run hash-password',
  }),
};

const gatewayUser = Type.Object(
  { ...account, role: Type.Literal('gateway'), site: id, gateway: id },
  { additionalProperties: false },
);

const hostUser = Type.Object({ ...account, role: Type.Literal('host') }, { additionalProperties: false });

const automationUser = Type.Object(
  {
    ...account,
    name: Type.String({ pattern: ID_PATTERN, description: 'The last level of its command topic, so an id' }),
    role: Type.Literal('automation'),
    sites: Type.Array(id, { minItems: 1, description: 'The sites that it may read and command' }),
  },
  { additionalProperties: false },
);

const user = Type.Union([gatewayUser, hostUser, automationUser]);

const usersSchema = Type.Object({ users: Type.Array(user) }, { additionalProperties: false });

/** What each may do is in `access.ts`. */
export type User = Static<typeof user>;
export type GatewayUser = Static<typeof gatewayUser>;
export type AutomationUser = Static<typeof automationUser>;

export class Users {
  readonly #byName: ReadonlyMap<string, User>;

  constructor(users: readonly User[]) {
    this.#byName = new Map(users.map((one) => [one.name, one]));
  }

  static load(file: string): Users {
    return new Users(loadConfig(usersSchema, file).users);
  }

  /** The user whose name and password these are, or `undefined`. An unknown name takes as long as a wrong password. */
  async verify(name: string, password: Uint8Array): Promise<User | undefined> {
    const found = this.#byName.get(name);
    const matches = await verifyPassword(password, found?.passwordHash ?? NOBODY);
    return matches ? found : undefined;
  }
}

/** `scrypt$salt$key`, both base64. */
export async function hashPassword(password: Uint8Array): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt);
  return `scrypt$${salt.toString('base64')}$${key.toString('base64')}`;
}

const NOBODY = `scrypt$${Buffer.alloc(16).toString('base64')}$${Buffer.alloc(KEY_BYTES).toString('base64')}`;

async function verifyPassword(password: Uint8Array, hash: string): Promise<boolean> {
  const [, salt = '', key = ''] = hash.split('$');
  const expected = Buffer.from(key, 'base64');
  return timingSafeEqual(await derive(password, Buffer.from(salt, 'base64')), expected);
}

function derive(password: Uint8Array, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, KEY_BYTES, COST, (error, key) => (error ? reject(error) : resolve(key)));
  });
}
