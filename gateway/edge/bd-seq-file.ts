import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The bdSeq of the last CONNECT, kept over restarts: a host tells a late NDEATH from the current session by it. */
export class BdSeqFile {
  readonly #file: string;

  constructor(folder: string) {
    this.#file = join(folder, 'bdseq');
  }

  /** -1 where there was no CONNECT yet, or where the file does not hold a number. */
  read(): number {
    try {
      const text = readFileSync(this.#file, 'utf8');
      return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : -1;
    } catch {
      return -1;
    }
  }

  /** The old file stays whole until the new one is, and the new one is on the disk when this returns. */
  write(bdSeq: number): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, String(bdSeq), { flush: true });
    renameSync(`${this.#file}.new`, this.#file);
  }
}
