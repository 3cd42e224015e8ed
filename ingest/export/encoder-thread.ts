import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EncoderOptions, ExportRows } from './encoder.ts';
import type { EncoderRequest } from './encoder-worker.ts';

/** An encoder in a thread of its own: one question after the other, each waiting for its answer. */
export class EncoderThread {
  readonly #worker: Worker;
  readonly #head: Promise<Uint8Array>;

  constructor(options: EncoderOptions) {
    this.#worker = new Worker(new URL('./encoder-worker.ts', import.meta.url), { workerData: options });
    this.#head = this.#answer();
    // Told to whoever asks; nobody may have yet.
    this.#head.catch(() => {});
  }

  head(): Promise<Uint8Array> {
    return this.#head;
  }

  rows(rows: ExportRows): Promise<Uint8Array> {
    return this.#ask(rows);
  }

  end(): Promise<Uint8Array> {
    return this.#ask('end');
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(request: EncoderRequest): Promise<Uint8Array> {
    const answer = this.#answer();
    this.#worker.postMessage(request);
    return answer;
  }

  /** Rejects where the thread dies instead. */
  async #answer(): Promise<Uint8Array> {
    const [bytes] = (await once(this.#worker, 'message')) as [Uint8Array];
    return bytes;
  }
}
