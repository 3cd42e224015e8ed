import { parsePath } from '../../../core/lwm2m/path.ts';

/** What one node and this server have agreed on. Belongs to the caller, who changes nothing in it. */
export interface SessionState {
  readonly settings: SessionSettings;
  registration: Registration | undefined;
  /** Whether the device counts as present; a node that only posts is, without being registered. */
  isHere: boolean;
  expiresMs: number;
  /** A node in queue mode listens until then. */
  awakeUntilMs: number;
  /** By path: asked for and not answered yet, in force, or refused by the node. */
  readonly observations: Map<string, 'asked' | 'on' | 'refused'>;
}

export interface SessionSettings {
  readonly observedPaths: readonly string[];
  readonly awakeMs: number;
  readonly minLifetimeMs: number;
  readonly maxLifetimeMs: number;
  readonly goneAfterMs: number;
}

export interface Registration {
  /** The last part of `/rd/<location>`. */
  readonly location: string;
  readonly peer: string;
  /** '' or an alternate path such as `/lwm2m`. */
  readonly root: string;
  readonly lifetimeMs: number;
  readonly isQueueMode: boolean;
  /** Objects and instances; empty where the node names none. */
  readonly paths: readonly string[];
}

export type SessionInput =
  | { readonly kind: 'register'; readonly registration: Registration }
  | {
      readonly kind: 'update';
      readonly peer: string;
      readonly lifetimeMs: number | undefined;
      readonly isQueueMode: boolean | undefined;
      readonly paths: readonly string[] | undefined;
    }
  | { readonly kind: 'deregister' }
  /** It sent readings by itself. */
  | { readonly kind: 'spoke' }
  | { readonly kind: 'answered' }
  /** Its observations go on from another address. */
  | { readonly kind: 'moved'; readonly peer: string }
  | { readonly kind: 'observation'; readonly path: string; readonly end: 'on' | 'refused' | 'unanswered' }
  | { readonly kind: 'time' };

export type SessionEffect =
  | { readonly kind: 'observe'; readonly path: string }
  /** Nothing that is open with this address counts any more. */
  | { readonly kind: 'forget-peer'; readonly peer: string }
  /** What waited for the node may go out now. */
  | { readonly kind: 'awake' }
  /** Objects of the profile that the node does not have. */
  | { readonly kind: 'absent'; readonly paths: readonly string[] }
  | { readonly kind: 'gone' };

/** An update may be a slow radio's time late. */
const GRACE_MS = 30_000;

export function createSession(settings: SessionSettings): SessionState {
  return {
    settings,
    registration: undefined,
    isHere: false,
    expiresMs: Number.POSITIVE_INFINITY,
    awakeUntilMs: 0,
    observations: new Map(),
  };
}

/** Whether a request may go out now. */
export function isReachable({ registration, awakeUntilMs }: SessionState, nowMs: number): boolean {
  return registration !== undefined && (!registration.isQueueMode || nowMs < awakeUntilMs);
}

/**
 * Registration, sleep and observations of one node (LwM2M 1.1, sections 6.2 and 6.4). No I/O and no clock; `state` is
 * changed in place; `nowMs` never steps.
 */
export function stepSession(state: SessionState, input: SessionInput, nowMs: number): SessionEffect[] {
  switch (input.kind) {
    case 'register':
      return register(state, input.registration, nowMs);
    case 'update':
      return update(state, input, nowMs);
    case 'deregister':
      return leave(state);
    case 'spoke':
      state.isHere = true;
      wake(state, nowMs);
      if (!state.registration) state.expiresMs = nowMs + state.settings.goneAfterMs;
      return state.registration ? [...missingObservations(state), { kind: 'awake' }] : [];
    case 'answered':
      wake(state, nowMs);
      return [];
    case 'moved':
      if (state.registration) state.registration = { ...state.registration, peer: input.peer };
      return [];
    case 'observation':
      if (input.end === 'unanswered') state.observations.delete(input.path);
      else state.observations.set(input.path, input.end);
      return [];
    case 'time':
      return state.isHere && nowMs >= state.expiresMs ? leave(state) : [];
  }
}

function register(state: SessionState, registration: Registration, nowMs: number): SessionEffect[] {
  const before = state.registration;
  state.registration = registration;
  state.isHere = true;
  extend(state, nowMs);
  wake(state, nowMs);
  // A node that registers, again or from elsewhere, has lost its observations (LwM2M 1.1, 6.4.1).
  state.observations.clear();
  const old = new Set([registration.peer, ...(before ? [before.peer] : [])]);
  const absent = state.settings.observedPaths.filter((path) => !has(registration, path));
  return [
    ...[...old].map((peer) => ({ kind: 'forget-peer', peer }) as const),
    ...(absent.length > 0 ? [{ kind: 'absent', paths: absent } as const] : []),
    ...missingObservations(state),
    { kind: 'awake' },
  ];
}

function update(
  state: SessionState,
  { peer, lifetimeMs, isQueueMode, paths }: Extract<SessionInput, { kind: 'update' }>,
  nowMs: number,
): SessionEffect[] {
  const before = state.registration;
  if (!before) return [];
  state.registration = {
    ...before,
    peer,
    lifetimeMs: lifetimeMs ?? before.lifetimeMs,
    isQueueMode: isQueueMode ?? before.isQueueMode,
    paths: paths ?? before.paths,
  };
  extend(state, nowMs);
  wake(state, nowMs);
  const hasMoved = peer !== before.peer;
  if (hasMoved) state.observations.clear();
  // With a new list of objects, what was refused may be there now; what is gone takes its observation along.
  else if (paths) {
    for (const [path, one] of state.observations)
      if (one === 'refused' || !has(state.registration, path)) state.observations.delete(path);
  }
  return [
    ...(hasMoved ? [{ kind: 'forget-peer', peer: before.peer } as const] : []),
    ...missingObservations(state),
    { kind: 'awake' },
  ];
}

function leave(state: SessionState): SessionEffect[] {
  const { registration, isHere } = state;
  state.registration = undefined;
  state.isHere = false;
  state.expiresMs = Number.POSITIVE_INFINITY;
  state.observations.clear();
  return [
    ...(registration ? [{ kind: 'forget-peer', peer: registration.peer } as const] : []),
    ...(isHere ? [{ kind: 'gone' } as const] : []),
  ];
}

function missingObservations(state: SessionState): SessionEffect[] {
  const missing = state.settings.observedPaths.filter(
    (path) => !state.observations.has(path) && has(state.registration!, path),
  );
  for (const path of missing) state.observations.set(path, 'asked');
  return missing.map((path) => ({ kind: 'observe', path }));
}

/** Whether the node named the object, or the instance, that a resource belongs to. */
function has({ paths }: Registration, path: string): boolean {
  const [object, instance] = parsePath(path) ?? [];
  const ofObject = paths.filter((one) => parsePath(one)?.[0] === object);
  if (paths.length === 0) return true;
  const isWithoutInstances = ofObject.length > 0 && ofObject.every((one) => parsePath(one)?.length === 1);
  return isWithoutInstances || ofObject.includes(`/${object}/${instance}`);
}

function extend(state: SessionState, nowMs: number): void {
  const { minLifetimeMs, maxLifetimeMs } = state.settings;
  const lifetimeMs = Math.min(Math.max(state.registration!.lifetimeMs, minLifetimeMs), maxLifetimeMs);
  state.expiresMs = nowMs + lifetimeMs + GRACE_MS;
}

function wake(state: SessionState, nowMs: number): void {
  state.awakeUntilMs = nowMs + state.settings.awakeMs;
}
