import { type Static, Type } from 'typebox';

export const ClockConfig = Type.Object(
  {
    trustSystemClock: Type.Enum(['auto', 'always', 'never'], {
      default: 'auto',
      description:
        'auto: when NTP keeps it, or nothing speaks against it; always: something that Sluice does not know keeps it right; never: only GNSS gives the time',
    }),
  },
  { additionalProperties: false, default: {} },
);

export type ClockConfig = Static<typeof ClockConfig>;
