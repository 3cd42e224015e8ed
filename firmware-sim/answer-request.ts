import { SluiceError } from '../core/errors.ts';
import {
  decodeRequest,
  encodeException,
  encodeResponse,
  ILLEGAL_DATA_ADDRESS,
  ILLEGAL_FUNCTION,
  type ModbusAnswer,
  type ModbusRequest,
} from '../core/modbus/pdu.ts';
import type { SlaveDevice } from './devices/device.ts';

/** The PDU with which a slave answers a PDU: what was asked for, or the exception that says why not. */
export function answerRequest(device: SlaveDevice, pdu: Uint8Array): Uint8Array {
  let request: ModbusRequest;
  try {
    request = decodeRequest(pdu);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'MODBUS_MESSAGE_INVALID') throw error;
    return encodeException(pdu[0]!, Number(error.details.exception));
  }
  const answer = perform(device, request);
  return typeof answer === 'number' ? encodeException(pdu[0]!, answer) : encodeResponse(request, answer);
}

/** Does what was asked, or names the exception. */
function perform(device: SlaveDevice, request: ModbusRequest): ModbusAnswer | number {
  const { coils, discreteInputs, holding, input } = device.registers;
  switch (request.function) {
    case 'readCoils':
      return answerWith(read(coils, request), (bits) => ({ bits }));
    case 'readDiscreteInputs':
      return answerWith(read(discreteInputs, request), (bits) => ({ bits }));
    case 'readHoldingRegisters':
      return answerWith(read(holding, request), (registers) => ({ registers }));
    case 'readInputRegisters':
      return answerWith(read(input, request), (registers) => ({ registers }));
    case 'writeSingleCoil':
      return writeCoils(device, request.address, [request.on]);
    case 'writeMultipleCoils':
      return writeCoils(device, request.address, request.on);
    case 'writeSingleRegister':
      return writeRegisters(device, request.address, [request.value]);
    case 'writeMultipleRegisters':
      return writeRegisters(device, request.address, request.values);
  }
}

function read<T>(table: readonly T[], { address, count }: { address: number; count: number }): T[] | number {
  if (table.length === 0) return ILLEGAL_FUNCTION;
  return address + count > table.length ? ILLEGAL_DATA_ADDRESS : table.slice(address, address + count);
}

function answerWith<T>(values: T[] | number, wrap: (values: T[]) => ModbusAnswer): ModbusAnswer | number {
  return typeof values === 'number' ? values : wrap(values);
}

/** All or none: a slave that refuses one coil has moved no valve. */
function writeCoils(device: SlaveDevice, address: number, on: readonly boolean[]): ModbusAnswer | number {
  if (!device.writeCoil) return ILLEGAL_FUNCTION;
  if (address + on.length > device.registers.coils.length) return ILLEGAL_DATA_ADDRESS;
  for (const [index, one] of on.entries()) device.writeCoil(address + index, one);
  return { written: true };
}

function writeRegisters(
  device: SlaveDevice,
  address: number,
  values: readonly number[],
): ModbusAnswer | number {
  if (!device.writeRegisters) return ILLEGAL_FUNCTION;
  if (address + values.length > device.registers.holding.length) return ILLEGAL_DATA_ADDRESS;
  return device.writeRegisters(address, values) ?? { written: true };
}
