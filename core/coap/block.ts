import type { CoapMessage, CoapOption } from './message.ts';
import { OPTIONS, uintOf, uintOption } from './option.ts';

/**
 * A Block1 or Block2 option (RFC 7959, section 2.2):  number (4, 12 or 20 bits) · more (1 bit) · size exponent (3 bits),
 * where a block has 2^(exponent + 4) bytes; exponent 7 is reserved.
 */
export interface Block {
  readonly number: number;
  readonly isMore: boolean;
  /** 16, 32 … 1024 bytes. */
  readonly size: number;
}

export const LARGEST_BLOCK = 1024;

/** `undefined` where the message has none, `invalid` where its size is the reserved one. */
export function blockOf(
  message: Pick<CoapMessage, 'options'>,
  option: typeof OPTIONS.block1 | typeof OPTIONS.block2,
): Block | 'invalid' | undefined {
  const value = uintOf(message, option);
  if (value === undefined) return undefined;
  if ((value & 7) === 7) return 'invalid';
  return { number: value >>> 4, isMore: (value & 8) !== 0, size: 16 << (value & 7) };
}

export function blockOption(option: number, { number, isMore, size }: Block): CoapOption {
  return uintOption(option, number * 16 + (isMore ? 8 : 0) + (Math.log2(size) - 4));
}

/** The block of `payload` that a request asks for, with the options that say so; `undefined` for one past its end. */
export function sliceBlock2(
  payload: Uint8Array,
  request: Pick<CoapMessage, 'options'>,
  largest = LARGEST_BLOCK,
): { readonly payload: Uint8Array; readonly options: readonly CoapOption[] } | undefined {
  const asked = blockOf(request, OPTIONS.block2);
  if (asked === 'invalid') return undefined;
  if (!asked && payload.length <= largest) return { payload, options: [] };
  const size = Math.min(asked?.size ?? largest, largest);
  // A size below the one asked for moves the block's beginning along with it (section 2.4).
  const from = asked ? asked.number * asked.size : 0;
  if (from > 0 && from >= payload.length) return undefined;
  const part = payload.subarray(from, from + size);
  const block = { number: from / size, isMore: from + size < payload.length, size };
  const options = [blockOption(OPTIONS.block2, block)];
  if (block.number === 0) options.push(uintOption(OPTIONS.size2, payload.length));
  return { payload: part, options };
}
