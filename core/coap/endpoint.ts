// Longer than others: one state machine, whose parts share every line of its state.
import type {
  CoapEffect,
  CoapInput,
  CoapState,
  Exchange,
  Observation,
  Outgoing,
  Peer,
  Transmission,
} from './endpoint-state.ts';
import {
  CODES,
  type CoapMessage,
  decodeMessage,
  emptyMessage,
  encodeMessage,
  isRequest,
  peekHeader,
} from './message.ts';
import { OPTIONS, recognise, uintOf } from './option.ts';

/**
 * The message layer of CoAP (RFC 7252, section 4) and the order of notifications (RFC 7641, section 3.4), for either
 * side. No I/O and no clock; `state` is changed in place. Nothing that arrives makes it throw: what cannot be used is
 * reset or ignored, as the standard has it. `nextDueMs` says when it wants the next `time`.
 *
 * One request at a time is under way with a peer (NSTART), and one more where it is to go at once. Questions that wait
 * behind one that stays without any answer fail with it, so whoever forges the address of another gets it no more than
 * one small request and its repeats.
 */
export function stepCoap(state: CoapState, input: CoapInput, nowMs: number): CoapEffect[] {
  const effects: CoapEffect[] = [];
  switch (input.kind) {
    case 'received':
      receive(state, input.peer, input.bytes, nowMs, effects);
      break;
    case 'request': {
      const { id, peer: key, request, isConfirmable = true, isObserving = false } = input;
      const { notAfterMs = Number.POSITIVE_INFINITY, priority = 'in-turn' } = input;
      const token = state.settings.newToken();
      enqueue(
        state,
        key,
        { id, role: 'request', token, content: request, isConfirmable, isObserving, notAfterMs, priority },
        nowMs,
        effects,
      );
      break;
    }
    case 'answer':
      answerRequest(state, input.exchange, input.answer, nowMs, effects);
      break;
    case 'notify': {
      const { id, token, answer, isConfirmable } = input;
      enqueue(state, input.peer, response(id, token, answer, isConfirmable), nowMs, effects);
      break;
    }
    case 'cancel':
      cancel(state, input.peer, input.id, nowMs, effects);
      break;
    case 'forget-observation': {
      const observations = state.peers.get(input.peer)?.observations;
      for (const [token, { id }] of observations ?? [])
        if (id === input.id) unobserve(state, state.peers.get(input.peer)!, token);
      break;
    }
    case 'forget-peer':
      forgetPeer(state, input.peer, effects);
      break;
    case 'time':
      for (const peer of state.busy) passTime(state, peer, nowMs, effects);
      state.dueMs = earliestMs(state);
  }
  return effects;
}

/**
 * When the next `time` is wanted, on the clock of `nowMs`, or somewhat earlier where what it was wanted for is over;
 * `undefined` where nothing waits.
 */
export function nextDueMs(state: CoapState): number | undefined {
  if (state.busy.size === 0) state.dueMs = Number.POSITIVE_INFINITY;
  return state.dueMs === Number.POSITIVE_INFINITY ? undefined : state.dueMs;
}

function earliestMs({ busy }: CoapState): number {
  let due = Number.POSITIVE_INFINITY;
  const earlier = (ms: number | undefined) => {
    if (ms !== undefined && ms < due) due = ms;
  };
  for (const { underWay, remembered } of busy) {
    for (const { dueMs } of underWay) earlier(dueMs);
    for (const { acknowledgeMs } of remembered.values()) earlier(acknowledgeMs);
  }
  return due;
}

function receive(
  state: CoapState,
  key: string,
  bytes: Uint8Array,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const header = peekHeader(bytes);
  if (!header) return;
  const peer = peerOf(state, key);
  if (!peer) return;
  let message: CoapMessage;
  try {
    message = decodeMessage(bytes);
  } catch {
    // Section 4.2: a confirmable message that cannot be used is reset; others are ignored.
    if (header.type === 'CON') send(peer, encodeMessage(emptyMessage('RST', header.id)), effects);
    return;
  }
  if (message.type === 'RST') onReset(state, peer, message.id, nowMs, effects);
  else if (message.type === 'ACK') onAcknowledgement(state, peer, message, nowMs, effects);
  else take(state, peer, message, hashOf(bytes), nowMs, effects);
}

/** What is no reply to a message of ours: a request, or an answer that comes by itself. */
function take(
  state: CoapState,
  peer: Peer,
  message: CoapMessage,
  hash: number,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const before = peer.remembered.get(message.id);
  // Nodes that count from 0 after each sleep use an id again too soon: what they then say is another message all the same.
  if (before && before.expiresMs > nowMs && before.hash === hash) {
    if (before.reply && message.type === 'CON') send(peer, before.reply, effects);
    return;
  }
  if (message.code === CODES.empty) {
    // An empty confirmable message is a ping (section 4.3).
    if (message.type === 'CON') send(peer, encodeMessage(emptyMessage('RST', message.id)), effects);
    return;
  }
  remember(state, peer, message.id, hash, nowMs);
  if (isRequest(message.code)) onRequest(state, peer, message, nowMs, effects);
  else onResponse(state, peer, message, nowMs, effects);
}

function onRequest(
  state: CoapState,
  peer: Peer,
  message: CoapMessage,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const { type, id, token } = message;
  const exchange: Exchange = { peer: peer.key, id, type, token };
  const { options, unknownCritical } = recognise(message.options);
  if (unknownCritical !== undefined) {
    // Section 5.4.1: 4.02 to a confirmable request, silence to another.
    if (type !== 'CON') return;
    const nothing = { options: [], payload: new Uint8Array() };
    answerRequest(state, exchange, { code: CODES.badOption, ...nothing }, nowMs, effects);
    return;
  }
  if (type === 'CON') {
    peer.remembered.get(id)!.acknowledgeMs = nowMs + state.settings.processingDelayMs;
    state.dueMs = Math.min(state.dueMs, nowMs + state.settings.processingDelayMs);
    state.busy.add(peer);
  }
  effects.push({ kind: 'request', exchange, message: { ...message, options } });
}

function answerRequest(
  state: CoapState,
  { peer: key, id, type, token }: Exchange,
  answer: Pick<CoapMessage, 'code' | 'options' | 'payload'>,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const peer = peerOf(state, key);
  if (!peer) return;
  const before = peer.remembered.get(id);
  const isWaiting = before?.reply === undefined;
  if (type === 'CON' && isWaiting) {
    const reply = encodeMessage({ type: 'ACK', id, token, ...answer });
    if (before) {
      before.reply = reply;
      before.acknowledgeMs = undefined;
    }
    settle(state, peer);
    send(peer, reply, effects);
    return;
  }
  // Section 5.2.2: it was acknowledged already, so the answer is a message of its own; 5.2.3: non-confirmable gets the same.
  enqueue(state, key, response('', token, answer, type === 'CON'), nowMs, effects);
}

/** A response as a message of its own: in its turn, and never too late. */
function response(
  id: string,
  token: Uint8Array,
  content: Outgoing['content'],
  isConfirmable: boolean,
): Outgoing {
  return {
    id,
    role: 'response',
    token,
    content,
    isConfirmable,
    isObserving: false,
    notAfterMs: Number.POSITIVE_INFINITY,
    priority: 'in-turn',
  };
}

function onAcknowledgement(
  state: CoapState,
  peer: Peer,
  message: CoapMessage,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const sent = peer.underWay.find(({ messageId }) => messageId === message.id);
  if (!sent) return;
  if (sent.role === 'response') {
    finish(state, peer, sent, nowMs, effects);
    if (sent.id !== '') effects.push({ kind: 'delivered', id: sent.id, peer: peer.key });
    return;
  }
  if (message.code === CODES.empty) {
    sent.isAcknowledged = true;
    sent.dueMs = nowMs + state.settings.responseTimeoutMs;
    state.dueMs = Math.min(state.dueMs, sent.dueMs);
    return;
  }
  // An answer of another token under the right id is nobody's (section 5.3.2).
  if (isSame(message.token, sent.token)) complete(state, peer, sent, message, nowMs, effects);
}

function onResponse(
  state: CoapState,
  peer: Peer,
  message: CoapMessage,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const token = Buffer.from(message.token).toString('hex');
  const sent = peer.underWay.find((one) => one.role === 'request' && isSame(one.token, message.token));
  const before = state.observed.get(token);
  if (!sent && before && before !== peer) move(state, before, peer, effects);
  const observation = peer.observations.get(token);
  const { options, unknownCritical } = recognise(message.options);
  if ((!sent && !observation) || unknownCritical !== undefined) {
    // RFC 7641, 3.6: this also is how a client ends an observation that it has forgotten, confirmable or not.
    reply(peer, message.id, encodeMessage(emptyMessage('RST', message.id)), effects);
    return;
  }
  const acknowledge = encodeMessage(emptyMessage('ACK', message.id));
  if (message.type === 'CON') reply(peer, message.id, acknowledge, effects);
  const usable = { ...message, options };
  if (sent) {
    complete(state, peer, sent, usable, nowMs, effects);
    return;
  }
  if (isFresh(observation!, usable, nowMs)) {
    effects.push({ kind: 'notification', id: observation!.id, peer: peer.key, message: usable });
  }
  // An error ends the observation at the server, and so does an answer without Observe (RFC 7641, 3.2 and 4.2).
  if (message.code >> 5 !== 2) unobserve(state, peer, token);
}

function unobserve(state: CoapState, peer: Peer, token: string): void {
  if (peer.observations.delete(token)) state.observed.delete(token);
}

/** What the old address had under way is lost: its answers would go nowhere. */
function move(state: CoapState, from: Peer, to: Peer, effects: CoapEffect[]): void {
  for (const [token, observation] of from.observations) {
    to.observations.set(token, observation);
    state.observed.set(token, to);
  }
  from.observations.clear();
  effects.push({ kind: 'moved', peer: to.key, from: from.key });
  forgetPeer(state, from.key, effects);
}

/** RFC 7641, 3.4: newer by its number, counted modulo 2^24, or by 128 s having passed. */
function isFresh(observation: Observation, message: CoapMessage, nowMs: number): boolean {
  const sequence = uintOf(message, OPTIONS.observe);
  if (sequence === undefined) return true;
  const ahead = (sequence - observation.sequence + 0x1000000) % 0x1000000;
  const isNewer =
    !observation.isAnswered || (ahead > 0 && ahead < 0x800000) || nowMs > observation.heardMs + 128_000;
  if (isNewer) Object.assign(observation, { sequence, heardMs: nowMs, isAnswered: true });
  return isNewer;
}

function complete(
  state: CoapState,
  peer: Peer,
  sent: Transmission,
  message: CoapMessage,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const { options, unknownCritical } = recognise(message.options);
  const usable = { ...message, options };
  const token = Buffer.from(sent.token).toString('hex');
  const observation = peer.observations.get(token);
  if (observation) {
    const isObserved = uintOf(usable, OPTIONS.observe) !== undefined && message.code >> 5 === 2;
    if (isObserved) isFresh(observation, usable, nowMs);
    else unobserve(state, peer, token);
  }
  // Before what waits is sent, so that the caller sees an answer before the next request goes out.
  if (unknownCritical === undefined) {
    effects.push({ kind: 'response', id: sent.id, peer: peer.key, message: usable });
  } else {
    effects.push({ kind: 'failed', id: sent.id, peer: peer.key, reason: 'reset' });
  }
  finish(state, peer, sent, nowMs, effects);
}

function onReset(state: CoapState, peer: Peer, id: number, nowMs: number, effects: CoapEffect[]): void {
  const sent = peer.underWay.find(({ messageId }) => messageId === id);
  if (sent) fail(state, peer, sent, 'reset', nowMs, effects);
}

function fail(
  state: CoapState,
  peer: Peer,
  sent: Transmission,
  reason: 'timeout' | 'reset' | 'cancelled',
  nowMs: number,
  effects: CoapEffect[],
): void {
  unobserve(state, peer, Buffer.from(sent.token).toString('hex'));
  if (sent.id !== '') effects.push({ kind: 'failed', id: sent.id, peer: peer.key, reason });
  finish(state, peer, sent, nowMs, effects);
}

function enqueue(
  state: CoapState,
  key: string,
  outgoing: Outgoing,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const peer = peerOf(state, key);
  const rank = rankOf(outgoing);
  // What is to go at once comes one after the other from its owner, and finds no full house.
  if (!peer || (peer.waiting.length >= state.settings.maxWaiting && rank < RANKS['at-once'])) {
    if (outgoing.id !== '') effects.push({ kind: 'failed', id: outgoing.id, peer: key, reason: 'too-many' });
    return;
  }
  const behind = peer.waiting.findIndex((one) => rankOf(one) < rank);
  peer.waiting.splice(behind < 0 ? peer.waiting.length : behind, 0, outgoing);
  sendWaiting(state, peer, nowMs, effects);
}

const RANKS = { 'in-turn': 0, first: 1, 'at-once': 2, plain: 3 } as const;

/** A notification, or an answer, that wants no acknowledgement waits for nothing. */
function rankOf({ role, isConfirmable, priority }: Outgoing): number {
  return role === 'response' && !isConfirmable ? RANKS.plain : RANKS[priority];
}

function cancel(state: CoapState, key: string, id: string, nowMs: number, effects: CoapEffect[]): void {
  const peer = state.peers.get(key);
  if (!peer) return;
  const sent = peer.underWay.find((one) => one.id === id);
  const index = peer.waiting.findIndex((one) => one.id === id);
  if (index >= 0) peer.waiting.splice(index, 1);
  if (sent) fail(state, peer, sent, 'cancelled', nowMs, effects);
  else if (index >= 0) effects.push({ kind: 'failed', id, peer: key, reason: 'cancelled' });
}

function sendWaiting(state: CoapState, peer: Peer, nowMs: number, effects: CoapEffect[]): void {
  while (peer.waiting.length > 0) {
    const next = peer.waiting[0]!;
    const rank = rankOf(next);
    // Whatever wants an acknowledgement or an answer is alone on its way, or beside things of less weight.
    const isFree = rank >= RANKS['at-once'] && !peer.underWay.some((one) => rankOf(one) >= rank);
    if (!isFree && peer.underWay.length > 0) return;
    peer.waiting.shift();
    if (nowMs >= next.notAfterMs) {
      effects.push({ kind: 'failed', id: next.id, peer: peer.key, reason: 'timeout' });
      continue;
    }
    transmit(state, peer, next, nowMs, effects);
  }
}

function transmit(
  state: CoapState,
  peer: Peer,
  outgoing: Outgoing,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const { settings } = state;
  const { token, content, isConfirmable, isObserving, role, id } = outgoing;
  const messageId = peer.nextId;
  peer.nextId = (peer.nextId + 1) & 0xffff;
  const bytes = encodeMessage({ type: isConfirmable ? 'CON' : 'NON', id: messageId, token, ...content });
  send(peer, bytes, effects);
  if (role === 'response' && !isConfirmable) return;
  peer.isStranger = false;
  // Section 4.2: the first wait is random, so that a field of nodes does not repeat in step.
  const waitMs = isConfirmable
    ? settings.ackTimeoutMs * (1 + settings.random() * (settings.ackRandomFactor - 1))
    : settings.responseTimeoutMs;
  const timing = {
    sent: 1,
    waitMs,
    dueMs: Math.min(nowMs + waitMs, outgoing.notAfterMs),
    isAcknowledged: !isConfirmable,
  };
  peer.underWay.push({ ...outgoing, messageId, bytes, ...timing });
  state.dueMs = Math.min(state.dueMs, timing.dueMs);
  if (isObserving) {
    const observation = { id, isAnswered: false, sequence: 0, heardMs: nowMs };
    peer.observations.set(Buffer.from(token).toString('hex'), observation);
    state.observed.set(Buffer.from(token).toString('hex'), peer);
  }
  state.busy.add(peer);
}

function passTime(state: CoapState, peer: Peer, nowMs: number, effects: CoapEffect[]): void {
  for (const [id, one] of peer.remembered) {
    if (one.acknowledgeMs === undefined || one.acknowledgeMs > nowMs) continue;
    one.acknowledgeMs = undefined;
    reply(peer, id, encodeMessage(emptyMessage('ACK', id)), effects);
  }
  for (const sent of peer.underWay.filter(({ dueMs }) => dueMs <= nowMs)) {
    const isSilent = !sent.isAcknowledged && sent.sent > state.settings.maxRetransmit;
    if (sent.isAcknowledged || isSilent || nowMs >= sent.notAfterMs) {
      if (isSilent) dropQuestions(peer, effects);
      fail(state, peer, sent, 'timeout', nowMs, effects);
      continue;
    }
    sent.sent += 1;
    sent.waitMs *= 2;
    sent.dueMs = Math.min(nowMs + sent.waitMs, sent.notAfterMs);
    send(peer, sent.bytes, effects);
  }
  settle(state, peer);
}

/** A peer that has not answered for so long is not there: what nobody would miss does not try it for as long again. */
function dropQuestions(peer: Peer, effects: CoapEffect[]): void {
  const isQuestion = ({ role, priority }: Outgoing) => role === 'request' && priority === 'in-turn';
  const dropped = peer.waiting.filter(isQuestion);
  peer.waiting.splice(0, peer.waiting.length, ...peer.waiting.filter((one) => !isQuestion(one)));
  for (const { id } of dropped) effects.push({ kind: 'failed', id, peer: peer.key, reason: 'timeout' });
}

function forgetPeer(state: CoapState, key: string, effects: CoapEffect[]): void {
  const peer = state.peers.get(key);
  if (!peer) return;
  state.busy.delete(peer);
  const dropped = [...peer.underWay.splice(0), ...peer.waiting.splice(0)].filter(({ id }) => id !== '');
  // What was remembered stays: a repeat must still find its reply.
  for (const token of [...peer.observations.keys()]) unobserve(state, peer, token);
  settle(state, peer);
  effects.push(...dropped.map(({ id }) => ({ kind: 'failed', id, peer: key, reason: 'forgotten' }) as const));
}

function finish(
  state: CoapState,
  peer: Peer,
  sent: Transmission,
  nowMs: number,
  effects: CoapEffect[],
): void {
  const index = peer.underWay.indexOf(sent);
  if (index >= 0) peer.underWay.splice(index, 1);
  sendWaiting(state, peer, nowMs, effects);
  settle(state, peer);
}

function settle(state: CoapState, peer: Peer): void {
  const isBusy =
    peer.underWay.length > 0 ||
    [...peer.remembered.values()].some(({ acknowledgeMs }) => acknowledgeMs !== undefined);
  if (isBusy) state.busy.add(peer);
  else state.busy.delete(peer);
}

/** The peer, now the one heard of last; `undefined` where all places are taken by peers that something is open with. */
function peerOf({ peers, settings }: CoapState, key: string): Peer | undefined {
  let peer = peers.get(key);
  if (peer) {
    peers.delete(key);
  } else {
    if (peers.size >= settings.maxPeers && !evict(peers)) return undefined;
    const nextId = Math.floor(settings.random() * 0x10000) & 0xffff;
    peer = {
      key,
      nextId,
      isStranger: true,
      remembered: new Map(),
      underWay: [],
      waiting: [],
      observations: new Map(),
    };
  }
  peers.set(key, peer);
  return peer;
}

/** How many of the oldest are looked at, so that a flood of addresses costs no more than that each. */
const EVICTION_LOOKS = 32;

function evict(peers: Map<string, Peer>): boolean {
  let looks = 0;
  for (const [key, peer] of peers) {
    if (looks++ >= EVICTION_LOOKS) break;
    if (peer.underWay.length > 0 || peer.waiting.length > 0) continue;
    if (peer.observations.size === 0) return peers.delete(key);
    // One that is observed is no stranger: it goes behind the others, and is not looked at again so soon.
    peers.delete(key);
    peers.set(key, peer);
  }
  return false;
}

function remember({ settings }: CoapState, peer: Peer, id: number, hash: number, nowMs: number): void {
  const { remembered } = peer;
  const most = peer.isStranger ? settings.maxRememberedOfStranger : settings.maxRemembered;
  for (const [old, { expiresMs }] of remembered) {
    if (expiresMs > nowMs && remembered.size < most) break;
    remembered.delete(old);
  }
  remembered.delete(id);
  const expiresMs = nowMs + settings.exchangeLifetimeMs;
  remembered.set(id, { hash, expiresMs, reply: undefined, acknowledgeMs: undefined });
}

function reply(peer: Peer, id: number, bytes: Uint8Array, effects: CoapEffect[]): void {
  const before = peer.remembered.get(id);
  if (before) before.reply = bytes;
  send(peer, bytes, effects);
}

function send(peer: Peer, bytes: Uint8Array, effects: CoapEffect[]): void {
  effects.push({ kind: 'send', peer: peer.key, bytes });
}

/** FNV-1a, 32 bits. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
