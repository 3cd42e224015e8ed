import { reasonOf } from '../../../core/errors.ts';
import {
  decodeResponse,
  encodeRequest,
  expectedResponseLength,
  FUNCTION_CODES,
  type ModbusAnswer,
  type ModbusRequest,
} from '../../../core/modbus/pdu.ts';
import { LONGEST_FRAME, unwrapRtu, wrapRtu } from '../../../core/modbus/rtu.ts';

/**
 * The master's side of one RTU line as a pure state machine. RTU answers carry no transaction number, so the machine
 * takes an answer only while it waits for one, and only if unit, function, length and checksum fit; anything else
 * spoils the exchange, and what arrives is thrown away until the line has been quiet.
 *
 *     idle ──begin──▶ waiting ──answer──▶ settling ──quiet──▶ idle
 *                        │ misfit             ▲
 *                        ▼                    │ deadline: the answer may still come, so it is `isOwed`
 *                     spoiled ────────────────┘
 */
export type MasterState =
  | { readonly phase: 'idle' }
  | { readonly phase: 'waiting'; readonly exchange: Exchange; readonly received: Uint8Array }
  | { readonly phase: 'spoiled'; readonly reason: string }
  | { readonly phase: 'settling'; readonly after: 'answer' | 'fault' };

export type MasterInput =
  | { readonly kind: 'begin'; readonly exchange: Exchange }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The time that the answer was given is over. */
  | { readonly kind: 'deadline' }
  /** Nothing has arrived for as long as the last `settle` asked for. */
  | { readonly kind: 'quiet' };

export type MasterEffect =
  | { readonly kind: 'send'; readonly frame: Uint8Array }
  | { readonly kind: 'answer'; readonly answer: ModbusAnswer | { readonly exception: number } }
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      readonly reason: string;
      /** The answer may still arrive, and would then look like the answer to the next request of that unit. */
      readonly isOwed: boolean;
    }
  /** An answer that nobody waits for has been thrown away. */
  | { readonly kind: 'stray'; readonly reason: string }
  /** Where frames begin cannot be told any more on this connection. */
  | { readonly kind: 'desync'; readonly reason: string }
  /** Wait for silence, from now: the short one between frames, or the longer one after a fault. */
  | { readonly kind: 'settle'; readonly after: 'answer' | 'fault' };

export type Fault = 'timeout' | 'bad-frame' | 'checksum';

export interface MasterStep {
  readonly state: MasterState;
  readonly effects: readonly MasterEffect[];
}

/** One request, and what its answer must look like. */
export interface Exchange {
  readonly unit: number;
  readonly request: ModbusRequest;
  readonly frame: Uint8Array;
  readonly answerLength: number;
}

export const IDLE: MasterState = { phase: 'idle' };

const NOTHING = new Uint8Array(0);
const EXCEPTION_FRAME_LENGTH = 5;
const FRAME_OVERHEAD = 3;

export function createExchange(unit: number, request: ModbusRequest): Exchange {
  const frame = wrapRtu(unit, encodeRequest(request));
  return { unit, request, frame, answerLength: expectedResponseLength(request) + FRAME_OVERHEAD };
}

export function stepMaster(state: MasterState, input: MasterInput): MasterStep {
  switch (input.kind) {
    case 'begin':
      if (state.phase !== 'idle') throw new Error(`a request cannot begin while ${state.phase}`);
      return {
        state: { phase: 'waiting', exchange: input.exchange, received: NOTHING },
        effects: [{ kind: 'send', frame: input.exchange.frame }],
      };
    case 'bytes':
      if (state.phase === 'waiting') return receive(state.exchange, joined(state.received, input.bytes));
      if (state.phase === 'spoiled') return { state, effects: [] };
      // Nobody was asked: whatever this is, the line must be quiet again before the next request.
      return settle('fault');
    case 'deadline':
      if (state.phase === 'waiting') return expire(state.exchange, state.received);
      if (state.phase === 'spoiled') return fault('bad-frame', state.reason, true);
      return { state, effects: [] };
    case 'quiet':
      return { state: state.phase === 'settling' ? IDLE : state, effects: [] };
  }
}

function receive(exchange: Exchange, received: Uint8Array): MasterStep {
  const misfit = findMisfit(exchange, received);
  if (misfit) return { state: { phase: 'spoiled', reason: misfit }, effects: [] };
  if (received.length < lengthOfAnswer(exchange, received)) {
    return { state: { phase: 'waiting', exchange, received }, effects: [] };
  }
  let isWhole = false;
  try {
    const { pdu } = unwrapRtu(received);
    isWhole = true;
    const answer = decodeResponse(exchange.request, pdu);
    const settling = settle('answer');
    return { state: settling.state, effects: [{ kind: 'answer', answer }, ...settling.effects] };
  } catch (error) {
    // All bytes of an answer are in, though some are wrong: nothing more is to come.
    return fault(isWhole ? 'bad-frame' : 'checksum', reasonOf(error), false);
  }
}

/** Why these bytes cannot be the beginning of the answer, as early as it can be told. */
function findMisfit(exchange: Exchange, received: Uint8Array): string | undefined {
  const code = FUNCTION_CODES[exchange.request.function];
  if (received[0] !== exchange.unit) return `it begins with ${received[0]}, which is not the unit`;
  if (received.length < 2) return undefined;
  if ((received[1]! & 0x7f) !== code) return `it answers function ${received[1]}, and ${code} was asked`;
  const length = lengthOfAnswer(exchange, received);
  if (received.length > length) return `${received.length} bytes where the answer has ${length}`;
  const isRead = 'count' in exchange.request && received[1] === code;
  if (isRead && received.length > 2 && received[2] !== exchange.answerLength - FRAME_OVERHEAD - 2) {
    return `it announces ${received[2]} bytes of data, and ${exchange.answerLength - FRAME_OVERHEAD - 2} were asked`;
  }
  return undefined;
}

function lengthOfAnswer(exchange: Exchange, received: Uint8Array): number {
  return (received[1] ?? 0) & 0x80 ? EXCEPTION_FRAME_LENGTH : exchange.answerLength;
}

function expire(exchange: Exchange, received: Uint8Array): MasterStep {
  if (received.length === 0) return fault('timeout', '', true);
  const of = lengthOfAnswer(exchange, received);
  return fault('bad-frame', `only ${received.length} of ${of} bytes arrived`, true);
}

function fault(kind: Fault, reason: string, isOwed: boolean): MasterStep {
  const settling = settle('fault');
  return {
    state: settling.state,
    effects: [{ kind: 'fault', fault: kind, reason, isOwed }, ...settling.effects],
  };
}

function settle(after: 'answer' | 'fault'): MasterStep {
  return { state: { phase: 'settling', after }, effects: [{ kind: 'settle', after }] };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(Math.min(first.length + second.length, 2 * LONGEST_FRAME));
  both.set(first);
  both.set(second.subarray(0, both.length - first.length), first.length);
  return both;
}
