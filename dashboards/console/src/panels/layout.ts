import type { VariableValue } from './interpolate.ts';
import type { GridPos, Panel } from './model.ts';
import { ALL, type ResolvedVariable } from './variables.ts';

/** A panel in its place, and the value that it is repeated for. */
export interface Placed {
  readonly key: string;
  readonly panel: Panel;
  readonly at: GridPos;
  readonly scoped: ReadonlyMap<string, VariableValue>;
  /** Rows that are folded away by the file are shown; whoever looks may fold them. */
  readonly row: string | undefined;
}

const COLUMNS = 24;
const DEFAULT: GridPos = { x: 0, y: 0, w: 12, h: 8 };

/**
 * Panels from top to bottom, one for each value where it is repeated; what is below moves down by what that takes. A row is a panel
 * of its own, and names those under it.
 */
export function layout(panels: readonly Panel[], variables: readonly ResolvedVariable[]): Placed[] {
  const flat = panels
    .flatMap((panel) => (panel.type === 'row' && panel.panels ? [panel, ...panel.panels] : [panel]))
    .map((panel, index) => ({ panel, index, at: panel.gridPos ?? { ...DEFAULT, y: index * DEFAULT.h } }))
    .sort((a, b) => a.at.y - b.at.y || a.at.x - b.at.x || a.index - b.index);
  const placed: Placed[] = [];
  let downBy = 0;
  let row: string | undefined;
  for (const { panel, index, at } of flat) {
    const key = String(panel.id ?? `at-${index}`);
    if (panel.type === 'row') row = key;
    const own = { ...at, y: at.y + downBy };
    const values = panel.repeat === undefined ? undefined : repeatedFor(panel.repeat, variables);
    if (values === undefined) {
      placed.push({ key, panel, at: own, scoped: new Map(), row: panel.type === 'row' ? undefined : row });
      continue;
    }
    const spots = spotsFor(panel, own, values.length);
    values.forEach((value, turn) => {
      const scoped = new Map([[panel.repeat!, { values: [value] }]]);
      placed.push({ key: `${key}-${value}`, panel, at: spots[turn]!, scoped, row });
    });
    const lowest = Math.max(own.y + own.h, ...spots.map(({ y, h }) => y + h));
    downBy += lowest - (own.y + own.h);
  }
  return placed;
}

function repeatedFor(name: string, variables: readonly ResolvedVariable[]): readonly string[] | undefined {
  const found = variables.find(({ variable }) => variable.name === name);
  if (!found) return undefined;
  return found.chosen.includes(ALL) ? found.options.map(({ value }) => value) : found.chosen;
}

function spotsFor({ repeatDirection, maxPerRow }: Panel, at: GridPos, count: number): GridPos[] {
  if (repeatDirection === 'v')
    return Array.from({ length: count }, (_, turn) => ({ ...at, y: at.y + turn * at.h }));
  const perRow = Math.max(1, Math.min(count, maxPerRow ?? 4));
  const w = Math.floor(COLUMNS / perRow);
  return Array.from({ length: count }, (_, turn) => ({
    ...{ w, h: at.h, x: (turn % perRow) * w },
    y: at.y + Math.floor(turn / perRow) * at.h,
  }));
}
