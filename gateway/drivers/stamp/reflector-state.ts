import { AllowList } from './allow-list.ts';
import { looksLikeReply, SENDER_HEADER_BYTES } from './stamp-packet.ts';

export interface ReflectorRules {
  readonly isStateful: boolean;
  /** Sources, and sessions, that are kept in mind. */
  readonly maxSessions: number;
  readonly idleMs: number;
  readonly ratePerS: number;
}

/** Why a packet gets no answer. */
export const REFUSALS = ['notAllowed', 'tooShort', 'isAnswer', 'tooFast', 'tooMany', 'noRoom'] as const;
export type Refusal = (typeof REFUSALS)[number];
export type RefusalCounts = Record<Refusal, number>;

interface Source {
  /** Answers that it may have at once. */
  tokens: number;
  heardMs: number;
}

interface Session {
  answers: number;
  heardMs: number;
}

/** What a reflector keeps in mind; `admit` and `forgetIdle` change it. */
export interface ReflectorState {
  readonly rules: ReflectorRules;
  allow: AllowList;
  /** By address. */
  readonly sources: Map<string, Source>;
  /** By address and port; empty where it is stateless. */
  readonly sessions: Map<string, Session>;
  answered: number;
  readonly refused: RefusalCounts;
  forgotMs: number;
}

export type Admission =
  /** `sequence` is the number of the answer in its session; absent where the sender's is sent back. */
  | { readonly kind: 'answer'; readonly sequence?: number }
  | { readonly kind: 'refused'; readonly why: Refusal };

/** What makes room is not looked for more often, however many strangers knock. */
const LEAST_FORGET_MS = 1_000;
const WORD = 2 ** 32;

export function createReflectorState(rules: ReflectorRules, allowed: readonly string[]): ReflectorState {
  return {
    rules,
    allow: new AllowList(allowed),
    sources: new Map(),
    sessions: new Map(),
    answered: 0,
    refused: { notAllowed: 0, tooShort: 0, isAnswer: 0, tooFast: 0, tooMany: 0, noRoom: 0 },
    forgotMs: Number.NEGATIVE_INFINITY,
  };
}

/** Whether a packet is answered. `nowMs` is of a clock that is never set. */
export function admit(
  state: ReflectorState,
  packet: Uint8Array,
  address: string,
  port: number,
  nowMs: number,
): Admission {
  const why = refusalOf(state, packet, address, nowMs);
  if (why) return refuse(state, why);
  if (!state.rules.isStateful) {
    state.answered += 1;
    return { kind: 'answer' };
  }
  const session = sessionOf(state, `${address} ${port}`, nowMs);
  if (!session) return refuse(state, 'tooMany');
  const sequence = session.answers % WORD;
  session.answers += 1;
  session.heardMs = nowMs;
  state.answered += 1;
  return { kind: 'answer', sequence };
}

/** Who is not allowed leaves no trace in memory but a count. */
function refusalOf(
  state: ReflectorState,
  packet: Uint8Array,
  address: string,
  nowMs: number,
): Refusal | undefined {
  if (!state.allow.has(address)) return 'notAllowed';
  if (packet.length < SENDER_HEADER_BYTES) return 'tooShort';
  if (looksLikeReply(packet)) return 'isAnswer';
  const { ratePerS, maxSessions } = state.rules;
  let source = state.sources.get(address);
  if (!source) {
    if (!hasRoom(state, state.sources, maxSessions, nowMs)) return 'tooMany';
    source = { tokens: ratePerS, heardMs: nowMs };
    state.sources.set(address, source);
  }
  source.tokens = Math.min(ratePerS, source.tokens + ((nowMs - source.heardMs) * ratePerS) / 1_000);
  source.heardMs = nowMs;
  if (source.tokens < 1) return 'tooFast';
  source.tokens -= 1;
  return undefined;
}

function sessionOf(state: ReflectorState, key: string, nowMs: number): Session | undefined {
  const known = state.sessions.get(key);
  if (known) {
    if (nowMs - known.heardMs > state.rules.idleMs) known.answers = 0;
    return known;
  }
  if (!hasRoom(state, state.sessions, state.rules.maxSessions, nowMs)) return undefined;
  const session: Session = { answers: 0, heardMs: nowMs };
  state.sessions.set(key, session);
  return session;
}

/** Those who are there keep their places: a flood of new ones cannot push them out. */
function hasRoom(
  state: ReflectorState,
  map: ReadonlyMap<string, unknown>,
  most: number,
  nowMs: number,
): boolean {
  if (map.size < most) return true;
  if (nowMs - state.forgotMs < LEAST_FORGET_MS) return false;
  forgetIdle(state, nowMs);
  return map.size < most;
}

/** Forgets who has been silent for `idleMs`. */
export function forgetIdle(state: ReflectorState, nowMs: number): void {
  state.forgotMs = nowMs;
  for (const map of [state.sources, state.sessions])
    for (const [key, { heardMs }] of map) if (nowMs - heardMs > state.rules.idleMs) map.delete(key);
}

function refuse(state: ReflectorState, why: Refusal): Admission {
  state.refused[why] += 1;
  return { kind: 'refused', why };
}
