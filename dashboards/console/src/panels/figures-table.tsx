import { useState } from 'preact/hooks';
import { useBoard } from './board-context.ts';
import { reduced, shownText } from './field.ts';
import type { Series } from './series.ts';

/** A chart in figures, for whoever cannot see it or wants to copy them. */
export function FiguresTable({
  title,
  series,
}: {
  readonly title: string;
  readonly series: readonly Series[];
}) {
  const { words, locale, nowMs } = useBoard();
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="figures" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {words.asTable}
        <span class="hidden">: {title}</span>
      </summary>
      {isOpen && (
        <div class="table-scroll">
          <table>
            <thead>
              <tr>
                {[words.series, words.latest, words.least, words.most, words.mean].map((name, index) => (
                  <th key={name} scope="col" class={index > 0 ? 'right' : undefined}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {series.map(({ field, values }) => (
                <tr key={field.title}>
                  <th scope="row">{field.title}</th>
                  {['lastNotNull', 'min', 'max', 'mean'].map((by) => (
                    <td key={by} class="right">
                      {shownText(reduced(values, by), field.config, locale, nowMs)}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
