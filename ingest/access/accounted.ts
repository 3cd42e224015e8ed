import { asSluiceError } from '../../core/errors.ts';
import type { Audit, AuditEntry } from './audit.ts';

/**
 * Puts `entry` on record and then does it; what is refused after all is on record too, as `….refused` with the code. Throws what the
 * audit trail throws, before anything is done, and what `act` throws. `isUrgent`: it is done also where nothing can be put on record,
 * such as closing a valve; the trail has logged it then.
 */
export async function accounted<T>(
  audit: Audit,
  entry: AuditEntry,
  act: () => T | Promise<T>,
  isUrgent = false,
): Promise<T> {
  if (isUrgent) attempt(audit, entry);
  else audit.record(entry);
  try {
    return await act();
  } catch (thrown) {
    const { who, action, subject, site } = entry;
    const refused = `${action.split('.', 1)[0]}.refused`;
    const place = site === undefined ? {} : { site };
    attempt(audit, { who, action: refused, subject, ...place, after: { code: asSluiceError(thrown).code } });
    throw thrown;
  }
}

function attempt(audit: Audit, entry: AuditEntry): void {
  try {
    audit.record(entry);
  } catch {
    // Logged by the trail itself, and it keeps nobody from what has to be done.
  }
}
