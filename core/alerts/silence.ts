import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../ids.ts';

const closed = { additionalProperties: false } as const;
const id = Type.Optional(Type.String({ pattern: ID_PATTERN }));

/** Longest time that something may be kept quiet in one go. */
export const MOST_SILENCE_MS = 30 * 86_400_000;

/** Every key that is set must agree; none would be everything, and is refused. */
export const SilenceMatcher = Type.Object(
  {
    ...{ site: id, zone: id, gateway: id, device: id, link: id },
    key: Type.Optional(
      Type.String({ minLength: 1, maxLength: 500, description: 'Key of the cause of one alert' }),
    ),
  },
  { ...closed, minProperties: 1 },
);
export type SilenceMatcher = Static<typeof SilenceMatcher>;

export const SilenceWish = Type.Object(
  {
    matcher: SilenceMatcher,
    reason: Type.String({ minLength: 1, maxLength: 500 }),
    untilMs: Type.Integer({ description: 'UTC in milliseconds since 1970, at most 30 days ahead.' }),
  },
  closed,
);
export type SilenceWish = Static<typeof SilenceWish>;

/** What matches it is an event still, and told to nobody until it ends. */
export interface Silence extends SilenceWish {
  readonly id: string;
  readonly who: string;
  readonly fromMs: number;
  /** Ended before its time, by whom. */
  readonly ended?: { readonly ms: number; readonly by: string };
}
