import { useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { AskedPart } from '../../components/states.tsx';
import { useStatus } from '../../components/status-line.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import type { Link, MaintenanceWindow, Mesh } from './api.ts';
import { MaintenanceForm } from './maintenance-form.tsx';
import { WORDS } from './words.ts';

const MINUTE_MS = 60_000;
/** Windows that are planned are of interest before they begin. */
const AHEAD_MS = 30 * 86_400_000;

interface MaintenanceProps {
  /** `from=…&to=…` of the time that is looked at. */
  readonly range: string;
  readonly links: readonly Link[];
  readonly mesh: Mesh | undefined;
  /** Only what touches this one. */
  readonly link?: Link;
}

/** What takes time out of the verdicts, by whom and why; what was entered after it began is marked. */
export function Maintenance({ range, links, mesh, link }: MaintenanceProps) {
  const { api, me } = useConsole();
  const words = useWords(WORDS);
  const status = useStatus();
  const [isEntering, setEntering] = useState(false);
  const [withdrawn, setWithdrawn] = useState<MaintenanceWindow>();
  const asked = new URLSearchParams(range);
  const path = `/api/v1/maintenance?from=${asked.get('from')}&to=${Math.ceil(Number(asked.get('to')) / MINUTE_MS) * MINUTE_MS + AHEAD_MS}`;
  const windows = useAsked<{ windows: readonly MaintenanceWindow[] }>(path);
  const canChange = may(me, 'maintenance');
  return (
    <section aria-label={words.maintenance} class="maintenance">
      <div class="section-head">
        <h2>{words.maintenance}</h2>
        {canChange && links.length > 0 && (
          <Button onClick={() => setEntering(true)}>{words.addWindow}</Button>
        )}
      </div>
      <AskedPart asked={windows}>
        {(answer) => (
          <WindowTable
            windows={answer.windows.filter((window) => !link || touches(window, link))}
            onWithdraw={canChange ? setWithdrawn : undefined}
          />
        )}
      </AskedPart>
      {isEntering && (
        <MaintenanceForm
          links={links}
          mesh={mesh}
          link={link}
          onClose={() => setEntering(false)}
          onEntered={() => {
            setEntering(false);
            status.say(words.entered);
            void windows.again();
          }}
        />
      )}
      {withdrawn && (
        <Confirm
          title={words.withdrawTitle}
          action={words.withdraw}
          kind="danger"
          reason={words.reason}
          onConfirm={async (reason) => {
            await api.send('POST', `/api/v1/maintenance/${encodeURIComponent(withdrawn.id)}/withdraw`, {
              reason,
            });
            status.say(words.withdrawnDone);
            void windows.again();
          }}
          onClose={() => setWithdrawn(undefined)}
        >
          <p>{words.withdrawText}</p>
        </Confirm>
      )}
      {status.line}
    </section>
  );
}

interface WindowTableProps {
  readonly windows: readonly MaintenanceWindow[];
  readonly onWithdraw: ((window: MaintenanceWindow) => void) | undefined;
}

function WindowTable({ windows, onWithdraw }: WindowTableProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const nowMs = Date.now();
  if (windows.length === 0) return <p class="card quiet-card">{words.noMaintenance}</p>;
  const stateOf = ({ withdrawn, fromMs, toMs }: MaintenanceWindow) =>
    withdrawn
      ? words.withdrawnBy(plainName(withdrawn.by), withdrawn.reason)
      : nowMs < fromMs
        ? words.planned
        : nowMs < toMs
          ? words.now
          : words.over;
  return (
    <div class="card list-holder">
      <DataTable
        caption={words.maintenance}
        rows={[...windows].sort((a, b) => b.fromMs - a.fromMs)}
        keyOf={({ id }) => id}
        columns={[
          {
            id: 'when',
            title: words.when,
            sortBy: ({ fromMs }) => fromMs,
            cell: ({ fromMs, toMs }) => locale.span(fromMs, toMs, nowMs).join(' – '),
          },
          {
            id: 'what',
            title: words.what,
            cell: ({ links, pops, networks }) => [...links, ...pops, ...networks].join(', '),
          },
          { id: 'why', title: words.reason, cell: ({ reason }) => reason },
          { id: 'who', title: words.who, cell: ({ issuer }) => plainName(issuer) },
          {
            id: 'state',
            title: words.state,
            cell: (window) => (
              <>
                {stateOf(window)} {window.retroactive && <span class="badge badge-old">{words.after}</span>}
              </>
            ),
          },
          ...(onWithdraw
            ? [
                {
                  id: 'do',
                  title: '',
                  cell: (window: MaintenanceWindow) =>
                    window.withdrawn ? null : (
                      <Button kind="quiet" onClick={() => onWithdraw(window)}>
                        {words.withdraw}
                      </Button>
                    ),
                },
              ]
            : []),
        ]}
      />
    </div>
  );
}

/** `api:li` is how the record says by which door; people need the name. */
function plainName(issuer: string): string {
  return issuer.replace(/^api:/, '');
}

function touches({ links, pops, networks }: MaintenanceWindow, { id, from, to }: Link): boolean {
  return (
    links.includes(id) ||
    pops.includes(from.id) ||
    pops.includes(to.id) ||
    networks.includes(from.network) ||
    networks.includes(to.network)
  );
}
