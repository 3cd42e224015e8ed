import { type Static, Type } from 'typebox';

const strict = { additionalProperties: false };

const TlsConfig = Type.Object(
  {
    certFile: Type.String({
      minLength: 1,
      description: 'Certificate, with its chain where it has one (PEM), relative to this file',
    }),
    keyFile: Type.String({ minLength: 1, description: 'Its private key (PEM), relative to this file' }),
  },
  { ...strict, description: 'HTTPS instead of HTTP. Both files are read again when they change.' },
);

const SessionConfig = Type.Object(
  {
    idleH: Type.Number({
      minimum: 0.5,
      maximum: 8_760,
      default: 72,
      description: 'Hours without a request after which somebody must sign in again',
    }),
    mostH: Type.Number({
      minimum: 0.5,
      maximum: 8_760,
      default: 720,
      description: 'Hours after which they must in any case',
    }),
  },
  { ...strict, default: {} },
);

export const HttpConfig = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description:
        'Address to listen on. One that other machines can reach needs sign-in, and TLS: http.tls, or http.behindProxy.',
    }),
    port: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 8080,
      description: 'TCP port of the console, the API and the metrics; 0 takes a free one.',
    }),
    allowedHosts: Type.Array(Type.String({ minLength: 1 }), {
      default: [],
      description:
        'Names and addresses under which people or a reverse proxy reach this, as in the Host header, without port. Loopback names are always allowed; any other is refused, so that a web page elsewhere cannot reach this API through a name it controls.',
    }),
    signIn: Type.Enum(['required', 'off'], {
      default: 'required',
      description: 'off: whoever reaches the page or the API may do everything. Only on loopback.',
    }),
    tls: Type.Optional(TlsConfig),
    behindProxy: Type.Boolean({
      default: false,
      description:
        'Whether a reverse proxy of yours with TLS stands in front. The last address in X-Forwarded-For is then believed, and cookies go over HTTPS only.',
    }),
    session: SessionConfig,
    firstPasswordFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'File with the password of "admin", who is made at the first start, relative to this one. Without it one is made and printed once.',
      }),
    ),
    maxBodyBytes: Type.Integer({
      minimum: 1_024,
      maximum: 16_777_216,
      default: 4_194_304,
      description: 'Most that one POST of readings may hold, unpacked.',
    }),
    maxBodyReadings: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 50_000,
      description:
        'Most readings in one POST; never more than a quarter of pipeline.maxPendingReadings, or there might be no room for them.',
    }),
  },
  strict,
);
export type HttpConfig = Static<typeof HttpConfig>;
