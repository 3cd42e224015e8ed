import type { MessagePort } from 'node:worker_threads';
import type { ErrorCode, ErrorDetails } from '../errors.ts';
import type { LoopChoice } from './create-datagram-loop.ts';
import type { DatagramLoop } from './datagram-loop.ts';

/** What a thread is started with. */
export interface LoopThreadSetup {
  readonly port: MessagePort;
  readonly choice: LoopChoice;
  readonly data: unknown;
}

/** An error as it crosses from one thread to another, where its class is lost. */
export interface ToldError {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  /** Where it came from, for the log. */
  readonly stack: string;
}

export type ToThread = { readonly kind: 'message'; readonly message: unknown } | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'started'; readonly loop: DatagramLoop['kind']; readonly reason: string | undefined }
  | { readonly kind: 'message'; readonly message: unknown }
  | { readonly kind: 'failed'; readonly error: ToldError };
