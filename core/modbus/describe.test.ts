import { expect, test } from 'vitest';
import { describeAnswer, describeRequest } from './describe.ts';

test.each([
  [{ function: 'readHoldingRegisters', address: 0, count: 4 }, 'read holding 0–3 of unit 4'],
  [{ function: 'readInputRegisters', address: 7, count: 1 }, 'read input 7 of unit 4'],
  [{ function: 'readDiscreteInputs', address: 0, count: 8 }, 'read discrete 0–7 of unit 4'],
  [{ function: 'writeSingleCoil', address: 2, on: true }, 'write coil 2 of unit 4: on'],
  [{ function: 'writeSingleRegister', address: 2, value: 90 }, 'write holding 2 of unit 4: 90'],
  [{ function: 'writeMultipleCoils', address: 0, on: [true, false] }, 'write coil 0–1 of unit 4: on off'],
  [{ function: 'writeMultipleRegisters', address: 5, values: [1, 2] }, 'write holding 5–6 of unit 4: 1 2'],
] as const)('%j is called "%s"', (request, text) => {
  expect(describeRequest(4, request)).toBe(text);
});

test.each([
  [{ registers: [0x0102, 0xfffe] }, 'answer: 0x0102 0xfffe'],
  [{ bits: [true, false] }, 'answer: on off'],
  [{ written: true }, 'answer: written'],
  [{ exception: 2 }, 'exception 2: illegal data address'],
  [{ exception: 99 }, 'exception 99: a code of the maker'],
] as const)('%j is called "%s"', (answer, text) => {
  expect(describeAnswer(answer)).toBe(text);
});
