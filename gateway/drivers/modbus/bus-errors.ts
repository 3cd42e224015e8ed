import { type ErrorCode, SluiceError, type Words } from '../../../core/errors.ts';
import { meaningOf } from '../../../core/modbus/describe.ts';
import { FUNCTION_CODES } from '../../../core/modbus/pdu.ts';
import type { Exchange } from './master.ts';

export const STOPPING: Words = { en: 'the gateway is stopping', zh: '网关正在停止' };

/** What a way to the units is called when it is away. */
export interface WayErrors {
  readonly unavailable: ErrorCode;
  readonly lost: ErrorCode;
}

export const SERIAL_ERRORS: WayErrors = { unavailable: 'SERIAL_UNAVAILABLE', lost: 'SERIAL_LOST' };
export const NETWORK_ERRORS: WayErrors = { unavailable: 'MODBUS_UNREACHABLE', lost: 'MODBUS_DISCONNECTED' };

/** The errors of one bus, with its names filled in. */
export function busErrors(bus: string, port: string, timeoutMs: number, way: WayErrors) {
  return {
    unavailable: (reason: string, cause: unknown) =>
      new SluiceError(way.unavailable, { port, reason }, cause),
    lost: (reason: string | Words) => new SluiceError(way.lost, { port, reason }),
    timeout: ({ unit }: Exchange) => new SluiceError('MODBUS_TIMEOUT', { unit, bus, timeoutMs }),
    badFrame: ({ unit }: Exchange, reason: string) =>
      new SluiceError('MODBUS_BAD_FRAME', { unit, bus, reason }),
    exception: ({ unit, request }: Exchange, exception: number) =>
      new SluiceError('MODBUS_EXCEPTION', {
        unit,
        bus,
        function: FUNCTION_CODES[request.function],
        exception,
        meaning: meaningOf(exception),
      }),
  };
}
