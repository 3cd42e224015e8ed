import { statSync } from 'node:fs';
import type { Cancel, Clock } from './clock.ts';

/**
 * Says when one of `files` has changed, by looking: notices of the system get lost on network disks, and where an editor
 * or a secret store puts another file in place.
 */
export function watchFiles(
  files: readonly string[],
  everyMs: number,
  clock: Clock,
  changed: () => void,
): Cancel {
  let seen = stampOf(files);
  const look = () => {
    const now = stampOf(files);
    const isNew = now !== seen;
    seen = now;
    cancel = clock.after(everyMs, look);
    if (isNew) changed();
  };
  let cancel = clock.after(everyMs, look);
  return () => cancel();
}

function stampOf(files: readonly string[]): string {
  return files
    .map((file) => {
      const stat = statSync(file, { throwIfNoEntry: false });
      return stat ? `${stat.ino}:${stat.size}:${stat.mtimeMs}` : '-';
    })
    .join(' ');
}
