/** How far a value can be trusted. */
export const QUALITIES = ['good', 'uncertain', 'bad'] as const;
export type Quality = (typeof QUALITIES)[number];

/** State of the clock that stamped a value: `repaired` means re-based after the clock was set. */
export const CLOCK_STATES = ['synced', 'unsynced', 'repaired'] as const;
export type ClockState = (typeof CLOCK_STATES)[number];

/** Every tag a series may carry; each has a bounded set of values. An absent tag is the empty string. */
export const TAGS = ['site', 'gateway', 'device', 'point', 'zone', 'link', 'class'] as const;
export type Tag = (typeof TAGS)[number];
export type Tags = Readonly<Record<Tag, string>>;

/** What a value belongs to. `unit` is the canonical unit of the quantity, and not part of the identity. */
export interface SeriesKey extends Tags {
  readonly measurement: string;
  readonly field: string;
  readonly unit: string;
}

/** The one record that everything passes on. `timeMs` is UTC in milliseconds since 1970. */
export interface Reading extends SeriesKey {
  readonly value: number | string;
  readonly timeMs: number;
  readonly quality: Quality;
  readonly clock: ClockState;
}

/** Quality and clock in one byte, so that a column of them compresses to nothing: bits 0–1 quality, 2–3 clock. */
export function packStatus(quality: Quality, clock: ClockState): number {
  return QUALITIES.indexOf(quality) | (CLOCK_STATES.indexOf(clock) << 2);
}

export function qualityOf(status: number): Quality {
  return QUALITIES[status & 3] ?? 'bad';
}

export function clockOf(status: number): ClockState {
  return CLOCK_STATES[(status >> 2) & 3] ?? 'unsynced';
}

/** The identity of a series as one string; the tags cannot contain the separator because ids and names are checked. */
export function seriesIdentity(key: Omit<SeriesKey, 'unit'>): string {
  return [key.measurement, key.field, ...TAGS.map((tag) => key[tag])].join('\u0000');
}

const NO_TAGS: Tags = { site: '', gateway: '', device: '', point: '', zone: '', link: '', class: '' };

/** A full key from the parts that are set; the other tags are empty. */
export function seriesKey(
  parts: Partial<Tags> & Pick<SeriesKey, 'measurement' | 'field' | 'unit'>,
): SeriesKey {
  return { ...NO_TAGS, ...parts };
}

/** Only the tags that are set, for people and for APIs. */
export function setTags(tags: Tags): Partial<Record<Tag, string>> {
  return Object.fromEntries(TAGS.filter((tag) => tags[tag] !== '').map((tag) => [tag, tags[tag]]));
}
