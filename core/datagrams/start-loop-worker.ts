import { MessageChannel, Worker } from 'node:worker_threads';
import { asSluiceError, SluiceError } from '../errors.ts';
import type { LoopChoice } from './create-datagram-loop.ts';
import type { DatagramLoop } from './datagram-loop.ts';
import type { FromThread, LoopThreadSetup, ToldError, ToThread } from './loop-messages.ts';

/** How long a thread that was asked to end may take before it is ended. */
const STOP_MS = 2_000;

export interface LoopWorkerOptions<Out> {
  /** Names the thread for the tools of the system. */
  readonly name: string;
  readonly data: unknown;
  readonly choice?: LoopChoice;
  message(message: Out): void;
  /** The thread ended without being asked to, after it had started. Nobody starts it again but the caller. */
  failed(error: SluiceError): void;
}

export interface LoopWorker<In> {
  readonly loop: DatagramLoop['kind'];
  /** Why it is not the kernel's. */
  readonly reason: string | undefined;
  /** Handled within 50 ms; lost where the thread has ended. */
  post(message: In): void;
  /** Resolves when the thread has ended. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a thread that runs `file`, which calls `runLoopThread`. Resolves when its handler is made and the loop runs; rejects with
 * what kept it from that, such as `SOCKET_UNAVAILABLE`. Nothing that happens in the thread ends the process.
 */
export function startLoopWorker<In, Out>(
  file: URL,
  options: LoopWorkerOptions<Out>,
): Promise<LoopWorker<In>> {
  const { port1: port, port2 } = new MessageChannel();
  const setup: LoopThreadSetup = { port: port2, choice: options.choice ?? 'auto', data: options.data };
  const worker = new Worker(file, { workerData: setup, transferList: [port2], name: options.name });
  return new Promise((resolve, reject) => {
    let isStarted = false;
    let isStopping = false;
    let error: SluiceError | undefined;
    // Its messages may still be on their way when it ends; the port closes after the last of them.
    const ended = Promise.all([
      new Promise((end) => worker.once('exit', end)),
      new Promise((end) => port.once('close', end)),
    ]);
    const stop = async () => {
      if (!isStopping) port.postMessage({ kind: 'stop' } satisfies ToThread);
      isStopping = true;
      const late = setTimeout(() => void worker.terminate(), STOP_MS);
      await ended.finally(() => clearTimeout(late));
    };
    port.on('message', (told: FromThread) => {
      if (told.kind === 'message') options.message(told.message as Out);
      else if (told.kind === 'failed') error = errorOf(told.error);
      else {
        isStarted = true;
        const post = (message: In) => port.postMessage({ kind: 'message', message } satisfies ToThread);
        resolve({ loop: told.loop, reason: told.reason, post, stop });
      }
    });
    worker.on('error', (thrown) => {
      error = asSluiceError(thrown);
    });
    void ended.then(() => {
      const reason = error ?? new SluiceError('INTERNAL', { reason: `the thread ${options.name} has ended` });
      if (!isStarted) reject(reason);
      else if (!isStopping) options.failed(reason);
    });
  });
}

function errorOf({ code, details, stack }: ToldError): SluiceError {
  const cause = new Error(code);
  cause.stack = stack;
  return new SluiceError(code, details, cause);
}
