import { EXCEPTIONS, type ModbusAnswer, type ModbusRequest } from './pdu.ts';

const TABLES: Record<ModbusRequest['function'], string> = {
  readCoils: 'coil',
  readDiscreteInputs: 'discrete',
  readHoldingRegisters: 'holding',
  readInputRegisters: 'input',
  writeSingleCoil: 'coil',
  writeMultipleCoils: 'coil',
  writeSingleRegister: 'holding',
  writeMultipleRegisters: 'holding',
};

/** A request in words, such as `read holding 0–3 of unit 4`, for a technician who watches the line. */
export function describeRequest(unit: number, request: ModbusRequest): string {
  const from = `${TABLES[request.function]} ${request.address}`;
  const span = (count: number) => (count > 1 ? `${from}–${request.address + count - 1}` : from);
  switch (request.function) {
    case 'writeSingleCoil':
      return `write ${from} of unit ${unit}: ${onOff(request.on)}`;
    case 'writeSingleRegister':
      return `write ${from} of unit ${unit}: ${request.value}`;
    case 'writeMultipleCoils':
      return `write ${span(request.on.length)} of unit ${unit}: ${request.on.map(onOff).join(' ')}`;
    case 'writeMultipleRegisters':
      return `write ${span(request.values.length)} of unit ${unit}: ${request.values.join(' ')}`;
    default:
      return `read ${span(request.count)} of unit ${unit}`;
  }
}

/** An answer in words: `answer: 0x0102 0x0304`, `answer: on off`, `exception 2: illegal data address`. */
export function describeAnswer(answer: ModbusAnswer | { readonly exception: number }): string {
  if ('exception' in answer) return `exception ${answer.exception}: ${meaningOf(answer.exception)}`;
  if ('bits' in answer) return `answer: ${answer.bits.map(onOff).join(' ')}`;
  if ('registers' in answer) return `answer: ${answer.registers.map(hex).join(' ')}`;
  return 'answer: written';
}

export function meaningOf(exception: number): string {
  return EXCEPTIONS[exception] ?? 'a code of the maker';
}

function onOff(isOn: boolean): string {
  return isOn ? 'on' : 'off';
}

function hex(register: number): string {
  return `0x${register.toString(16).padStart(4, '0')}`;
}
