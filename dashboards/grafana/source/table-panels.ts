import { type FieldConfig, type Panel, TableCellDisplayMode, TableCellHeight } from '@grafana/schema';
import { type DrawnParts, drawn, ofColumn } from './panel.ts';

export interface TableColumn {
  /** As the query names it: a tag, or `named(…)`. */
  readonly name: string;
  readonly title: string;
  readonly field?: FieldConfig;
  /** Coloured by its thresholds or words. */
  readonly isColored?: boolean;
  /** Address behind each cell. */
  readonly link?: { readonly title: string; readonly url: string };
}

/** Columns in this order; the time of the query's row says nothing, and is left out. */
export function tablePanel(
  parts: Omit<DrawnParts, 'defaults' | 'overrides' | 'transformations'> & {
    readonly columns: readonly TableColumn[];
  },
): Panel {
  const { columns } = parts;
  const organize = {
    id: 'organize',
    options: {
      excludeByName: { Time: true },
      indexByName: Object.fromEntries(columns.map(({ name }, index) => [name, index])),
      renameByName: Object.fromEntries(columns.map(({ name, title }) => [name, title])),
    },
  };
  const overrides = columns.map(({ title, field = {}, isColored, link }) => {
    const { custom: _, ...own } = field;
    return ofColumn(title, {
      ...own,
      ...(isColored && { 'custom.cellOptions': { type: TableCellDisplayMode.ColorText } }),
      ...(link && { links: [{ title: link.title, url: link.url, targetBlank: false }] }),
    });
  });
  return drawn('table', TABLE_OPTIONS, {
    ...parts,
    defaults: { custom: { align: 'auto', cellOptions: { type: TableCellDisplayMode.Auto }, inspect: false } },
    overrides: overrides.filter(({ properties }) => properties.length > 0),
    transformations: [organize],
  });
}

const TABLE_OPTIONS = { showHeader: true, cellHeight: TableCellHeight.Sm, frameIndex: 0 };

/** Rows by columns: `value` for each pair of the tags `row` and `column`. */
export function matrix(
  parts: Omit<DrawnParts, 'transformations'> & {
    readonly row: string;
    readonly column: string;
    readonly value: string;
    /** Title of the first column, which Grafana makes of both names. */
    readonly corner: string;
  },
): Panel {
  const { row, column, value, corner, defaults } = parts;
  const custom = {
    align: 'center',
    cellOptions: { type: TableCellDisplayMode.ColorBackground, mode: 'basic' },
    inspect: false,
  };
  return drawn('table', TABLE_OPTIONS, {
    ...parts,
    defaults: { ...defaults, custom },
    overrides: [ofColumn(`${row}\\${column}`, { displayName: corner })],
    transformations: [
      {
        id: 'groupingToMatrix',
        options: { rowField: row, columnField: column, valueField: value, emptyValue: 'null' },
      },
    ],
  });
}
