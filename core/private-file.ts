import { chmodSync, closeSync, openSync, statSync } from 'node:fs';

/**
 * Makes a file that only its owner can read, where there is none, and takes what it lets others do from one that there is. A group that
 * was let in stays: an administrator may have arranged it. SQLite gives what it keeps beside a file the same rights.
 */
export function makePrivate(file: string): void {
  closeSync(openSync(file, 'a', 0o600));
  const { mode } = statSync(file);
  if ((mode & 0o007) !== 0) chmodSync(file, mode & 0o770);
}
