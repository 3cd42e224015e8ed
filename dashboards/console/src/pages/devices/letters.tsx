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
import type { Letter, LetterCount, Replay, Letters as Reply } from './api.ts';
import { WORDS } from './words.ts';

const EVERY_MS = 30_000;
const SHOWN = 5;

interface LettersProps {
  /** Only of this gateway. */
  readonly of?: { readonly site: string; readonly gateway: string };
}

interface Place {
  readonly site: readonly string[];
  readonly gateway: readonly string[];
  readonly code: string;
}

/** What was refused, by reason, with the latest of it, and another try. */
export function Letters({ of }: LettersProps) {
  const { me } = useConsole();
  const words = useWords(WORDS);
  const place = of ? { site: of.site, gateway: of.gateway } : {};
  const query = new URLSearchParams({ limit: String(SHOWN), ...place });
  const asked = useAsked<Reply>(`/api/v1/dead-letters?${query}`, EVERY_MS);
  const [trying, setTrying] = useState<LetterCount>();
  const { say, line } = useStatus();
  return (
    <section class="card part">
      <h2>{words.letters}</h2>
      <p class="soft">{words.lettersHelp}</p>
      <AskedPart asked={asked}>
        {({ letters, counts }) =>
          counts.length === 0 ? (
            <p>{words.noLetters}</p>
          ) : (
            <>
              <Counts counts={counts} onTry={may(me, 'settings') ? setTrying : undefined} />
              <Latest letters={letters} />
            </>
          )
        }
      </AskedPart>
      {trying && (
        <Trying
          count={trying}
          onDone={(text) => {
            say(text);
            void asked.again();
          }}
          onClose={() => setTrying(undefined)}
        />
      )}
      {line}
    </section>
  );
}

interface CountsProps {
  readonly counts: readonly LetterCount[];
  readonly onTry: ((count: LetterCount) => void) | undefined;
}

function Counts({ counts, onTry }: CountsProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const figure = (id: 'waiting' | 'replayed' | 'more' | 'gone', title: string) => ({
    id,
    title,
    isNumber: true,
    sortBy: (one: LetterCount) => one[id],
    cell: (one: LetterCount) => locale.number(one[id], 0),
  });
  return (
    <DataTable<LetterCount>
      caption={words.letters}
      columns={[
        {
          id: 'code',
          title: words.reason,
          sortBy: ({ code }) => code,
          cell: ({ code, site, gateway }) => (
            <>
              <span class="code">{code}</span> <span class="soft">{gateway && `${site}/${gateway}`}</span>
            </>
          ),
        },
        figure('waiting', words.waitingLetters),
        figure('replayed', words.replayedLetters),
        figure('more', words.moreLetters),
        figure('gone', words.goneLetters),
        ...(onTry
          ? [
              {
                id: 'try',
                title: words.tryAgain,
                cell: (one: LetterCount) =>
                  one.waiting > 0 && (
                    <Button
                      kind="quiet"
                      aria-label={words.tryAgainOf(`${one.code} ${one.gateway}`)}
                      onClick={() => onTry(one)}
                    >
                      {words.tryAgain}
                    </Button>
                  ),
              },
            ]
          : []),
      ]}
      rows={counts}
      keyOf={({ site, gateway, code }) => `${site}/${gateway} ${code}`}
    />
  );
}

function Latest({ letters }: { readonly letters: readonly Letter[] }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  if (letters.length === 0) return null;
  return (
    <>
      <h3>{words.latest}</h3>
      <ul class="letters">
        {letters.map(({ id, receivedMs, reading, reason }) => (
          <li key={id}>
            <span class="soft">{locale.time(receivedMs, Date.now())}</span>{' '}
            {reading && (
              <strong>
                {[reading.device, reading.metric].filter(Boolean).join(' ')} = {String(reading.value)}
              </strong>
            )}{' '}
            {reason[locale.language]}
          </li>
        ))}
      </ul>
    </>
  );
}

interface TryingProps {
  readonly count: LetterCount;
  readonly onDone: (text: string) => void;
  readonly onClose: () => void;
}

function Trying({ count, onDone, onClose }: TryingProps) {
  const { api, locale } = useConsole();
  const words = useWords(WORDS);
  const { site, gateway, code, waiting } = count;
  const place: Place = { site: [site], gateway: [gateway], code };
  return (
    <Confirm
      title={words.tryTitle}
      action={words.tryAgain}
      onClose={onClose}
      onConfirm={async () => {
        let [stored, refused] = [0, 0];
        let after: number | undefined;
        do {
          const more: Replay = await api.send('POST', '/api/v1/dead-letters/replay', {
            ...place,
            ...(after === undefined ? {} : { after }),
          });
          stored += more.replayed;
          refused += Object.values(more.refused).reduce((sum, one) => sum + one, 0);
          after = more.next;
        } while (after !== undefined);
        onDone(words.tried(locale.number(stored, 0), locale.number(refused, 0)));
      }}
    >
      <p>{words.tryHelp(locale.number(waiting, 0))}</p>
      <p class="code">{code}</p>
    </Confirm>
  );
}
