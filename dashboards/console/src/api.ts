import type { Language } from '../../../core/errors.ts';
import type { Quantity } from '../../../core/quantities.ts';
import type { ClockState, Quality, Tag } from '../../../core/reading.ts';

/** Replies of the HTTP API as /api/openapi.json describes them. */
export type SetTags = Readonly<Partial<Record<Tag, string>>>;

export interface LastReading {
  readonly measurement: string;
  readonly field: string;
  readonly unit: string;
  readonly tags: SetTags;
  readonly timeMs: number;
  readonly value: number | string;
  readonly quality: Quality;
  readonly clock: ClockState;
  readonly stale: boolean;
}

export interface DevicePresence {
  readonly device: string;
  readonly online: boolean;
  readonly sinceMs: number;
  readonly lastSeenMs: number;
}

export interface Gateway extends Omit<DevicePresence, 'device'> {
  readonly site: string;
  readonly gateway: string;
  readonly devices: readonly DevicePresence[];
  readonly received: number;
  readonly stored: number;
  readonly rejected: number;
}

export interface SeriesPoints {
  readonly tags: SetTags;
  readonly timeMs: readonly number[];
  readonly value: readonly (number | string)[];
}

export interface PointsQuery {
  readonly measurement: string;
  readonly field: string;
  readonly from: number;
  readonly every: string;
  readonly fn: 'mean' | 'max' | 'last';
}

export interface Api {
  quantities(): Promise<{ quantities: Quantity[] }>;
  last(): Promise<{ nowMs: number; readings: LastReading[] }>;
  gateways(): Promise<{ gateways: Gateway[] }>;
  query(query: PointsQuery): Promise<{ series: SeriesPoints[] }>;
}

/** On a slow village link a reply can take seconds; longer than this and it will not come. */
const TIMEOUT_MS = 20_000;

export function createApi(language: () => Language): Api {
  async function get<T>(path: string): Promise<T> {
    const response = await fetch(path, {
      headers: { 'accept-language': language() },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body = await response.json();
    if (!response.ok) throw new Error(body.message);
    return body;
  }
  return {
    quantities: () => get('/api/v1/quantities'),
    last: () => get('/api/v1/last'),
    gateways: () => get('/api/v1/gateways'),
    query: (query) => {
      const parameters = Object.entries(query).map(([name, value]) => [name, String(value)]);
      return get(`/api/v1/query?${new URLSearchParams(parameters)}`);
    },
  };
}
