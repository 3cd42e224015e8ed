import { type Static, type TArray, type TOptional, type TString, Type } from 'typebox';
import type { Scope } from '../../core/access.ts';
import { CLOCK_STATES, QUALITIES, TAGS, type Tag } from '../../core/reading.ts';
import type { SeriesFilter } from '../stores/store.ts';

export const TimeMs = Type.Number({ description: 'UTC in milliseconds since 1970.' });

export const WordsReply = Type.Object({ en: Type.String(), zh: Type.String() });

const tagFilter = Object.fromEntries(
  TAGS.map((tag) => [
    tag,
    Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 200,
        description: `Only series whose ${tag} is this; repeat it for "any of", leave it empty for "not set".`,
      }),
    ),
  ]),
) as Record<Tag, TOptional<TArray<TString>>>;

/** A tag that may be given several times. */
export const AnyOf = (tag: Tag) => tagFilter[tag];

const Name = (description: string) => Type.String({ minLength: 1, maxLength: 200, description });
export const measurementName = Name('Measurement, such as soil.');
export const fieldName = Name('Field of the measurement, such as moisture.');

export const SeriesFilterQuery = Type.Object(
  { measurement: Type.Optional(measurementName), field: Type.Optional(fieldName), ...tagFilter },
  { additionalProperties: false },
);

/** What the store is asked, from the query of a request by somebody who sees `scope`. */
export function seriesFilter(query: Static<typeof SeriesFilterQuery>, { sites, links }: Scope): SeriesFilter {
  const where = Object.fromEntries(
    TAGS.filter((tag) => query[tag] !== undefined).map((tag) => [tag, query[tag]]),
  );
  return {
    ...(query.measurement === undefined ? {} : { measurement: query.measurement }),
    ...(query.field === undefined ? {} : { field: query.field }),
    where,
    ...((sites !== 'all' || links !== 'all') && { scope: { sites, links } }),
  };
}

export const TagsReply = Type.Partial(
  Type.Object(Object.fromEntries(TAGS.map((tag) => [tag, Type.String()])) as Record<Tag, TString>),
  { additionalProperties: false, description: 'Only the tags that are set.' },
);

export const SeriesReply = Type.Object({
  measurement: Type.String(),
  field: Type.String(),
  unit: Type.String({ description: 'Canonical unit; empty for states and counts.' }),
  tags: TagsReply,
});

export const Value = Type.Union([Type.Number(), Type.String()]);
export const QualityName = Type.Enum([...QUALITIES]);
export const ClockName = Type.Enum([...CLOCK_STATES]);

export const ErrorReply = Type.Object(
  {
    code: Type.String({ description: 'From the error catalogue; stable, for programs.' }),
    message: Type.String({
      description: 'What is wrong and how to mend it, in the language of Accept-Language.',
    }),
    details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  },
  { $id: 'Error', description: 'An error of the catalogue.' },
);

export const errorRef = (description: string) =>
  Type.Unsafe<Static<typeof ErrorReply>>({ $ref: 'Error#', description });

/** What a client that polls already has, it need not be sent again. */
export const IfNoneMatch = Type.Object({
  'if-none-match': Type.Optional(
    Type.String({ description: 'The `ETag` of the reply that the client has: 304 if it is still true.' }),
  ),
});
export const Unchanged = Type.Unsafe<undefined>({
  type: 'null',
  description: 'Nothing has changed since the reply with this `ETag`.',
});

/** Every route can answer these: a parameter it does not know, a Host header that is not allowed, a defect of ours. */
export const commonErrors = {
  400: errorRef('The request is not valid; the message names the field.'),
  401: errorRef('Nobody is signed in, or the token is none.'),
  403: errorRef('The role does not include it, or the Host header is not allowed.'),
  500: errorRef('Something failed inside Sluice.'),
} as const;

export const storeErrors = {
  ...commonErrors,
  503: errorRef('The store cannot be reached just now; try again.'),
} as const;

/** What became of the readings that a gateway produced, by its own count. */
export const DeliveryReply = Type.Object({
  ledger: Type.String({
    description: 'Id of the ledger that the gateway keeps; "none" where it keeps none.',
  }),
  produced: Type.Number({ description: 'stored + rejected + dropped + inFlight' }),
  stored: Type.Number(),
  rejected: Type.Number({ description: 'Refused for a reason that no repeat mends.' }),
  dropped: Type.Number({ description: 'Given up by the gateway for want of room.' }),
  inFlight: Type.Number({ description: 'On the way, waiting in the gateway, or lost with a disk of its.' }),
  share: Type.Union([Type.Number(), Type.Null()], {
    description: 'stored / produced; null where nothing was.',
  }),
});

const reach = (what: string) =>
  Type.Union([Type.Literal('all'), Type.Array(Type.String())], { description: `Which ${what} are seen.` });
/** What somebody sees. */
export const ScopeReply = Type.Object({ sites: reach('sites'), links: reach('links') });

export function scopeReply({ sites, links }: Scope): Static<typeof ScopeReply> {
  return { sites: sites === 'all' ? sites : [...sites], links: links === 'all' ? links : [...links] };
}

export const NoQuery = Type.Object({}, { additionalProperties: false });
