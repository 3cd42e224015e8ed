import { type Static, Type } from 'typebox';
import { LOG_LEVELS } from './log.ts';

/** A configuration and its profiles stay far below the largest packet that a broker takes. */
const LONGEST_CONFIG = 256_000;
/** Under the folder of the settings; no part of it begins with a dot, so that it never leads out. */
export const PROFILE_FILE = '^([A-Za-z0-9_-]{1,64}/){0,4}[A-Za-z0-9_-]{1,64}\\.yaml$';
const strict = { additionalProperties: false };

const common = {
  id: Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'Unique for ever: a repeat is the same request',
  }),
  issuer: Type.String({ minLength: 1, maxLength: 256, description: 'Who asked' }),
  expiresAtMs: Type.Number({ description: 'UTC; after it the request must not act' }),
};
const configuration = {
  config: Type.String({ maxLength: LONGEST_CONFIG, description: 'The settings file of the gateway, YAML' }),
  profiles: Type.Optional(
    Type.Record(Type.String({ pattern: PROFILE_FILE }), Type.String({ maxLength: LONGEST_CONFIG }), {
      ...strict,
      description:
        'Profiles of its own that the settings name, by file name; those not given stay as they are',
    }),
  ),
};

/**
 * What can be asked of a gateway itself, from afar. It travels as JSON in the node metric `Care/Request` of an NCMD;
 * the answer is a `CareEvent` with the id of the request.
 */
export const CareRequest = Type.Union([
  Type.Object({ ...common, action: Type.Literal('read-config') }, strict),
  Type.Object({ ...common, action: Type.Literal('check-config'), ...configuration }, strict),
  Type.Object({ ...common, action: Type.Literal('apply-config'), ...configuration }, strict),
  Type.Object({ ...common, action: Type.Literal('roll-back') }, strict),
  Type.Object({ ...common, action: Type.Literal('restart') }, strict),
  Type.Object(
    {
      ...common,
      action: Type.Literal('set-log-level'),
      level: Type.Enum([...LOG_LEVELS]),
      forS: Type.Integer({ minimum: 1, maximum: 86_400, description: 'Afterwards it is as before' }),
    },
    strict,
  ),
  Type.Object({ ...common, action: Type.Literal('probe'), device: Type.String({ maxLength: 64 }) }, strict),
]);
export type CareRequest = Static<typeof CareRequest>;
export type CareAction = CareRequest['action'];
