import type { Metric } from '../farm.ts';
import { useView } from '../view.ts';
import { ReadingTable } from './reading-table.tsx';

/** Everything that has no place of its own on the page, so that nothing that arrives is hidden. */
export function OtherReadings({ metrics }: { readonly metrics: readonly Metric[] }) {
  const { words } = useView().locale;
  return (
    <section aria-labelledby="others">
      <h2 id="others">{words.otherReadings}</h2>
      <div class="card table-holder">
        <ReadingTable metrics={metrics} />
      </div>
    </section>
  );
}
