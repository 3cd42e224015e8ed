import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../ids.ts';
import { THRESHOLD_SEVERITIES } from '../thresholds/threshold.ts';

const closed = { additionalProperties: false } as const;
const id = Type.String({ pattern: ID_PATTERN });

/** How somebody is told. */
export const WAY_KINDS = ['webhook', 'mail', 'mqtt', 'sms'] as const;
export type WayKind = (typeof WAY_KINDS)[number];

export const ContactWay = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('webhook'),
      to: Type.String({
        pattern: '^https?://[^\\s@]+$',
        maxLength: 1_000,
        description: 'Address of a server',
      }),
      secret: Type.Optional(
        Type.String({
          pattern: ID_PATTERN,
          description: 'Name, in notify.webhook.secrets, of the secret that signs; default where not given',
        }),
      ),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('mail'),
      to: Type.String({ pattern: '^[^\\s@<>,;"]+@[^\\s@<>,;"]+$', maxLength: 254 }),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('mqtt', {
        description: 'Retained on sluice/alerts/{site}/{id} while it is open: a state, so never held back',
      }),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('sms'),
      to: Type.String({ pattern: '^\\+[1-9][0-9]{5,14}$', description: 'Number with + and country, E.164' }),
    },
    closed,
  ),
]);
export type ContactWay = Static<typeof ContactWay>;

const timeOfDay = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$' });

export const QuietHours = Type.Object(
  {
    from: timeOfDay,
    to: Type.String({ ...timeOfDay, description: 'Before `from`: of the next day' }),
    zone: Type.String({ minLength: 1, maxLength: 64, description: 'IANA time zone, such as Asia/Shanghai' }),
    exceptCritical: Type.Boolean({ description: 'Whether what is critical is told at once all the same' }),
  },
  closed,
);
export type QuietHours = Static<typeof QuietHours>;

const allOr = (description: string) =>
  Type.Union([Type.Literal('all'), Type.Array(id, { maxItems: 1_000, uniqueItems: true, description })]);

/** Somebody, or some program, that is told of alerts. */
export const ContactWish = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    language: Type.Enum(['en', 'zh']),
    ways: Type.Array(ContactWay, { maxItems: 8 }),
    severities: Type.Array(Type.Enum([...THRESHOLD_SEVERITIES]), {
      uniqueItems: true,
      description: 'None: told only what is escalated to it',
    }),
    sites: allOr('Sites whose alerts are told'),
    links: allOr('Links whose alerts are told'),
    quiet: Type.Optional(QuietHours),
    escalateAfterS: Type.Optional(
      Type.Integer({
        minimum: 60,
        maximum: 604_800,
        description: 'How long nobody may have acknowledged until escalateTo is told',
      }),
    ),
    escalateTo: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'Id of a contact' })),
  },
  closed,
);
export type ContactWish = Static<typeof ContactWish>;

export interface Contact extends ContactWish {
  readonly id: string;
  /** Counts its changes from 1. */
  readonly version: number;
  readonly setBy: string;
  readonly setMs: number;
}
