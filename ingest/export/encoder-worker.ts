import { parentPort, workerData } from 'node:worker_threads';
import { createEncoder, type EncoderOptions, type ExportRows } from './encoder.ts';

/** Rows, or that there are no more; each is answered with bytes, and the first answer comes unasked. */
export type EncoderRequest = ExportRows | 'end';

/** Formatting ten million readings takes half a minute of a processor: here, it is not that of the ingest. */
if (parentPort) {
  const port = parentPort;
  const encoder = createEncoder(workerData as EncoderOptions);
  const reply = (bytes: Uint8Array<ArrayBuffer>) => port.postMessage(bytes, [bytes.buffer]);
  port.on('message', (request: EncoderRequest) => {
    reply(request === 'end' ? encoder.end() : encoder.rows(request));
    if (request === 'end') port.close();
  });
  reply(encoder.head());
}
