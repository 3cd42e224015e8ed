import type { Link } from '../../../core/links/mesh.ts';
import type { StatedExclusion } from '../statement/statement-format.ts';
import type { MaintenanceBook } from './maintenance-book.ts';
import { appliesTo } from './maintenance-window.ts';

/** Maintenance windows of a link as a statement tells them, withdrawn ones too. Throws `LEDGER_UNAVAILABLE`. */
export function statedExclusions(
  book: Pick<MaintenanceBook, 'find'>,
  link: Link,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): readonly StatedExclusion[] {
  return book
    .find(fromMs, toMs)
    .filter((window) => appliesTo(window, link.id, link) && window.fromMs < toMs && window.toMs > fromMs)
    .map(({ id, fromMs: startMs, toMs: endMs, issuer, reason, enteredMs, withdrawn }) => ({
      ...{ id, fromMs: startMs, toMs: endMs, by: issuer, reason, enteredMs },
      ...(withdrawn && { withdrawn: { ms: withdrawn.ms, by: withdrawn.by } }),
    }));
}
