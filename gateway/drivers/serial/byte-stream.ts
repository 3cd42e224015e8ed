import type { Words } from '../../../core/errors.ts';

/** An open line that carries bytes both ways. */
export interface ByteStream {
  write(bytes: Uint8Array): void;
  /** Resolves when the line is released; `closed` is not called for it. */
  close(): Promise<void>;
}

export interface ByteStreamEvents {
  bytes(bytes: Uint8Array): void;
  /** The line went away by itself; it is released already. */
  closed(reason: string | Words): void;
}

/**
 * Opens the line, or throws what went wrong. A serial port, a TCP converter and a test's pair are made the same way.
 * Where that may take long, it ends when `signal` aborts.
 */
export type OpenByteStream = (events: ByteStreamEvents, signal?: AbortSignal) => Promise<ByteStream>;
