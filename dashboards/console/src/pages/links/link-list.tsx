import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import type { Matrix } from './api.ts';
import { judged, msText, ORDER, shareText } from './figures.ts';
import { MissingNote } from './link-glance.tsx';
import type { Row } from './overview.tsx';
import { VerdictBadge } from './verdict-badge.tsx';
import { WORDS } from './words.ts';

/** What a phone draws at once. */
const PAGE = 60;

/** Links one below the other, the worst first: what a narrow screen can show. */
export function LinkList({ rows, found }: { readonly rows: readonly Row[]; readonly found: Matrix }) {
  const { locale, place } = useConsole();
  const words = useWords(WORDS);
  const [most, setMost] = useState(PAGE);
  const range = place.query.get('range');
  const sorted = [...rows].sort((a, b) => rank(a) - rank(b) || (b.cell?.loss ?? 0) - (a.cell?.loss ?? 0));
  const { language } = locale;
  return (
    <section class="card list-holder" aria-label={words.worst}>
      <DataTable
        caption={words.worst}
        rows={sorted.slice(0, most)}
        keyOf={({ link }) => link.id}
        columns={[
          {
            id: 'link',
            title: words.link,
            sortBy: ({ link }) => link.id,
            cell: ({ link }) => (
              <a href={hrefOf('links', [link.id], range === null ? {} : { range })}>
                {link.from.name[language]} → {link.to.name[language]}
              </a>
            ),
          },
          {
            id: 'verdict',
            title: words.verdict,
            sortBy: rank,
            cell: (row) => (
              <>
                <VerdictBadge verdict={row.cell?.verdict ?? null} />
                {row.cell?.verdict === 'insufficient' && (
                  <MissingNote row={row} lengthMs={found.toMs - found.fromMs} />
                )}
              </>
            ),
          },
          {
            id: 'class',
            title: words.class,
            sortBy: ({ link }) => link.class,
            cell: ({ link }) => words.classes[link.class],
          },
          {
            id: 'p50',
            title: words.p50,
            isNumber: true,
            sortBy: ({ cell }) => cell?.p50 ?? -1,
            cell: ({ cell }) => msText(cell?.p50 ?? null, locale),
          },
          {
            id: 'p95',
            title: words.p95,
            isNumber: true,
            sortBy: ({ cell }) => cell?.p95 ?? -1,
            cell: ({ cell }) => msText(cell?.p95 ?? null, locale),
          },
          {
            id: 'loss',
            title: words.loss,
            isNumber: true,
            sortBy: ({ cell }) => cell?.loss ?? -1,
            cell: ({ cell }) => shareText(cell?.loss ?? null, locale),
          },
          {
            id: 'samples',
            title: words.evidence,
            isNumber: true,
            sortBy: ({ cell }) => cell?.samples ?? 0,
            cell: ({ cell }) => words.probes(locale.number(cell?.samples ?? 0, 0)),
          },
        ]}
      />
      {sorted.length > most && (
        <Button onClick={() => setMost(most + PAGE)}>
          {words.more(locale.number(Math.min(PAGE, sorted.length - most), 0))}
        </Button>
      )}
    </section>
  );
}

function rank({ cell }: Row): number {
  return cell ? ORDER.indexOf(judged(cell.verdict)) : ORDER.length;
}
