import { type Static, Type } from 'typebox';

export const HttpConfig = Type.Object(
  {
    host: Type.String({
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on. Only loopback (127.0.0.1, ::1, localhost) until there is sign-in.',
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
        'Names under which a reverse proxy passes requests on, as in the Host header, without port. Loopback names are always allowed; any other is refused, so that a web page elsewhere cannot reach this API through a name it controls.',
    }),
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
  { additionalProperties: false },
);
export type HttpConfig = Static<typeof HttpConfig>;
