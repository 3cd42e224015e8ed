import { useMemo, useRef } from 'preact/hooks';
import { LINK_CLASSES } from '../../../../../core/links/measures.ts';
import { SelectField } from '../../components/form.tsx';
import { AskedPart, Empty, useNow } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import type { Cell, Link, Matrix as MatrixReply, Mesh } from './api.ts';
import { ClassCards } from './class-cards.tsx';
import { LinkList } from './link-list.tsx';
import { Maintenance } from './maintenance.tsx';
import { Matrix } from './matrix.tsx';
import { Statement } from './statement.tsx';
import { rangeQuery, WINDOW_NAMES, windowOf } from './time-window.ts';
import { WORDS } from './words.ts';

const MINUTE_MS = 60_000;
/** Narrower than this, a matrix cannot be read. */
const NARROW = '(max-width: 44rem)';

/** A link of the mesh with its figures; one without any was not measured. */
export interface Row {
  readonly link: Link;
  readonly cell: Cell | undefined;
}

/** All links: by class, from each to each, worst first; what takes time out of the verdicts; the statement of a month. */
export function Overview() {
  const { place, locale } = useConsole();
  const words = useWords(WORDS);
  const window = windowOf(place.query.get('range'));
  const chosenClass = place.query.get('class') ?? '';
  const network = place.query.get('network') ?? '';
  const view = place.query.get('view') ?? (matchMedia(NARROW).matches ? 'list' : 'matrix');
  const nowMs = useNow(MINUTE_MS);
  const range = useMemo(() => rangeQuery(window, nowMs), [window, nowMs]);
  const links = useAsked<{ links: readonly Link[] }>('/api/v1/links', MINUTE_MS);
  const mesh = useAsked<Mesh>('/api/v1/mesh');
  const matrix = useAsked<MatrixReply>(`/api/v1/links/matrix?${range}`);
  const shown = useKept(matrix);
  const ask = (change: Record<string, string>) => {
    const asked = Object.fromEntries(
      [...Object.entries({ ...Object.fromEntries(place.query), ...change })].filter(
        ([, value]) => value !== '',
      ),
    );
    location.hash = hrefOf('links', [], asked);
  };
  return (
    <>
      <div class="links-bar">
        <SelectField
          label={words.class}
          value={chosenClass}
          onChange={(value) => ask({ class: value })}
          options={[
            { value: '', label: words.allClasses },
            ...LINK_CLASSES.map((value) => ({ value, label: words.classes[value] })),
          ]}
        />
        <SelectField
          label={words.network}
          value={network}
          onChange={(value) => ask({ network: value })}
          options={[
            { value: '', label: words.allNetworks },
            ...(mesh.answer?.networks ?? []).map(({ id, name }) => ({
              value: id,
              label: name[locale.language],
            })),
          ]}
        />
        <SelectField
          label={words.window}
          value={window}
          onChange={(value) => ask({ range: value })}
          options={WINDOW_NAMES.map((value) => ({ value, label: words.windows[value] }))}
        />
        <SelectField
          label={words.view}
          value={view}
          onChange={(value) => ask({ view: value })}
          options={[
            { value: 'matrix', label: words.asMatrix },
            { value: 'list', label: words.asList },
          ]}
        />
      </div>
      <AskedPart asked={links}>
        {(all) =>
          all.links.length === 0 ? (
            <Empty title={words.noLinks}>
              <p>{words.noLinksText}</p>
            </Empty>
          ) : (
            <AskedPart asked={shown}>
              {(found) => (
                <Found
                  {...{ all: all.links, found, chosenClass, network, view }}
                  mesh={mesh.answer ?? { networks: [], pops: [] }}
                />
              )}
            </AskedPart>
          )
        }
      </AskedPart>
      <Maintenance range={range} links={links.answer?.links ?? []} mesh={mesh.answer} />
    </>
  );
}

/** The matrix of the time before stays until that of the new one is here: with many links it takes a second or two. */
function useKept(matrix: ReturnType<typeof useAsked<MatrixReply>>) {
  const kept = useRef<{ answer: MatrixReply; ms: number }>(undefined);
  if (matrix.answer) kept.current = { answer: matrix.answer, ms: matrix.answeredMs! };
  return { ...matrix, answer: kept.current?.answer, answeredMs: kept.current?.ms };
}

interface FoundProps {
  readonly all: readonly Link[];
  readonly found: MatrixReply;
  readonly mesh: Mesh;
  readonly chosenClass: string;
  readonly network: string;
  readonly view: string;
}

function Found({ all, found, chosenClass, network, view, mesh }: FoundProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const rows = useMemo(() => {
    const cells = new Map(found.links.map((cell) => [cell.id, cell]));
    return all
      .filter((link) => chosenClass === '' || link.class === chosenClass)
      .filter(({ from, to }) => network === '' || from.network === network || to.network === network)
      .map((link): Row => ({ link, cell: cells.get(link.id) }));
  }, [all, found, chosenClass, network]);
  const classes = found.classes.filter((one) => chosenClass === '' || one.class === chosenClass);
  return (
    <>
      <ClassCards classes={classes} />
      {rows.length === 0 && <p class="card empty">{words.noMatch}</p>}
      {rows.length > 0 && view === 'matrix' && <Matrix rows={rows} pops={mesh.pops} found={found} />}
      {rows.length > 0 && view === 'list' && <LinkList rows={rows} found={found} />}
      <p class="foot">{words.asOf(...locale.span(found.fromMs, found.toMs, Date.now()))}</p>
      <Statement
        links={rows.map(({ link }) => link.id)}
        isAll={rows.length === all.length}
        chosenClass={chosenClass}
      />
    </>
  );
}
