import { useState } from 'preact/hooks';
import { useBoard } from './board-context.ts';
import { cssColour, textColour } from './colours.ts';
import { shown } from './field.ts';
import { FieldLink } from './field-link.tsx';
import { shareOf } from './figures.ts';
import { JudgementWord } from './judgement.tsx';
import type { Cell, Field, Frame } from './model.ts';
import type { PanelContentProps } from './panel-content.ts';
import { merged } from './table-frame.ts';
import { orderOf } from './transform.ts';

/** What fits on a page and can still be read; the rest is counted. */
const MOST_ROWS = 500;

/** Rows and columns; a press on a heading sorts by it. */
export function TablePanel({ panel, data }: PanelContentProps) {
  const { words, locale } = useBoard();
  const frame = merged(data.frames);
  const sortBy = (panel.options?.sortBy as { displayName?: string; desc?: boolean }[] | undefined)?.[0];
  const [sort, setSort] = useState({ by: sortBy?.displayName, isDescending: sortBy?.desc === true });
  if (!frame) return null;
  const fields = frame.fields.filter(
    ({ config }) => config.custom?.hidden !== true && !isHiddenFrom(config.custom),
  );
  const by = frame.fields.find(({ title }) => title === sort.by);
  const rows = by ? orderOf(by.values, sort.isDescending) : [...(frame.fields[0]?.values.keys() ?? [])];
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard */}
      <section class="table-scroll" tabIndex={0} aria-label={panel.title}>
        <table class="panel-table">
          <thead>
            <tr>
              {fields.map((field) => (
                <Heading
                  key={field.title}
                  field={field}
                  order={field.title === sort.by ? (sort.isDescending ? 'descending' : 'ascending') : 'none'}
                  onSort={() =>
                    setSort({ by: field.title, isDescending: field.title === sort.by && !sort.isDescending })
                  }
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST_ROWS).map((row) => (
              <tr key={row}>
                {fields.map((field) => (
                  <TableCell key={field.title} field={field} row={row} frame={frame} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {rows.length > MOST_ROWS && (
        <p class="panel-note">{words.andMore(locale.number(rows.length - MOST_ROWS, 0))}</p>
      )}
    </>
  );
}

interface HeadingProps {
  readonly field: Field;
  readonly order: 'ascending' | 'descending' | 'none';
  readonly onSort: () => void;
}

function Heading({ field, order, onSort }: HeadingProps) {
  const { words } = useBoard();
  const mark = { ascending: ' ▲', descending: ' ▼', none: '' }[order];
  const name = field.kind === 'time' && field.title === 'Time' ? words.time : field.title;
  return (
    <th scope="col" aria-sort={order} class={isFigures(field) ? 'right' : undefined}>
      <button type="button" class="sort" onClick={onSort} title={words.sortedBy(name)}>
        {name}
        <span aria-hidden="true">{mark}</span>
      </button>
    </th>
  );
}

function TableCell({
  field,
  row,
  frame,
}: {
  readonly field: Field;
  readonly row: number;
  readonly frame: Frame;
}) {
  const { locale, nowMs } = useBoard();
  const value = field.values[row] ?? null;
  if (field.kind === 'time') {
    return <td class="nowrap">{typeof value === 'number' ? locale.time(value, nowMs) : ''}</td>;
  }
  const written = shown(value, field.config, locale, nowMs);
  const kind = cellKind(field);
  const texts = Object.fromEntries(frame.fields.map((one) => [one.name, String(one.values[row] ?? '')]));
  const isColoured = kind.startsWith('color-') && written.color !== undefined && value !== null;
  return (
    <td
      class={isFigures(field) ? 'right' : undefined}
      {...(isColoured && {
        style: { '--c': cssColour(written.color), '--t': textColour(written.color) },
        'data-cell': kind,
      })}
    >
      <FieldLink field={field} value={value} row={texts}>
        <span class={isColoured ? 'cell-coloured' : undefined}>
          {written.figure}
          {written.unit}
        </span>
      </FieldLink>
      {isColoured && isFigures(field) && <JudgementWord shown={written} />}
      {kind === 'gauge' && typeof value === 'number' && (
        <span class="bar-track" aria-hidden="true">
          <span
            style={{
              width: `${100 * shareOf(value, field)}%`,
              background: cssColour(written.color, 'var(--accent)'),
            }}
          />
        </span>
      )}
    </td>
  );
}

function cellKind({ config }: Field): string {
  const options = config.custom?.cellOptions as { type?: string } | undefined;
  return options?.type ?? String(config.custom?.displayMode ?? 'auto');
}

function isFigures({ values }: Field): boolean {
  const first = values.find((value: Cell) => value !== null && value !== '');
  return typeof first === 'number';
}

function isHiddenFrom(custom: Readonly<Record<string, unknown>> | undefined): boolean {
  return (custom?.hideFrom as { viz?: boolean } | undefined)?.viz === true;
}
