import type { Language } from '../../../core/errors.ts';
import type { Quantity } from '../../../core/quantities.ts';
import type { ClockState, Quality, Tag } from '../../../core/reading.ts';
import { SESSION_PATH } from './session.ts';
import { takeStarted } from './started.ts';

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

/** How to ask for what is asked for again and again. */
export interface Poll {
  readonly signal: AbortSignal;
  /** Undefined is answer enough where nothing has changed since the last answer. */
  readonly onlyChanges: boolean;
}

export interface Api {
  quantities(): Promise<{ quantities: Quantity[] }>;
  last(poll: Poll): Promise<{ nowMs: number; readings: LastReading[] } | undefined>;
  gateways(poll: Poll): Promise<{ gateways: Gateway[] } | undefined>;
  query(query: PointsQuery): Promise<{ series: SeriesPoints[] }>;
  /** Any other GET; throws `ApiError`. `signal` gives it up. */
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  /** Changes something; `body` goes as JSON. Throws `ApiError`. */
  send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<T>;
}

/** What the server has against a request, in the language that was asked for. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(status: number, { code, message, details }: ErrorBody) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details ?? {};
  }
}

interface ErrorBody {
  readonly code: string;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** On a slow village link a reply can take seconds; longer than this and it will not come. */
export const TIMEOUT_MS = 20_000;

/** What is large and seldom changes, such as outlines, comes once. */
const MOST_BODIES = 8;

/** `onSignedOut`: a session that there was has ended. */
export function createApi(language: () => Language, onSignedOut: () => void): Api {
  const tags = new Map<string, string>();
  const bodies = new Map<string, { readonly tag: string; readonly body: unknown }>();
  let signIns = 0;

  function ask(path: string, signal: AbortSignal, headers = {}, more: RequestInit = {}): Promise<Response> {
    return fetch(path, { headers: { 'accept-language': language(), ...headers }, signal, ...more });
  }

  /** `asOf`: sign-ins until it was asked, since what was asked before one says nothing of the session that it began. */
  async function bodyOf<T>(response: Response, asOf: number): Promise<T> {
    const body = (response.status === 204 ? undefined : await response.json()) as T & ErrorBody;
    if (response.ok) return body;
    const error = new ApiError(response.status, body);
    // Not where a password was wrong.
    if (error.code === 'SIGN_IN_NEEDED' && asOf === signIns) onSignedOut();
    throw error;
  }

  const get = async <T>(path: string, signal?: AbortSignal) => {
    const asOf = signIns;
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const all = signal ? AbortSignal.any([signal, timeout]) : timeout;
    const known = bodies.get(path);
    const headers = known ? { 'if-none-match': known.tag } : {};
    const response = (await takeStarted(path)) ?? (await ask(path, all, headers));
    if (response.status === 304 && known) return known.body as T;
    const body = await bodyOf<T>(response, asOf);
    const tag = response.headers.get('etag');
    bodies.delete(path);
    if (tag !== null) bodies.set(path, { tag, body });
    for (const oldest of bodies.keys()) if (bodies.size > MOST_BODIES) bodies.delete(oldest);
    return body;
  };

  async function poll<T>(path: string, { signal, onlyChanges }: Poll): Promise<T | undefined> {
    const asOf = signIns;
    const known = onlyChanges ? tags.get(path) : undefined;
    const headers = known === undefined ? {} : { 'if-none-match': known };
    const response = (await takeStarted(path)) ?? (await ask(path, signal, headers));
    if (response.status === 304) return undefined;
    const body = await bodyOf<T>(response, asOf);
    const tag = response.headers.get('etag');
    if (tag !== null) tags.set(path, tag);
    return body;
  }

  return {
    get,
    async send<T>(method: string, path: string, body?: unknown) {
      const asOf = signIns;
      const isEmpty = body === undefined;
      const headers = isEmpty ? {} : { 'content-type': 'application/json' };
      const more = { method, ...(isEmpty ? {} : { body: JSON.stringify(body) }) };
      const answer = await bodyOf<T>(await ask(path, AbortSignal.timeout(TIMEOUT_MS), headers, more), asOf);
      if (method === 'POST' && path === SESSION_PATH) signIns++;
      return answer;
    },
    quantities: () => get('/api/v1/quantities'),
    last: (how) => poll('/api/v1/last', how),
    gateways: (how) => poll('/api/v1/gateways', how),
    query: (query) => {
      const parameters = Object.entries(query).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]);
      return get(`/api/v1/query?${new URLSearchParams(parameters)}`);
    },
  };
}
