import { Readable } from 'node:stream';
import { SluiceError } from '../../core/errors.ts';
import type { ScanQuery } from '../stores/scan.ts';
import type { SeriesQuery } from '../stores/store.ts';
import type { ExportConfig } from './config.ts';
import type { PlaceStore } from './device-track.ts';
import type { EncoderOptions, ExportRows, Format } from './encoder.ts';
import { EncoderThread } from './encoder-thread.ts';
import { exportRows } from './export-rows.ts';

export interface ExportRequest {
  readonly format: Format;
  readonly query: ScanQuery;
  /** One value per window instead of every reading. */
  readonly window?: SeriesQuery['window'];
  readonly hasBom: boolean;
}

/** Makes files of readings, so many at a time, each as fast as it is taken. */
export class Exporter {
  readonly #config: ExportConfig;
  readonly #store: PlaceStore;
  #running = 0;

  constructor(config: ExportConfig, store: PlaceStore) {
    this.#config = config;
    this.#store = store;
  }

  /**
   * Resolves when the store has answered for the first time: what is wrong with it by then is thrown, what goes wrong
   * later destroys the stream before its end. Destroying the stream ends all of the work. Throws `EXPORTS_BUSY`.
   */
  async open(request: ExportRequest): Promise<Readable> {
    const { maxConcurrent } = this.#config;
    if (this.#running >= maxConcurrent) throw new SluiceError('EXPORTS_BUSY', { limit: maxConcurrent });
    this.#running++;
    const rows = exportRows(this.#store, request);
    try {
      const first = await rows.next();
      const { format, hasBom, window } = request;
      const bytes = encoded(first, rows, { format, hasBom, isFolded: window !== undefined });
      const stream = Readable.from(bytes, { objectMode: false });
      return stream.once('close', () => {
        this.#running--;
        // A stream that nobody has read from has not begun, and ends nothing by itself.
        void rows.return(undefined).catch(() => {});
      });
    } catch (error) {
      this.#running--;
      throw error;
    }
  }
}

async function* encoded(
  first: IteratorResult<ExportRows>,
  rest: AsyncGenerator<ExportRows>,
  options: EncoderOptions,
): AsyncGenerator<Uint8Array> {
  const thread = new EncoderThread(options);
  try {
    yield* some(await thread.head());
    if (!first.done) yield* some(await thread.rows(first.value));
    for await (const rows of rest) yield* some(await thread.rows(rows));
    yield* some(await thread.end());
  } finally {
    await rest.return(undefined);
    await thread.close();
  }
}

/** A stream takes an empty chunk for nothing, and would be asked again. */
function* some(bytes: Uint8Array): Generator<Uint8Array> {
  if (bytes.length > 0) yield bytes;
}
