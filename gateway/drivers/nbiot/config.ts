import { isIP } from 'node:net';
import { type Static, Type } from 'typebox';
import { LONGEST_INTERVAL_MS } from '../../driver.ts';
import { deviceParts, namedId } from '../../profiles/device-parts.ts';

const seconds = (minimum: number, maximum: number, description: string) =>
  Type.Integer({ minimum, maximum, description });

const DAY_S = LONGEST_INTERVAL_MS / 1000;

const device = Type.Object(
  {
    ...deviceParts,
    endpoint: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 252,
        description: 'What it calls itself, such as urn:imei:…; its id where not given',
      }),
    ),
    observe: Type.Optional(
      Type.Object(
        {
          pminS: Type.Optional(seconds(0, DAY_S, 'Least time between two notifications')),
          pmaxS: Type.Optional(seconds(1, DAY_S, 'Longest time between two notifications')),
        },
        { additionalProperties: false, description: 'In place of the periods of the profile' },
      ),
    ),
    goneAfterS: Type.Integer({
      minimum: 60,
      maximum: 31 * DAY_S,
      default: DAY_S,
      description: 'A device that only posts counts as gone after so long a silence',
    }),
  },
  { additionalProperties: false },
);

export const NbiotConfig = Type.Object(
  {
    driver: Type.Literal('nbiot'),
    id: namedId('Name of this listener'),
    hosts: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      maxItems: 8,
      default: ['127.0.0.1'],
      description: 'IP addresses to listen on, such as 10.20.0.1 and fd00::1',
    }),
    port: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 5_683,
      description: 'UDP port on which nodes are heard (CoAP)',
    }),
    publicNetwork: Type.Boolean({
      default: false,
      description:
        'Your word that it may listen where strangers reach it, without encryption: beyond loopback and private addresses, or on all of them',
    }),
    lifetimeS: Type.Object(
      {
        min: seconds(1, 31 * DAY_S, 'A registration counts for at least so long'),
        max: seconds(1, 31 * DAY_S, 'And for no longer than this'),
      },
      { additionalProperties: false, default: { min: 60, max: 7 * DAY_S } },
    ),
    awakeS: Type.Integer({
      minimum: 1,
      maximum: 3_600,
      default: 30,
      description: 'How long a device in queue mode listens after it has spoken',
    }),
    ackTimeoutS: Type.Integer({
      minimum: 1,
      maximum: 60,
      default: 10,
      description: 'First wait before a message is sent again; it doubles three times',
    }),
    devices: Type.Array(device, { minItems: 1, maxItems: 5_000 }),
  },
  { additionalProperties: false },
);

export type NbiotConfig = Static<typeof NbiotConfig>;
export type NbiotDeviceConfig = NbiotConfig['devices'][number];

/** Private networks of RFC 1918, RFC 6598 (carriers), RFC 4193, and link-local ones. */
const PRIVATE = [
  /^127\./,
  /^10\./,
  /^192\.168\./,
  /^172\.(1[6-9]|2\d|3[01])\./,
  /^169\.254\./,
  /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  /^::1$/,
  /^f[cd][0-9a-f]{2}:/i,
  /^fe[89ab][0-9a-f]:/i,
];

/** Whether only this machine and private networks reach an address; one that stands for all addresses does not. */
export function isPrivateAddress(host: string): boolean {
  return isIP(host) !== 0 && PRIVATE.some((pattern) => pattern.test(host));
}
