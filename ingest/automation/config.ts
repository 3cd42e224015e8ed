import { type Static, Type } from 'typebox';

export const AutomationConfig = Type.Object(
  {
    enabled: Type.Boolean({
      default: false,
      description:
        'Tells readings, zones and events as JSON under sluice/… of the broker, and takes commands there, for Node-RED and scripts',
    }),
  },
  { additionalProperties: false, default: {} },
);
export type AutomationConfig = Static<typeof AutomationConfig>;
