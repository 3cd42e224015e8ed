import { type Block, blockOf, blockOption } from './block.ts';
import { CODES, type CoapMessage, type CoapOption } from './message.ts';
import { OPTIONS, pathOf, textsOf, uintOf } from './option.ts';

/** Bodies that arrive in blocks, none of them whole yet. Bounded in number, size and age. */
export interface BlockAssembly {
  readonly limits: BlockLimits;
  /** By peer and resource, oldest first. Changed in place. */
  readonly bodies: Map<string, Body>;
}

export interface BlockLimits {
  /** Of one body. */
  readonly maxBytes: number;
  readonly maxBodies: number;
  /** How long the next block may take. */
  readonly lifetimeMs: number;
}

interface Body {
  readonly chunks: Uint8Array[];
  readonly format: number | undefined;
  length: number;
  expiresMs: number;
}

export const BLOCK_LIMITS: BlockLimits = { maxBytes: 65_536, maxBodies: 64, lifetimeMs: 247_000 };

/** What became of a request's payload: it is whole, or this is to be answered. */
export type Assembled =
  /** `options` go with the answer. */
  | { readonly kind: 'whole'; readonly payload: Uint8Array; readonly options: readonly CoapOption[] }
  | { readonly kind: 'answer'; readonly code: number; readonly options: readonly CoapOption[] };

export function createBlockAssembly(limits: BlockLimits = BLOCK_LIMITS): BlockAssembly {
  return { limits, bodies: new Map() };
}

/**
 * Takes the payload of a request, which may be one block of a larger one (RFC 7959, section 2.5). Blocks come in order;
 * one that is out of order, or whose beginning is lost, is answered 4.08, and a body that is too large 4.13.
 */
export function takeBlock1(
  assembly: BlockAssembly,
  peer: string,
  request: CoapMessage,
  nowMs: number,
): Assembled {
  const block = blockOf(request, OPTIONS.block1);
  if (block === undefined) {
    if (request.payload.length > assembly.limits.maxBytes) return tooLarge(assembly);
    return { kind: 'whole', payload: request.payload, options: [] };
  }
  if (block === 'invalid') return answer(CODES.badRequest);
  forgetOld(assembly, nowMs);
  // Two requests for one resource from one peer are told apart by nothing else (section 2.5).
  const key = [peer, request.code, pathOf(request), ...textsOf(request, OPTIONS.uriQuery)].join('\u0000');
  if (block.number === 0) assembly.bodies.delete(key);
  const format = uintOf(request, OPTIONS.contentFormat);
  const body = assembly.bodies.get(key) ?? { chunks: [], format, length: 0, expiresMs: 0 };
  const refusal = refuse(assembly, block, body, request, format);
  if (refusal) {
    assembly.bodies.delete(key);
    return refusal;
  }
  body.chunks.push(Uint8Array.from(request.payload));
  body.length += request.payload.length;
  body.expiresMs = nowMs + assembly.limits.lifetimeMs;
  assembly.bodies.delete(key);
  const options = [blockOption(OPTIONS.block1, block)];
  if (!block.isMore) return { kind: 'whole', payload: Buffer.concat(body.chunks), options };
  if (assembly.bodies.size >= assembly.limits.maxBodies) {
    assembly.bodies.delete(assembly.bodies.keys().next().value!);
  }
  assembly.bodies.set(key, body);
  return { kind: 'answer', code: CODES.continue, options };
}

function refuse(
  assembly: BlockAssembly,
  block: Block,
  body: Body,
  { payload }: CoapMessage,
  format: number | undefined,
): Assembled | undefined {
  const { number, size, isMore } = block;
  const announced = number * size + payload.length;
  if (announced > assembly.limits.maxBytes) return tooLarge(assembly);
  if (isMore ? payload.length !== size : payload.length > size) return answer(CODES.badRequest);
  // A changed format would make one body of two (RFC 7959, 2.3).
  if (number * size !== body.length || format !== body.format) return answer(CODES.incomplete);
  return undefined;
}

function forgetOld({ bodies }: BlockAssembly, nowMs: number): void {
  for (const [key, { expiresMs }] of bodies) if (expiresMs <= nowMs) bodies.delete(key);
}

function answer(code: number): Assembled {
  return { kind: 'answer', code, options: [] };
}

/** Says in Size1 how much would be taken (RFC 7959, section 4). */
function tooLarge({ limits }: BlockAssembly): Assembled {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(limits.maxBytes);
  return { kind: 'answer', code: CODES.tooLarge, options: [{ number: OPTIONS.size1, value }] };
}
