import { useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { TextField } from '../../components/form.tsx';
import { AskedPart } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import { WORDS } from './words.ts';
import './audit.css';

interface Entry {
  readonly n: number;
  readonly timeMs: number;
  readonly who: string;
  readonly action: string;
  readonly subject: string;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly why?: string;
  readonly hash: string;
}

interface CheckReply {
  readonly entries: number;
  readonly isWhole: boolean;
  readonly brokenAt?: number;
  readonly head: { readonly n: number; readonly hash: string };
}

const NO_FILTER = { who: '', action: '', subject: '' };

/** Who changed what, and whether the trail is as it was written. */
export default function AuditPage() {
  const words = useWords(WORDS);
  const [wanted, setWanted] = useState(NO_FILTER);
  const [filter, setFilter] = useState(NO_FILTER);
  const [after, setAfter] = useState<string>();
  const asked = new URLSearchParams({ limit: '50', ...(after && { after }) });
  for (const [name, value] of Object.entries(filter)) if (value !== '') asked.set(name, value);
  const page = useAsked<{ entries: Entry[]; next?: string }>(`/api/v1/audit?${asked}`);
  const field = (name: keyof typeof NO_FILTER, hint?: string) => (
    <TextField
      label={words[name]}
      hint={hint}
      value={wanted[name]}
      onChange={(value) => setWanted({ ...wanted, [name]: value })}
    />
  );
  return (
    <main class="page">
      <Check />
      <section class="card form">
        <h2>{words.trail}</h2>
        <form
          class="form"
          onSubmit={(event) => {
            event.preventDefault();
            setAfter(undefined);
            setFilter({
              who: wanted.who.trim(),
              action: wanted.action.trim(),
              subject: wanted.subject.trim(),
            });
          }}
        >
          <div class="form-row">
            {field('who')}
            {field('action', words.actionHint)}
            {field('subject')}
          </div>
          <p class="form-actions">
            <Button type="submit" kind="main">
              {words.find}
            </Button>
          </p>
        </form>
        <AskedPart asked={page}>
          {({ entries, next }) => (
            <>
              {entries.length > 0 ? (
                <Entries rows={entries} />
              ) : (
                <p>
                  {words.empty} {words.emptyText}
                </p>
              )}
              <p class="actions">
                {after !== undefined && <Button onClick={() => setAfter(undefined)}>{words.newest}</Button>}
                {next !== undefined && <Button onClick={() => setAfter(next)}>{words.older}</Button>}
              </p>
            </>
          )}
        </AskedPart>
      </section>
    </main>
  );
}

function Check() {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const check = useAsked<CheckReply>('/api/v1/audit/check');
  return (
    <section
      class="card form audit-check"
      aria-label={words.check}
      data-broken={check.answer?.isWhole === false || undefined}
    >
      <AskedPart asked={check}>
        {({ entries, isWhole, brokenAt, head }) => (
          <>
            <p role={isWhole ? 'status' : 'alert'}>
              <strong>
                {isWhole
                  ? words.whole(locale.number(entries, 0))
                  : words.broken(locale.number(brokenAt ?? 0, 0))}
              </strong>
            </p>
            {head.n > 0 && (
              <details class="audit-details">
                <summary>{words.head(String(head.n))}</summary>
                <p class="audit-head">
                  {head.n}:{head.hash}
                </p>
                <p>{words.headText}</p>
              </details>
            )}
          </>
        )}
      </AskedPart>
      <p class="actions">
        <Button onClick={() => void check.again()}>{words.checkAgain}</Button>
      </p>
    </section>
  );
}

function Entries({ rows }: { readonly rows: readonly Entry[] }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  return (
    <DataTable
      caption={words.trail}
      rows={rows}
      keyOf={({ n }) => String(n)}
      columns={[
        { id: 'time', title: words.time, cell: ({ timeMs }) => locale.time(timeMs, Date.now()) },
        { id: 'who', title: words.who, cell: ({ who }) => who },
        { id: 'action', title: words.action, cell: ({ action }) => <Action action={action} /> },
        { id: 'subject', title: words.subject, cell: ({ subject }) => subject },
        { id: 'why', title: words.why, cell: ({ why = '' }) => why },
        { id: 'details', title: words.details, cell: (entry) => <Details entry={entry} /> },
      ]}
    />
  );
}

/** In words, and by the name that it is found by. */
function Action({ action }: { readonly action: string }) {
  const words = useWords(WORDS);
  const [thing = '', deed = ''] = action.split('.', 2);
  const told = [words.things[thing], words.deeds[deed]];
  return (
    <>
      {told.every(Boolean) && told.join(': ')} <span class="audit-head">{action}</span>
    </>
  );
}

function Details({ entry }: { readonly entry: Entry }) {
  const words = useWords(WORDS);
  const told = (['before', 'after'] as const).filter((side) => entry[side] !== undefined);
  return (
    <details class="audit-details">
      <summary>{entry.n}</summary>
      {told.map((side) => (
        <div key={side}>
          {words[side]}
          <pre>{JSON.stringify(entry[side], null, 1)}</pre>
        </div>
      ))}
      <p class="audit-head">{entry.hash}</p>
    </details>
  );
}
