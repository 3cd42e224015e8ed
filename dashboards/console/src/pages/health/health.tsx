import { DataTable } from '../../components/data-table.tsx';
import { Figures } from '../../components/figures.tsx';
import { AskedPart } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import type { Health as HealthReply, LetterCounts, Status } from './api.ts';
import { WORDS } from './words.ts';
import './health.css';

const EVERY_MS = 10_000;
const GB = 1e9;
const LOW_SHARE = 0.1;
const LOW_BYTES = 2 * GB;

/** Whether Sluice itself is well, what to do where it is not, and that no reading is unaccounted for. */
export default function Health() {
  const status = useAsked<Status>('/api/v1/status', EVERY_MS);
  const letters = useAsked<LetterCounts>('/api/v1/dead-letters?limit=1', EVERY_MS).answer;
  return (
    <main class="page health">
      <AskedPart asked={status}>
        {(answer) => (
          <>
            <Components health={answer.health} />
            <Counters status={answer} />
            <Installation status={answer} letters={letters} />
          </>
        )}
      </AskedPart>
    </main>
  );
}

function Components({ health: { status, components } }: { readonly health: HealthReply }) {
  const words = useWords(WORDS);
  const verdict = { up: words.allWell, degraded: words.degraded, down: words.down }[status];
  const bad = components.filter(({ state }) => state !== 'up');
  return (
    <>
      <p class={`verdict verdict-${status}`} role="status">
        <span aria-hidden="true">{status === 'up' ? '✓' : '!'}</span> <strong>{verdict}</strong>
      </p>
      {bad.map(({ name, message }) => {
        const [what, advice] = words.parts[name] ?? words.parts[name.split(' ', 1)[0]!] ?? words.otherPart;
        return (
          <section key={name} class="card part trouble">
            <h2>
              {what} <span class="soft">{name}</span>
            </h2>
            {message && <p>{message}</p>}
            <p>{advice}</p>
          </section>
        );
      })}
      <section class="card part">
        <h2>{words.components}</h2>
        <DataTable
          caption={words.components}
          columns={[
            { id: 'name', title: words.component, sortBy: ({ name }) => name, cell: ({ name }) => name },
            {
              id: 'state',
              title: words.state,
              sortBy: ({ state }) => state,
              cell: ({ state }) => (
                <strong class={`badge badge-${state === 'up' ? 'good' : 'bad'}`}>
                  {words.states[state]}
                </strong>
              ),
            },
            {
              id: 'meaning',
              title: words.meaning,
              cell: ({ name }) =>
                (words.parts[name] ?? words.parts[name.split(' ', 1)[0]!] ?? words.otherPart)[0],
            },
          ]}
          rows={[...components].sort((a, b) => Number(a.state === 'up') - Number(b.state === 'up'))}
          keyOf={({ name }) => name}
        />
      </section>
    </>
  );
}

/** received = stored + rejected + dropped + in flight, said and checked. */
function Counters({ status: { counters } }: { readonly status: Status }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const count = (value: number) => locale.number(value, 0);
  const { received, stored, rejected, dropped, inFlight, repeated, deferred } = counters;
  const sum = stored + rejected + dropped + inFlight;
  return (
    <section class="card part">
      <h2>{words.counters}</h2>
      <Figures
        of={[
          [words.received, count(received)],
          [words.stored, count(stored)],
          [words.rejected, count(rejected)],
          [words.dropped, count(dropped)],
          [words.inFlight, count(inFlight)],
          [words.repeated, count(repeated)],
          [words.deferred, count(deferred)],
        ]}
      />
      {sum === received ? (
        <p class="soft">{words.balance(count(sum))}</p>
      ) : (
        <p role="alert">{words.unbalanced(count(Math.abs(received - sum)))}</p>
      )}
      {rejected > 0 && <p class="soft">{words.refusedHelp}</p>}
      {dropped > 0 && <p>{words.droppedHelp}</p>}
    </section>
  );
}

interface InstallationProps {
  readonly status: Status;
  readonly letters: LetterCounts | undefined;
}

function Installation({ status, letters }: InstallationProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const count = (value: number) => locale.number(value, 0);
  const { version, node, startedMs, disk, upkeep } = status;
  const share = disk ? disk.freeBytes / disk.totalBytes : 1;
  const isLow = disk !== undefined && (share < LOW_SHARE || disk.freeBytes < LOW_BYTES);
  const gb = (bytes: number) => locale.number(bytes / GB, bytes < 10 * GB ? 1 : 0);
  const figures: (readonly [string, string])[] = [
    [words.version, `${version} (Node.js ${node})`],
    [words.started, locale.time(startedMs, Date.now())],
  ];
  if (disk)
    figures.push([words.disk, words.diskOf(gb(disk.freeBytes), gb(disk.totalBytes), count(100 * share))]);
  if (letters)
    figures.push([words.letters, count(letters.counts.reduce((sum, { waiting }) => sum + waiting, 0))]);
  if (upkeep) {
    figures.push([words.upkeep, words.upkeepState(count(upkeep.rolledUpHours), count(upkeep.waitingHours))]);
    figures.push([words.expired, words.expiredReadings(count(upkeep.expired.readings))]);
  }
  return (
    <section class="card part">
      <h2>{words.machine}</h2>
      <Figures of={figures} />
      {isLow && <p role="alert">{words.diskLow}</p>}
    </section>
  );
}
