import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { KeptTime } from './clock-machine.ts';

const KeptTimeSchema = Type.Object({
  utcMs: Type.Number(),
  monotonicMs: Type.Number(),
  bootId: Type.String(),
  source: Type.String(),
  vouchedAtMs: Type.Optional(Type.Number()),
});

/** The last good time, so that a box whose clock lost its battery is not believed when it starts. */
export class KeptTimeFile {
  readonly #folder: string;
  readonly #file: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#file = join(folder, 'clock.json');
  }

  /** `undefined` where there is none, or none that can be read. */
  read(): KeptTime | undefined {
    try {
      const value: unknown = JSON.parse(readFileSync(this.#file, 'utf8'));
      return Value.Check(KeptTimeSchema, value) ? (value satisfies Static<typeof KeptTimeSchema>) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Throws `DATA_FOLDER_UNUSABLE`. */
  write(time: KeptTime): void {
    try {
      mkdirSync(this.#folder, { recursive: true });
      const newFile = `${this.#file}.new`;
      writeFileSync(newFile, JSON.stringify(time));
      renameSync(newFile, this.#file);
    } catch (error) {
      throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder: this.#folder, reason: reasonOf(error) }, error);
    }
  }
}
