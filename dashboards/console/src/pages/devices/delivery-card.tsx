import type { MissingRange } from '../../../../../core/completeness.ts';
import { DataTable } from '../../components/data-table.tsx';
import { Figures } from '../../components/figures.tsx';
import { AskedPart } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import { type FoundCompleteness, type FoundGateway, pathOf } from './api.ts';
import { shareText } from './share-text.ts';
import { WORDS } from './words.ts';

const EVERY_MS = 30_000;
const MOST_SHOWN = 50;

/** produced = stored + refused + given up + on the way, and which ranges are missing. */
export function DeliveryCard({ found }: { readonly found: FoundGateway }) {
  const words = useWords(WORDS);
  const asked = useAsked<FoundCompleteness>(`${pathOf(found)}/completeness`, EVERY_MS);
  return (
    <section class="card part">
      <h2>{words.delivery}</h2>
      <AskedPart asked={asked}>{(account) => <Account account={account} />}</AskedPart>
    </section>
  );
}

function Account({ account }: { readonly account: FoundCompleteness }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const count = (value: number) => locale.number(value, 0);
  if (account.ledger === 'none') {
    return (
      <>
        <p class="soft">{words.noLedger}</p>
        <Figures of={[[words.missedMessages, count(account.missedMessages)]]} />
      </>
    );
  }
  return (
    <>
      <Figures
        of={[
          [words.complete, shareText(account, locale, words)],
          [words.produced, count(account.produced)],
          [words.stored, count(account.stored)],
          [words.rejected, count(account.rejected)],
          [words.dropped, count(account.dropped)],
          [words.inFlight, count(account.inFlight)],
          ...(account.replayed > 0 ? [[words.replayed, count(account.replayed)] as const] : []),
        ]}
      />
      {account.missing.length === 0 ? <p>{words.nothingMissing}</p> : <MissingRanges account={account} />}
    </>
  );
}

function MissingRanges({ account: { missing, missingLeftOut } }: { readonly account: FoundCompleteness }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const nowMs = Date.now();
  const time = (timeMs: number | undefined, seenMs: number) =>
    timeMs === undefined ? '…' : locale.time(timeMs, seenMs);
  const left = missingLeftOut + Math.max(0, missing.length - MOST_SHOWN);
  return (
    <>
      <h3>{words.missing}</h3>
      <DataTable<MissingRange>
        caption={words.missing}
        columns={[
          {
            id: 'between',
            title: words.between,
            cell: ({ afterMs, beforeMs }) => `${time(afterMs, nowMs)} – ${time(beforeMs, afterMs ?? nowMs)}`,
          },
          {
            id: 'readings',
            title: words.readings,
            isNumber: true,
            sortBy: ({ readings }) => readings,
            cell: ({ readings }) => locale.number(readings, 0),
          },
          { id: 'reason', title: words.reason, cell: ({ reason }) => words.missingReasons[reason] },
        ]}
        rows={missing.slice(0, MOST_SHOWN)}
        keyOf={({ ledger, first, afterMs, reason }) => `${ledger} ${first ?? afterMs} ${reason}`}
      />
      {left > 0 && <p class="soft">{words.moreMissing(locale.number(left, 0))}</p>}
    </>
  );
}
