import type { ComponentChildren } from 'preact';
import { useId, useState } from 'preact/hooks';
import { useWords } from '../i18n/use-words.ts';
import { PART_WORDS } from './words.ts';

export interface Column<T> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: T) => ComponentChildren;
  /** Makes it sortable. */
  readonly sortBy?: (row: T) => number | string;
  /** Figures stand in line at their right. */
  readonly isNumber?: boolean;
  /** Buttons, which say themselves what they are for: on a card they have the whole width. */
  readonly isActions?: boolean;
}

interface DataTableProps<T> {
  /** Read out before the table. */
  readonly caption: string;
  readonly columns: readonly Column<T>[];
  readonly rows: readonly T[];
  readonly keyOf: (row: T) => string;
}

interface Sorting {
  readonly id: string;
  readonly isDown: boolean;
}

/** Rows in the order given until somebody sorts them. Where there is no room for columns, each row is a card; its first column its head. */
export function DataTable<T>({ caption, columns, rows, keyOf }: DataTableProps<T>) {
  const [sorting, setSorting] = useState<Sorting>();
  const sorted = sort(rows, columns.find(({ id }) => id === sorting?.id)?.sortBy, sorting?.isDown ?? false);
  return (
    <div class="data-holder">
      <SortPicker columns={columns} sorting={sorting} onSort={setSorting} />
      <table class="data">
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <Head key={column.id} column={column} sorting={sorting} onSort={setSorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ id, title, cell, isNumber, isActions }, index) =>
                index === 0 ? (
                  <th key={id} scope="row">
                    {cell(row)}
                  </th>
                ) : (
                  <td
                    key={id}
                    data-title={title}
                    data-number={isNumber || undefined}
                    data-actions={isActions || undefined}
                  >
                    <div>{cell(row)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface HeadProps<T> {
  readonly column: Column<T>;
  readonly sorting: Sorting | undefined;
  readonly onSort: (sorting: Sorting) => void;
}

function Head<T>({ column: { id, title, sortBy, isNumber }, sorting, onSort }: HeadProps<T>) {
  const isSorted = sorting?.id === id;
  const order = isSorted ? (sorting.isDown ? 'descending' : 'ascending') : undefined;
  return (
    <th scope="col" aria-sort={order} data-number={isNumber || undefined}>
      {sortBy ? (
        <button type="button" onClick={() => onSort({ id, isDown: isSorted && !sorting.isDown })}>
          {title} <span aria-hidden="true">{isSorted ? (sorting.isDown ? '↓' : '↑') : '↕'}</span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

interface SortPickerProps<T> {
  readonly columns: readonly Column<T>[];
  readonly sorting: Sorting | undefined;
  readonly onSort: (sorting: Sorting | undefined) => void;
}

/** Sorts where there are cards and so no heads to press. */
function SortPicker<T>({ columns, sorting, onSort }: SortPickerProps<T>) {
  const words = useWords(PART_WORDS);
  const id = useId();
  const sortable = columns.filter(({ sortBy }) => sortBy);
  if (sortable.length === 0) return null;
  return (
    <p class="data-sort">
      <label for={id}>{words.sortBy}</label>
      <select
        id={id}
        value={sorting ? `${sorting.isDown ? '-' : '+'}${sorting.id}` : ''}
        onChange={({ currentTarget: { value } }) =>
          onSort(value === '' ? undefined : { id: value.slice(1), isDown: value.startsWith('-') })
        }
      >
        <option value="">–</option>
        {sortable.flatMap(({ id: column, title }) => [
          <option key={`+${column}`} value={`+${column}`}>
            {words.sortUp(title)}
          </option>,
          <option key={`-${column}`} value={`-${column}`}>
            {words.sortDown(title)}
          </option>,
        ])}
      </select>
    </p>
  );
}

function sort<T>(rows: readonly T[], sortBy: Column<T>['sortBy'], isDown: boolean): readonly T[] {
  if (!sortBy) return rows;
  const sign = isDown ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [left, right] = [sortBy(a), sortBy(b)];
    if (typeof left === 'number' && typeof right === 'number') return sign * (left - right);
    return sign * String(left).localeCompare(String(right), undefined, { numeric: true });
  });
}
