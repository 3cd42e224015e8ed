import { expect, test } from 'vitest';
import { type Block, blockOf, blockOption, sliceBlock2 } from './block.ts';
import { BLOCK_LIMITS, createBlockAssembly, takeBlock1 } from './block-assembly.ts';
import { CODES, emptyMessage } from './message.ts';
import { OPTIONS, pathOptions, uintOf, uintOption } from './option.ts';

const BODY = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');

function put(block: Block | undefined, payload: Uint8Array, format = 112) {
  const options = [...pathOptions('/senml'), uintOption(OPTIONS.contentFormat, format)];
  if (block) options.push(blockOption(OPTIONS.block1, block));
  return { ...emptyMessage('CON', 1), code: CODES.post, options, payload };
}
const part = (number: number, size = 16, isMore = true) =>
  put({ number, size, isMore }, BODY.subarray(number * size, (number + 1) * size));

test('block options as RFC 7959 draws them', () => {
  // Section 2.2: number 3, more, 128 bytes (exponent 3) is 0x3b; number 0, last, 16 bytes is empty.
  const three = blockOption(OPTIONS.block2, { number: 3, isMore: true, size: 128 });
  expect([...three.value]).toEqual([0x3b]);
  expect(blockOption(OPTIONS.block1, { number: 0, isMore: false, size: 16 }).value).toHaveLength(0);
  expect(blockOf({ options: [three] }, OPTIONS.block2)).toEqual({ number: 3, isMore: true, size: 128 });
  expect(blockOf({ options: [uintOption(OPTIONS.block1, 7)] }, OPTIONS.block1)).toBe('invalid');
});

test('a body that comes in blocks is put together', () => {
  const assembly = createBlockAssembly();
  expect(takeBlock1(assembly, 'node', part(0), 0)).toMatchObject({ kind: 'answer', code: CODES.continue });
  expect(takeBlock1(assembly, 'node', part(1), 0)).toMatchObject({ kind: 'answer', code: CODES.continue });
  expect(takeBlock1(assembly, 'node', part(2, 16, false), 0)).toMatchObject({ kind: 'whole', payload: BODY });
  expect(assembly.bodies.size).toBe(0);
  expect(takeBlock1(assembly, 'node', put(undefined, BODY), 0)).toMatchObject({
    kind: 'whole',
    payload: BODY,
  });
});

test('a client that begins again is taken from its new beginning; one that makes its blocks smaller goes on', () => {
  const assembly = createBlockAssembly();
  takeBlock1(assembly, 'node', part(0), 0);
  takeBlock1(assembly, 'node', part(0, 32), 0);
  const last = put({ number: 2, size: 16, isMore: false }, BODY.subarray(32));
  expect(takeBlock1(assembly, 'node', last, 0)).toMatchObject({ kind: 'whole', payload: BODY });
});

test('a gap, a lost beginning, another format and a block that is too short or too long are refused', () => {
  const assembly = createBlockAssembly();
  const refused = (code: number) => ({ kind: 'answer', code });
  expect(takeBlock1(assembly, 'node', part(1), 0)).toMatchObject(refused(CODES.incomplete));
  takeBlock1(assembly, 'node', part(0), 0);
  expect(takeBlock1(assembly, 'node', part(2, 16, false), 0)).toMatchObject(refused(CODES.incomplete));
  takeBlock1(assembly, 'node', part(0), 0);
  const other = put({ number: 1, size: 16, isMore: true }, BODY.subarray(16, 32), 110);
  expect(takeBlock1(assembly, 'node', other, 0)).toMatchObject(refused(CODES.incomplete));
  const short = put({ number: 0, size: 16, isMore: true }, BODY.subarray(0, 15));
  expect(takeBlock1(assembly, 'node', short, 0)).toMatchObject(refused(CODES.badRequest));
  takeBlock1(assembly, 'node', part(0), 0);
  expect(takeBlock1(assembly, 'node', part(1), BLOCK_LIMITS.lifetimeMs)).toMatchObject(
    refused(CODES.incomplete),
  );
});

test('a body that is too large is refused with the size that would be taken, and the number of bodies is bounded', () => {
  const assembly = createBlockAssembly({ ...BLOCK_LIMITS, maxBytes: 32, maxBodies: 2 });
  for (const number of [0, 1]) takeBlock1(assembly, 'node', part(number), 0);
  const refused = takeBlock1(assembly, 'node', part(2, 16, false), 0);
  expect(refused).toMatchObject({ kind: 'answer', code: CODES.tooLarge });
  expect(uintOf(refused, OPTIONS.size1)).toBe(32);
  for (let peer = 0; peer < 20; peer++) takeBlock1(assembly, `node-${peer}`, part(0), 0);
  expect(assembly.bodies.size).toBe(2);
});

test('an answer is cut into the blocks that are asked for', () => {
  const ask = (number: number, size = 16) => ({
    options: [blockOption(OPTIONS.block2, { number, isMore: false, size })],
  });
  expect(sliceBlock2(BODY, { options: [] })).toEqual({ payload: BODY, options: [] });
  const first = sliceBlock2(BODY, ask(0))!;
  expect(Buffer.from(first.payload).toString()).toBe('0123456789abcdef');
  expect(uintOf(first, OPTIONS.size2)).toBe(36);
  const last = sliceBlock2(BODY, ask(2))!;
  expect(blockOf(last, OPTIONS.block2)).toEqual({ number: 2, isMore: false, size: 16 });
  expect(sliceBlock2(BODY, ask(3))).toBeUndefined();
  // Without being asked, where it is larger than one block.
  expect(blockOf(sliceBlock2(BODY, { options: [] }, 16)!, OPTIONS.block2)).toMatchObject({ isMore: true });
});
