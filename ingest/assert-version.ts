import { SluiceError, type Words } from '../core/errors.ts';

/**
 * What is changed is what was looked at: somebody else may have changed it meanwhile. Throws `VERSION_STALE`, which names the thing
 * and the version that it has now.
 */
export function assertVersion(
  found: { readonly version: number },
  version: number,
  what: string | Words,
): void {
  if (found.version !== version) throw new SluiceError('VERSION_STALE', { what, version: found.version });
}
