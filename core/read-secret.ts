import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reasonOf, SluiceError } from './errors.ts';

/**
 * A password or token that a settings file names by its file, so that it stands neither in settings nor in a list of
 * processes. Line breaks at the end are the editor's. Throws `SECRET_UNREADABLE`.
 */
export function readSecret(file: string, configFolder: string): string {
  const path = resolve(configFolder, file);
  try {
    return readFileSync(path, 'utf8').replace(/[\r\n]+$/, '');
  } catch (error) {
    throw new SluiceError('SECRET_UNREADABLE', { file: path, reason: reasonOf(error) }, error);
  }
}
