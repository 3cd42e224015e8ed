import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { syncFolder } from './sync-folder.ts';

const number = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const Book = Type.Object({
  ledger: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  /** Every number from here on is settled, dropped or in the log. */
  first: number,
  settled: Type.Array(Type.Tuple([number, number])),
  dropped: Type.Array(
    Type.Object({ first: number, last: number, fromMs: Type.Number(), toMs: Type.Number() }),
  ),
  times: Type.Optional(
    Type.Array(
      Type.Object({
        boot: Type.String(),
        offsetMs: Type.Optional(Type.Number()),
        rawUntilMs: Type.Optional(Type.Number()),
      }),
    ),
  ),
});

export type Book = Static<typeof Book>;

/** What is settled and what was dropped. Without it everything in the log is sent again, which harms nobody. */
export class BookFile {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** `undefined` where there is none that can be read. */
  async read(): Promise<Book | undefined> {
    try {
      const value: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      return Value.Check(Book, value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** The old one stays whole until the new one is, and the new one is on the disk. */
  async write(book: Book): Promise<void> {
    const handle = await open(`${this.#file}.new`, 'w');
    try {
      await handle.writeFile(JSON.stringify(book));
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(`${this.#file}.new`, this.#file);
    await syncFolder(dirname(this.#file));
  }
}
