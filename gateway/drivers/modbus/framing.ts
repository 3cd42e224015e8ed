import type { ModbusRequest } from '../../../core/modbus/pdu.ts';
import {
  createExchange,
  type Exchange,
  type MasterEffect,
  type MasterInput,
  type MasterState,
  stepMaster,
} from './master.ts';
import { createTcpExchange, stepTcpMaster, TCP_IDLE, type TcpMasterState } from './tcp-master.ts';

/** How requests and answers stand on a line: the master of it, as a state machine whose states only it understands. */
export interface Framing {
  create(unit: number, request: ModbusRequest): Exchange;
  /** A master in its first state. */
  start(): MasterRun;
  /** An answer names its request, so a late one cannot pass for another. */
  readonly isNumbered: boolean;
}

export interface MasterRun {
  readonly phase: string;
  step(input: MasterInput): readonly MasterEffect[];
}

export function rtuFraming(): Framing {
  return {
    create: createExchange,
    // What a port had kept from before it was opened is thrown away: the line must first be quiet.
    start: () => run<MasterState>(stepMaster, { phase: 'settling', after: 'fault' }),
    isNumbered: false,
  };
}

export function tcpFraming(): Framing {
  // Counted on over connections: a gateway may hand the answers of an old one to the next.
  let { transaction } = TCP_IDLE;
  return {
    create: createTcpExchange,
    start: () =>
      run<TcpMasterState>(
        (state, input) => {
          const next = stepTcpMaster(state, input);
          transaction = next.state.transaction;
          return next;
        },
        { ...TCP_IDLE, transaction },
      ),
    isNumbered: true,
  };
}

interface Step<S> {
  readonly state: S;
  readonly effects: readonly MasterEffect[];
}

function run<S extends { readonly phase: string }>(
  step: (state: S, input: MasterInput) => Step<S>,
  first: S,
): MasterRun {
  let state = first;
  return {
    get phase() {
      return state.phase;
    },
    step(input) {
      const next = step(state, input);
      state = next.state;
      return next.effects;
    },
  };
}
