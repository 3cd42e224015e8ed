import { workerData } from 'node:worker_threads';
import { asSluiceError } from '../errors.ts';
import { createDatagramLoop } from './create-datagram-loop.ts';
import type { DatagramLoop, LoopHandler } from './datagram-loop.ts';
import type { FromThread, LoopThreadSetup, ToldError, ToThread } from './loop-messages.ts';

export interface LoopThread<Data, Out> {
  readonly loop: DatagramLoop;
  /** What `startLoopWorker` was given for this thread. */
  readonly data: Data;
  /** To whoever started it; goes out at once, also while the loop waits in the kernel. */
  post(message: Out): void;
}

/** `message` is what the starter's `post` was given. */
export interface LoopThreadHandler<In> extends Omit<LoopHandler, 'message'> {
  message(message: In): void;
  /** The last call before an orderly end: what is to be told is posted here. */
  stopping?(): void;
}

/** For the file of a thread that `startLoopWorker` starts, as its last statement: makes the handler and runs it until it is told to stop. */
export async function runLoopThread<Data, In, Out>(
  make: (thread: LoopThread<Data, Out>) => LoopThreadHandler<In> | Promise<LoopThreadHandler<In>>,
): Promise<void> {
  const { port, choice, data } = workerData as LoopThreadSetup;
  const tell = (message: FromThread) => port.postMessage(message);
  try {
    const loop = await createDatagramLoop(choice, port);
    const post = (message: Out) => tell({ kind: 'message', message });
    const handler = await make({ loop, data: data as Data, post });
    tell({ kind: 'started', loop: loop.kind, reason: loop.reason });
    await loop.run(listening(loop, handler));
  } catch (error) {
    tell({ kind: 'failed', error: toldOf(error) });
  } finally {
    // Nothing else keeps the thread: it ends.
    port.close();
  }
}

function listening<In>(loop: DatagramLoop, handler: LoopThreadHandler<In>): LoopHandler {
  return {
    dueMs: () => handler.dueMs(),
    turn: () => handler.turn(),
    datagram: (socket, datagram) => handler.datagram(socket, datagram),
    notSent: (socket, sentMs, reason) => handler.notSent?.(socket, sentMs, reason),
    overflowed: (socket, count) => handler.overflowed?.(socket, count),
    message: (received) => {
      const told = received as ToThread;
      if (told.kind === 'message') return handler.message(told.message as In);
      handler.stopping?.();
      loop.stop();
    },
  };
}

function toldOf(thrown: unknown): ToldError {
  const { code, details } = asSluiceError(thrown);
  return { code, details, stack: (thrown instanceof Error && thrown.stack) || String(thrown) };
}
