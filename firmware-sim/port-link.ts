import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { reasonOf, SluiceError } from '../core/errors.ts';

/**
 * Gives a pseudo-terminal, whose number is another at each start, a name that stays. A link that a killed process
 * has left behind is replaced. Throws `DATA_FOLDER_UNUSABLE`.
 */
export function placeLink(link: string, target: string): void {
  const folder = dirname(link);
  try {
    mkdirSync(folder, { recursive: true });
    const fresh = `${link}.${process.pid}`;
    rmSync(fresh, { force: true });
    symlinkSync(target, fresh);
    // Renaming replaces the old link in one step: whoever opens the name meets the one or the other.
    renameSync(fresh, link);
  } catch (error) {
    throw new SluiceError('DATA_FOLDER_UNUSABLE', { folder, reason: reasonOf(error) }, error);
  }
}

/** Removes the link if it still leads to `target`; another process may have taken the name. */
export function removeLink(link: string, target: string): void {
  try {
    if (readlinkSync(link) !== target) return;
  } catch {
    return;
  }
  rmSync(link, { force: true });
}
