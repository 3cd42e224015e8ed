import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf, SluiceError } from './errors.ts';

/**
 * In a new file that takes the place of `file` in one step, so that no half of one is ever read; it survives a loss of power from
 * when this returns. Throws `DATA_FOLDER_UNUSABLE`, and then the file is as it was.
 */
export function writeDurably(file: string, text: string): void {
  try {
    const folder = dirname(file);
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.new`, text, { flush: true });
    renameSync(`${file}.new`, file);
    const handle = openSync(folder, 'r');
    try {
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder: file, reason: reasonOf(error) }, error);
  }
}
