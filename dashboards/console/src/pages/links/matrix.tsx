import { useMemo, useRef, useState } from 'preact/hooks';
import { useConsole } from '../../console.ts';
import type { Locale } from '../../i18n/locale.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import type { Matrix as MatrixReply, Pop } from './api.ts';
import { judged, msText, ORDER, shareText } from './figures.ts';
import { LinkGlance } from './link-glance.tsx';
import type { Row } from './overview.tsx';
import { MARKS } from './verdict-badge.tsx';
import { type LinkWords, WORDS } from './words.ts';

interface MatrixProps {
  readonly rows: readonly Row[];
  readonly pops: readonly Pop[];
  readonly found: MatrixReply;
}

/** So many points leave room for names that are read upright, and for cells that a thumb meets. */
const FEW = 10;

/**
 * From each point to each other one. A cell says its verdict by mark, pattern and colour, and by a word to whoever listens; what it is
 * made of stands beside it as it is pointed at. One cell is in the order of the tabulator; arrows move within.
 */
export function Matrix({ rows, pops, found }: MatrixProps) {
  const { locale, place } = useConsole();
  const words = useWords(WORDS);
  const [pointed, setPointed] = useState<string>();
  const grid = useRef<HTMLTableElement>(null);
  const range = place.query.get('range');
  const { froms, tos, at } = useMemo(() => arranged(rows, pops), [rows, pops]);
  // Thirty by thirty: made anew for other figures, not for each cell that is pointed at.
  const body = useMemo(() => {
    const query: Record<string, string> = range === null ? {} : { range };
    let isFirst = true;
    return froms.map((from) => (
      <tr key={from.id}>
        <th scope="row" title={from.name[locale.language]}>
          {from.id}
        </th>
        {tos.map((to) => {
          const here = at.get(`${from.id} ${to.id}`);
          const isStart = isFirst && here !== undefined;
          if (isStart) isFirst = false;
          return (
            <td key={to.id}>
              {here?.map((row, index) => (
                <CellLink
                  key={row.link.id}
                  {...{ row, words, locale, query }}
                  tabIndex={isStart && index === 0 ? 0 : -1}
                />
              ))}
            </td>
          );
        })}
      </tr>
    ));
  }, [froms, tos, at, words, locale, range]);
  const row = rows.find(({ link }) => link.id === pointed) ?? worst(rows);
  const point = (event: { target: EventTarget | null }) => {
    const id = (event.target as HTMLElement).closest<HTMLElement>('[data-link]')?.dataset.link;
    if (id !== undefined) setPointed(id);
  };
  return (
    <section class="matrix-part">
      <div class="matrix-holder card">
        <table
          ref={grid}
          class="matrix"
          data-few={tos.length <= FEW || undefined}
          onMouseOver={point}
          onFocus={point}
          onFocusCapture={point}
          onKeyDown={(event) => move(event, grid.current)}
          onMouseLeave={() => setPointed(undefined)}
        >
          <caption class="hidden">
            {words.matrixCaption(...locale.span(found.fromMs, found.toMs, found.toMs))}
          </caption>
          <thead>
            <tr>
              <td class="corner">
                <span class="corner-name">{words.from} ↓</span>
                <span class="corner-name">{words.to} →</span>
              </td>
              {tos.map(({ id, name }) => (
                <th key={id} scope="col" title={name[locale.language]}>
                  <span class="column-name">{id}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{body}</tbody>
        </table>
      </div>
      <aside class="matrix-side">
        <ul class="matrix-legend">
          {(['pass', 'breach', 'insufficient'] as const).map((name) => (
            <li key={name}>
              <span class="cell" data-verdict={name} aria-hidden="true">
                {MARKS[name]}
              </span>{' '}
              {words.verdicts[name]}
            </li>
          ))}
        </ul>
        <p class="foot">{words.legend}</p>
        {row && <LinkGlance row={row} found={found} />}
      </aside>
    </section>
  );
}

interface CellLinkProps {
  readonly row: Row;
  readonly words: LinkWords;
  readonly locale: Locale;
  readonly query: Record<string, string>;
  readonly tabIndex: number;
}

function CellLink({ row: { link, cell }, words, locale, query, tabIndex }: CellLinkProps) {
  const name = cell ? judged(cell.verdict) : 'none';
  const p95 = cell?.p95 ?? null;
  const label = words.cell(
    link.from.name[locale.language],
    link.to.name[locale.language],
    cell ? words.verdicts[name] : words.verdicts.unknown,
    msText(p95, locale),
    shareText(cell?.loss ?? null, locale),
  );
  return (
    <a
      class="cell"
      href={hrefOf('links', [link.id], query)}
      data-link={link.id}
      data-verdict={name}
      tabIndex={tabIndex}
    >
      <span class="hidden">{label}</span>
      <span aria-hidden="true">
        {MARKS[name]}
        <small>{p95 === null ? '' : locale.number(p95, p95 < 10 ? 1 : 0)}</small>
      </span>
    </a>
  );
}

/** Points in the order of their networks, so that those within one network stand around the diagonal. */
function arranged(rows: readonly Row[], pops: readonly Pop[]) {
  const at = new Map<string, Row[]>();
  const known = new Map(pops.map((pop) => [pop.id, pop]));
  for (const row of rows) {
    const { from, to } = row.link;
    for (const pop of [from, to]) if (!known.has(pop.id)) known.set(pop.id, pop);
    const key = `${from.id} ${to.id}`;
    at.set(key, [...(at.get(key) ?? []), row]);
  }
  const ordered = [...known.values()].sort(
    (a, b) => a.network.localeCompare(b.network) || a.id.localeCompare(b.id, undefined, { numeric: true }),
  );
  const [starts, ends] = [
    new Set(rows.map(({ link }) => link.from.id)),
    new Set(rows.map(({ link }) => link.to.id)),
  ];
  return {
    at,
    froms: ordered.filter(({ id }) => starts.has(id)),
    tos: ordered.filter(({ id }) => ends.has(id)),
  };
}

function worst(rows: readonly Row[]): Row | undefined {
  const rank = ({ cell }: Row) => (cell ? ORDER.indexOf(judged(cell.verdict)) : ORDER.length);
  return rows.reduce<Row | undefined>(
    (found, row) => (found && rank(found) <= rank(row) ? found : row),
    undefined,
  );
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** To the next cell with a link in that direction. */
function move(event: KeyboardEvent, table: HTMLTableElement | null): void {
  const step = STEPS[event.key];
  const cell = (event.target as HTMLElement).closest('td');
  if (!step || !cell || !table) return;
  event.preventDefault();
  const rows = [...table.tBodies[0]!.rows];
  let [row, column] = [rows.indexOf(cell.parentElement as HTMLTableRowElement), cell.cellIndex];
  for (;;) {
    row += step[0];
    column += step[1];
    const next = rows[row]?.cells[column];
    if (!next) return;
    const link = next.querySelector('a');
    if (!link) continue;
    for (const old of table.querySelectorAll<HTMLElement>('a[tabindex="0"]')) old.tabIndex = -1;
    link.tabIndex = 0;
    link.focus();
    return;
  }
}
