import { SluiceError } from '../../../core/errors.ts';
import type { Threshold, ThresholdChange, ThresholdWish } from '../../../core/thresholds/threshold.ts';
import { checkWish } from '../../thresholds/check-wish.ts';
import { type ChangedBy, wishOf } from '../../thresholds/threshold-book.ts';
import type { HttpSources } from '../sources.ts';

/** As the book has them, but in memory: ids count up, and time stands still. */
export class FakeThresholds
  implements Pick<HttpSources['thresholds'], 'all' | 'get' | 'add' | 'change' | 'remove' | 'history'>
{
  readonly #all = new Map<string, Threshold>();
  nowMs = (): number => 0;
  readonly #changes = new Map<string, ThresholdChange[]>();

  all(): Iterable<Threshold> {
    return this.#all.values();
  }

  get(id: string): Threshold {
    const found = this.#all.get(id);
    if (found) return found;
    throw new SluiceError('NOT_FOUND', { what: { en: `threshold ${id}`, zh: `阈值 ${id}` } });
  }

  add(wish: ThresholdWish, { who, why }: ChangedBy): Threshold {
    checkWish(wish);
    const id = `threshold-${this.#changes.size + 1}`;
    return this.put({ ...wish, id, version: 1, setBy: who, setMs: this.nowMs(), why });
  }

  change(id: string, version: number, wish: ThresholdWish, by: ChangedBy): Threshold {
    const before = this.#current(id, version);
    checkWish(wish);
    const after = { ...wish, id, version: version + 1, setBy: by.who, setMs: this.nowMs(), why: by.why };
    return this.put(after, before);
  }

  remove(id: string, version: number, { who, why }: ChangedBy): void {
    const before = this.#current(id, version);
    this.#all.delete(id);
    this.#changes
      .get(id)!
      .push({ version: version + 1, who, timeMs: this.nowMs(), why, before: wishOf(before) });
  }

  history(id: string): ThresholdChange[] {
    if (!this.#changes.has(id)) this.get(id);
    return this.#changes.get(id)!;
  }

  #current(id: string, version: number): Threshold {
    const found = this.get(id);
    if (found.version === version) return found;
    throw new SluiceError('VERSION_STALE', {
      what: { en: `threshold ${id}`, zh: `阈值 ${id}` },
      version: found.version,
    });
  }

  put(after: Threshold, before?: Threshold): Threshold {
    const { id, version, setBy: who, why } = after;
    const changes = this.#changes.get(id) ?? [];
    const was = before && { before: wishOf(before) };
    changes.push({ version, who, timeMs: this.nowMs(), why, after: wishOf(after), ...was });
    this.#changes.set(id, changes);
    this.#all.set(id, after);
    return after;
  }
}
