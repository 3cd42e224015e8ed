import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';

const strict = { additionalProperties: false };
const file = (description: string) => Type.String({ minLength: 1, description });
const perHour = (most: number, what: string) =>
  Type.Integer({
    minimum: 1,
    maximum: 100_000,
    default: most,
    description: `${what} an hour, to all contacts together; what comes on top of that waits, and is summed up`,
  });

const WebhookConfig = Type.Object(
  {
    secrets: Type.Record(
      Type.String({ pattern: ID_PATTERN }),
      file('File with the secret, at least 16 characters'),
      {
        description: 'Secrets that sign, by name; contacts that name none use the one called default',
      },
    ),
    timeoutS: Type.Integer({
      minimum: 1,
      maximum: 60,
      default: 10,
      description: 'Longest that an answer of a webhook is waited for',
    }),
    allowPrivate: Type.Boolean({
      default: true,
      description:
        'Whether loopback and private addresses may be called: a server on the farm has one. Link-local ones, where clouds keep credentials, never are',
    }),
    perHour: perHour(3_600, 'Requests'),
  },
  strict,
);

const MailConfig = Type.Object(
  {
    host: Type.String({ minLength: 1, description: 'Mail server (SMTP)' }),
    port: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 587,
      description: 'Its port: 587 with STARTTLS, 465 with TLS from the first byte',
    }),
    tls: Type.Enum(['starttls', 'tls', 'none'], {
      default: 'starttls',
      description: 'tls: from the first byte (port 465); none: only to a server on this machine',
    }),
    caFile: Type.Optional(file('Authorities that are believed beside those of the system (PEM)')),
    username: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'User at the mail server; none: it takes mail without sign-in',
      }),
    ),
    passwordFile: Type.Optional(file('File with the password, relative to this file')),
    from: Type.String({
      pattern: '^[^\\s@<>,;"]+(@[^\\s@<>,;"]+)?$',
      maxLength: 254,
      description: 'Address of the sender, without a name',
    }),
    perHour: perHour(300, 'Mails'),
  },
  strict,
);

const SmsConfig = Type.Object(
  {
    path: Type.String({ minLength: 1, description: 'Serial port of the GSM modem, such as /dev/ttyUSB2' }),
    baudRate: Type.Integer({
      minimum: 1_200,
      maximum: 921_600,
      default: 115_200,
      description: 'Speed of the modem on its line, bit/s',
    }),
    pinFile: Type.Optional(
      file('File with the PIN of the SIM; tried once, as a third wrong one locks the SIM'),
    ),
    perHour: perHour(60, 'Messages'),
  },
  strict,
);

export const NotifyConfig = Type.Object(
  {
    consoleUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^\\s]+$',
        maxLength: 200,
        description: 'Where people reach the console, for the link in messages; none where not set',
      }),
    ),
    zone: Type.String({
      default: 'Asia/Shanghai',
      maxLength: 64,
      description: 'Time zone of times in messages to contacts without quiet hours',
    }),
    perContact: Type.Object(
      {
        most: Type.Integer({
          minimum: 1,
          maximum: 1_000,
          default: 6,
          description: 'Messages to one contact by one way within perS; further ones wait, and go together',
        }),
        perS: Type.Integer({
          minimum: 10,
          maximum: 86_400,
          default: 600,
          description: 'The time in which most counts',
        }),
      },
      {
        ...strict,
        default: {},
        description:
          'Messages to one contact by one way; what comes on top of that is one message once there is room',
      },
    ),
    giveUpAfterS: Type.Integer({
      minimum: 60,
      maximum: 604_800,
      default: 21_600,
      description:
        'How long a message that does not get through is tried again; then an alert says so to the others',
    }),
    keepDays: Type.Integer({
      minimum: 1,
      maximum: 3_650,
      default: 90,
      description: 'How long it is kept what was told to whom',
    }),
    webhook: Type.Optional(WebhookConfig),
    mail: Type.Optional(MailConfig),
    sms: Type.Optional(SmsConfig),
  },
  { ...strict, default: {}, description: 'How alerts reach people; who they are is set in the console' },
);
export type NotifyConfig = Static<typeof NotifyConfig>;
export type WebhookConfig = Static<typeof WebhookConfig>;
export type MailConfig = Static<typeof MailConfig>;
export type SmsConfig = Static<typeof SmsConfig>;
