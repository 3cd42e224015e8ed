import type { ScanBatch } from '../stores/scan.ts';
import type { SeriesQuery } from '../stores/store.ts';
import { WindowFold } from '../stores/window-fold.ts';

/** One value per window of each series, as they become whole: no more than the windows of one batch are held. */
export async function* foldScan(
  batches: AsyncIterable<ScanBatch>,
  { everyMs, fn }: NonNullable<SeriesQuery['window']>,
): AsyncGenerator<ScanBatch> {
  let series: ScanBatch['series'] | undefined;
  let fold = new WindowFold(everyMs, fn);
  const taken = function* (): Generator<ScanBatch> {
    if (series && fold.windows > 0) yield folded(series, fold);
    fold = new WindowFold(everyMs, fn);
  };
  for await (const batch of batches) {
    if (batch.series !== series) yield* taken();
    series = batch.series;
    const { timeMs } = batch;
    // The last window may go on in the next batch.
    const openMs = Math.floor(timeMs.at(-1)! / everyMs) * everyMs;
    let split = timeMs.length;
    while (split > 0 && timeMs[split - 1]! >= openMs) split--;
    if (split > 0 || !isWithin(fold, openMs)) {
      fold.add(batch, 0, split);
      yield* taken();
    }
    fold.add(batch, split, timeMs.length);
  }
  yield* taken();
}

/** Whether all that is folded by now belongs to the window that begins at `openMs`. */
function isWithin(fold: WindowFold, openMs: number): boolean {
  return fold.windows === 0 || fold.result().timeMs[0] === openMs;
}

function folded(series: ScanBatch['series'], fold: WindowFold): ScanBatch {
  const { timeMs, value } = fold.result();
  const texts = new Map<number, string>();
  const numbers = value.map((one, row) => {
    if (typeof one === 'number') return one;
    texts.set(row, one);
    return Number.NaN;
  });
  return {
    series,
    timeMs: Float64Array.from(timeMs),
    value: Float64Array.from(numbers),
    status: new Uint8Array(0),
    texts: texts.size > 0 ? texts : undefined,
  };
}
