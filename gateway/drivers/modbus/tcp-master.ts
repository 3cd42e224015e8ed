import { reasonOf } from '../../../core/errors.ts';
import { MBAP_OVERHEAD, type MbapFrame, takeMbap, wrapMbap } from '../../../core/modbus/mbap.ts';
import {
  decodeResponse,
  encodeRequest,
  expectedResponseLength,
  type ModbusRequest,
} from '../../../core/modbus/pdu.ts';
import type { Exchange, MasterEffect, MasterInput } from './master.ts';

/**
 * The master's side of one Modbus TCP connection as a pure state machine. Each request has a number of its own, which
 * its answer repeats: an answer with another number is nobody's any more and is thrown away. One request is under way
 * at a time, since many servers and the gateways to serial lines take no more.
 *
 *     idle ──begin──▶ waiting ──answer, deadline──▶ idle
 *
 * A header that is none means that the stream is out of step; only a new connection mends that (`desync`).
 */
export interface TcpMasterState {
  readonly phase: 'idle' | 'waiting';
  readonly exchange: Exchange | undefined;
  /** That of the last request. */
  readonly transaction: number;
  /** The beginning of a frame whose rest has not come yet. */
  readonly received: Uint8Array;
}

export interface TcpMasterStep {
  readonly state: TcpMasterState;
  readonly effects: readonly MasterEffect[];
}

const NOTHING = new Uint8Array(0);

export const TCP_IDLE: TcpMasterState = {
  phase: 'idle',
  exchange: undefined,
  transaction: 0,
  received: NOTHING,
};

/** `frame` carries no number yet: each sending of it gets its own. */
export function createTcpExchange(unit: number, request: ModbusRequest): Exchange {
  const frame = wrapMbap({ transaction: 0, unit, pdu: encodeRequest(request) });
  return { unit, request, frame, answerLength: expectedResponseLength(request) + MBAP_OVERHEAD };
}

export function stepTcpMaster(state: TcpMasterState, input: MasterInput): TcpMasterStep {
  switch (input.kind) {
    case 'begin': {
      if (state.phase !== 'idle') throw new Error('a request cannot begin while one is under way');
      const transaction = (state.transaction + 1) & 0xffff;
      const frame = input.exchange.frame.slice();
      frame[0] = transaction >> 8;
      frame[1] = transaction & 0xff;
      return {
        state: { ...state, phase: 'waiting', exchange: input.exchange, transaction },
        effects: [{ kind: 'send', frame }],
      };
    }
    case 'bytes':
      return receive(state, joined(state.received, input.bytes));
    case 'deadline': {
      if (state.phase === 'idle') return { state, effects: [] };
      if (state.received.length === 0) {
        return {
          state: rested(state),
          effects: [{ kind: 'fault', fault: 'timeout', reason: '', isOwed: true }],
        };
      }
      return outOfStep(state, `only ${state.received.length} bytes of an answer arrived`);
    }
    case 'quiet':
      return { state, effects: [] };
  }
}

function receive(before: TcpMasterState, bytes: Uint8Array): TcpMasterStep {
  let state = before;
  let rest = bytes;
  const effects: MasterEffect[] = [];
  try {
    for (let next = takeMbap(rest); next; next = takeMbap(rest)) {
      rest = rest.subarray(next.length);
      const effect = judge(state, next.frame);
      effects.push(effect);
      if (effect.kind === 'answer') state = rested(state);
    }
  } catch (error) {
    const { state: last, effects: more } = outOfStep(state, reasonOf(error));
    return { state: last, effects: [...effects, ...more] };
  }
  // A copy: what came belongs to the stream, and may be written over.
  return { state: { ...state, received: rest.slice() }, effects };
}

/** Throws what is wrong with a frame that carries the right number. */
function judge({ exchange, transaction }: TcpMasterState, frame: MbapFrame): MasterEffect {
  if (!exchange || frame.transaction !== transaction) {
    return { kind: 'stray', reason: `an answer to transaction ${frame.transaction}, which nobody waits for` };
  }
  if (frame.unit !== exchange.unit) throw new Error(`it is of unit ${frame.unit}`);
  return { kind: 'answer', answer: decodeResponse(exchange.request, frame.pdu) };
}

/** Where the next frame begins cannot be trusted any more: what is under way may be asked again, on another connection. */
function outOfStep(state: TcpMasterState, reason: string): TcpMasterStep {
  const effects: MasterEffect[] = [{ kind: 'desync', reason }];
  if (state.phase === 'waiting')
    effects.unshift({ kind: 'fault', fault: 'bad-frame', reason, isOwed: false });
  return { state: { ...rested(state), received: NOTHING }, effects };
}

function rested(state: TcpMasterState): TcpMasterState {
  return { ...state, phase: 'idle', exchange: undefined };
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
