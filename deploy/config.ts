import { type Static, Type } from 'typebox';

const settingsFile = (what: string) =>
  Type.Optional(
    Type.String({
      minLength: 1,
      description: `Settings file of ${what}, relative to this one; left out, it does not run`,
    }),
  );

/** Which services run in this one process. Each has its own settings file, the same that it takes alone. */
export const SluiceConfig = Type.Object(
  {
    simulator: settingsFile('the simulated devices'),
    broker: settingsFile('the MQTT broker'),
    ingest: settingsFile('ingest, with the store, the API and the page'),
    gateway: Type.Optional(
      Type.Union(
        [Type.String({ minLength: 1 }), Type.Array(Type.String({ minLength: 1 }), { minItems: 1 })],
        {
          description:
            'Settings file of the gateway, or a list of them, relative to this one; left out, none runs',
        },
      ),
    ),
  },
  { additionalProperties: false, minProperties: 1 },
);

export type SluiceConfig = Static<typeof SluiceConfig>;
