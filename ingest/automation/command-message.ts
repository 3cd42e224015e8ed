import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { CommandWish } from '../commands/command-record.ts';

const LONGEST = 4_096;
const TOPIC = /^sluice\/([^/]+)\/command\/([^/]+)$/;
/** What a gateway's own point is called here, as a topic level cannot be empty. */
export const NO_DEVICE = '_';

const CommandMessage = Type.Object(
  {
    id: Type.Optional(Type.String()),
    gateway: Type.String({ minLength: 1 }),
    device: Type.Optional(Type.String()),
    metric: Type.String({ minLength: 1, maxLength: 256 }),
    value: Type.Union([Type.Number(), Type.Boolean()]),
    leaseS: Type.Optional(Type.Number()),
    validForS: Type.Optional(Type.Number()),
  },
  { additionalProperties: false },
);

/** Whose topic it is; the broker lets nobody else publish there. */
export function commandSender(topic: string): { site: string; user: string } | undefined {
  const match = TOPIC.exec(topic);
  return match ? { site: match[1]!, user: match[2]! } : undefined;
}

/** The id as far as it can be made out, for the answer to a message that is wrong otherwise. */
export function idOf(bytes: Uint8Array): string | undefined {
  try {
    const { id } = JSON.parse(Buffer.from(bytes.subarray(0, LONGEST)).toString('utf8')) as { id?: unknown };
    return typeof id === 'string' ? id.slice(0, 64) : undefined;
  } catch {
    return undefined;
  }
}

/** Throws `COMMAND_UNREADABLE` or `COMMAND_RETAINED`. */
export function parseCommandMessage(
  { site, user }: { readonly site: string; readonly user: string },
  bytes: Uint8Array,
  isRetained: boolean,
): CommandWish {
  if (isRetained) throw new SluiceError('COMMAND_RETAINED');
  if (bytes.length > LONGEST) throw unreadable(`it is longer than ${LONGEST} bytes`);
  let said: unknown;
  try {
    said = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw unreadable(reasonOf(error));
  }
  if (!Value.Check(CommandMessage, said)) {
    const [first] = Value.Errors(CommandMessage, said);
    throw unreadable(
      first ? `${first.instancePath.slice(1) || 'it'} ${first.message}` : 'it is not a command',
    );
  }
  const {
    id,
    gateway,
    device = NO_DEVICE,
    metric,
    value,
    leaseS = 0,
    validForS = 30,
  } = said as Static<typeof CommandMessage>;
  return {
    ...(id === undefined ? {} : { id }),
    ...{ site, gateway, metric, value, leaseS, validForS },
    device: device === NO_DEVICE ? '' : device,
    issuer: issuerOf(user),
  };
}

function unreadable(problem: string): SluiceError {
  return new SluiceError('COMMAND_UNREADABLE', { problem });
}

const DOOR = 'mqtt:';

function issuerOf(user: string): string {
  return `${DOOR}${user}`;
}

/** The user who is to hear of a command; `undefined` where it came another way. */
export function userOf(issuer: string): string | undefined {
  return issuer.startsWith(DOOR) ? issuer.slice(DOOR.length) : undefined;
}
