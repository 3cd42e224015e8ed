import { describe, expect, it } from 'vitest';
import { answerRequest } from './answer-request.ts';
import type { Registers, SlaveDevice } from './devices/device.ts';

/** Tables filled so that the examples of the Modbus application protocol 1.1b3 can be asked of them. */
function exampleDevice(): SlaveDevice & { written: string[] } {
  const bits = (bytes: number[], from: number) => {
    const ofBytes = bytes.flatMap((byte) => Array.from({ length: 8 }, (_, bit) => ((byte >> bit) & 1) === 1));
    return [...new Array<boolean>(from).fill(false), ...ofBytes];
  };
  const holding = new Array<number>(110).fill(0);
  holding.splice(107, 3, 0x022b, 0x0000, 0x0064);
  const input = new Array<number>(9).fill(0);
  input[8] = 0x000a;
  const written: string[] = [];
  return {
    registers: {
      coils: bits([0xcd, 0x6b, 0x05], 19),
      discreteInputs: bits([0xac, 0xdb, 0x35], 196),
      holding,
      input,
    },
    step: () => {},
    writeCoil: (address, on) => written.push(`${address}=${on}`),
    written,
  };
}

function ask(hex: string, device: SlaveDevice = exampleDevice()): string {
  return Buffer.from(answerRequest(device, Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toString('hex');
}

describe('a slave', () => {
  it.each([
    ['6.1 coils', '01 0013 0013', '0103cd6b05'],
    ['6.2 discrete inputs', '02 00C4 0016', '0203acdb35'],
    ['6.3 holding registers', '03 006B 0003', '0306022b00000064'],
    ['6.4 input registers', '04 0008 0001', '0402000a'],
    ['6.5 one coil', '05 00AC FF00', '0500acff00'],
    ['6.11 several coils', '0F 0013 000A 02 CD01', '0f0013000a'],
  ])('answers the published example of clause %s', (_, request, answer) => {
    const device = exampleDevice();
    // The writes of the specification address coils that its read example does not have.
    const registers = {
      ...device.registers,
      coils: [...device.registers.coils, ...new Array(200).fill(false)],
    };
    expect(ask(request, { ...device, registers })).toBe(answer);
  });

  it.each([
    ['a function it does not know', '11', '9101'],
    ['writing registers that only read', '06 0001 0003', '8601'],
    ['a table it does not have', '04 0000 0001', '8401', { input: [] }],
    ['an address past the end', '03 006B 0004', '8302'],
    ['a coil past the end', '05 00AC FF00', '8502'],
    ['a count of none', '03 0000 0000', '8303'],
    ['more than a frame holds', '03 0000 007E', '8303'],
    ['a coil value that is neither on nor off', '05 0001 1234', '8503'],
  ])('refuses %s', (_, request, answer, tables: Partial<Registers> = {}) => {
    const device = exampleDevice();
    expect(ask(request, { ...device, registers: { ...device.registers, ...tables } })).toBe(answer);
  });

  it('writes coils in order, and none when one of them does not exist', () => {
    const device = exampleDevice();
    ask('0F 0010 0003 01 05', device);
    expect(device.written).toEqual(['16=true', '17=false', '18=true']);
    expect(ask('0F 0028 000A 02 CD01', device)).toBe('8f02');
    expect(device.written).toHaveLength(3);
  });

  it('writes registers where the device takes them: published examples of 6.6 and 6.12', () => {
    const written: [number, readonly number[]][] = [];
    const { registers, step } = exampleDevice();
    const writeRegisters = (address: number, values: readonly number[]) => {
      if (values.includes(0xffff)) return 3;
      written.push([address, values]);
      return undefined;
    };
    const device = { registers, step, writeRegisters };
    expect(ask('06 0001 0003', device)).toBe('0600010003');
    expect(ask('10 0001 0002 04 000A 0102', device)).toBe('1000010002');
    expect(written).toEqual([
      [1, [3]],
      [1, [10, 258]],
    ]);
    expect(ask('06 0001 FFFF', device)).toBe('8603');
    expect(ask('06 006E 0003', device)).toBe('8602');
    expect(written).toHaveLength(2);
  });

  it('refuses coils where none can be written', () => {
    const { registers, step } = exampleDevice();
    expect(ask('05 0001 FF00', { registers, step })).toBe('8501');
  });
});
