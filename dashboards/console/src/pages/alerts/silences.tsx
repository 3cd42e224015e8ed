import { useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import type { Silence, SilenceMatcher } from '../../../../../core/alerts/silence.ts';
import { Button } from '../../components/button.tsx';
import { Chooser } from '../../components/chooser.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { SpanField } from '../../components/span-field.tsx';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useSending } from '../../components/use-sending.ts';
import { type Things, useThings } from '../../components/use-things.ts';
import { PART_WORDS } from '../../components/words.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import type { PartProps } from './alerts.tsx';
import type { SilencesReply } from './api.ts';
import { choose, MATCHED, type MatchedName, type Matcher, matchedThing, thingsFor } from './matched.ts';
import { WORDS } from './words.ts';

const REFRESH_MS = 10_000;
const USUAL_S = 7_200;

/** What nobody is told of for a while: the list, a new one, the end of one. */
export function Silences({ say }: PartProps) {
  const words = useWords(WORDS);
  const { api, me, locale } = useConsole();
  const asked = useAsked<SilencesReply>('/api/v1/silences', REFRESH_MS);
  const [isAdding, setAdding] = useState(false);
  const [ending, setEnding] = useState<Silence>();
  const things = useThings();
  const maySilence = may(me, 'silence');
  const done = (text: string) => {
    say(text);
    void asked.again();
  };
  const nowMs = Date.now();
  return (
    <>
      <header class="section-head">
        <p>{words.silencesText}</p>
        {maySilence && (
          <Button kind="main" onClick={() => setAdding(true)}>
            {words.addSilence}
          </Button>
        )}
      </header>
      <AskedPart asked={asked}>
        {({ silences }) =>
          silences.length === 0 ? (
            <Empty title={words.silencesNone} />
          ) : (
            <div class="card table-holder">
              <DataTable<Silence>
                caption={words.silences}
                rows={silences}
                keyOf={({ id }) => id}
                columns={[
                  {
                    id: 'what',
                    title: words.what,
                    cell: ({ matcher }) => <Matched {...{ matcher, things }} />,
                  },
                  { id: 'reason', title: words.reason, cell: ({ reason }) => reason },
                  { id: 'who', title: words.who, sortBy: ({ who }) => who, cell: ({ who }) => who },
                  {
                    id: 'ends',
                    title: words.ends,
                    sortBy: ({ untilMs }) => untilMs,
                    cell: ({ untilMs }) => locale.time(untilMs, nowMs),
                  },
                  ...(maySilence
                    ? [
                        {
                          id: 'do',
                          title: words.actions,
                          isActions: true,
                          cell: (one: Silence) => (
                            <Button
                              aria-label={`${words.endNow}: ${one.reason}`}
                              onClick={() => setEnding(one)}
                            >
                              {words.endNow}
                            </Button>
                          ),
                        },
                      ]
                    : []),
                ]}
              />
            </div>
          )
        }
      </AskedPart>
      {isAdding && (
        <NewSilence things={things} onClose={() => setAdding(false)} onDone={() => done(words.silenced)} />
      )}
      {ending && (
        <Confirm
          title={words.endTitle}
          action={words.endNow}
          onClose={() => setEnding(undefined)}
          onConfirm={async () => {
            await api.send('DELETE', `/api/v1/silences/${encodeURIComponent(ending.id)}`);
            done(words.ended);
          }}
        >
          <p>
            <Matched matcher={ending.matcher} things={things} />: {ending.reason}
          </p>
          <p>{words.endText}</p>
        </Confirm>
      )}
    </>
  );
}

interface MatchedProps {
  readonly matcher: SilenceMatcher;
  readonly things: Things;
}

function Matched({ matcher: { key, ...matcher }, things }: MatchedProps) {
  const words = useWords(WORDS);
  const { notHere } = useWords(PART_WORDS);
  const named = (name: MatchedName) => {
    const known = thingsFor(name, matcher, things);
    const value = matchedThing(name, matcher, things);
    return { thing: known?.find((one) => one.value === value), isGone: known !== undefined };
  };
  return (
    <>
      {MATCHED.filter((name) => matcher[name] !== undefined).map((name, index) => {
        const { thing, isGone } = named(name);
        return (
          <span key={name}>
            {index > 0 && ', '}
            {words.matchers[name]} <bdi>{thing?.label ?? matcher[name]}</bdi>
            {!thing && isGone && ` (${notHere})`}
          </span>
        );
      })}
      {key !== undefined && (
        <>
          {words.oneCause}
          <span class="set-by silence-key"> {key}</span>
        </>
      )}
    </>
  );
}

interface NewSilenceProps {
  readonly things: Things;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function NewSilence({ things, onClose, onDone }: NewSilenceProps) {
  const words = useWords(WORDS);
  const parts = useWords(PART_WORDS);
  const { api, locale } = useConsole();
  const [matcher, setMatcher] = useState<Matcher>({});
  const [reason, setReason] = useState('');
  const [forS, setForS] = useState<number | undefined>(USUAL_S);
  const sending = useSending();
  const isSpan = forS !== undefined && Number.isFinite(forS);
  const untilMs = Date.now() + Math.round(1000 * (isSpan ? forS : USUAL_S));
  const save = async () => {
    const refused = {
      ...(Object.keys(matcher).length === 0 && { matcher: words.matcherNeeded }),
      ...(reason.trim() === '' && { reason: words.needed }),
      ...(!isSpan && { untilMs: words.needed }),
    };
    if (Object.keys(refused).length > 0) return sending.refuse(refused);
    const body = { matcher, reason: reason.trim(), untilMs };
    if (!(await sending.send(() => api.send('POST', '/api/v1/silences', body)))) return;
    onDone();
    onClose();
  };
  return (
    <Dialog title={words.addSilence} onClose={onClose}>
      <SendForm
        sending={sending}
        action={words.silence}
        onSubmit={save}
        beside={<Button onClick={onClose}>{parts.cancel}</Button>}
      >
        <p class="field-hint">{words.matcherHint}</p>
        <div class="form-row">
          {MATCHED.map((name, index) => (
            <Chooser
              key={name}
              label={words.matchers[name]}
              chosen={[matchedThing(name, matcher, things) ?? []].flat()}
              onChange={([value]) => setMatcher(choose(name, value, matcher))}
              things={thingsFor(name, matcher, things)}
              isOne
              isOptional
              error={sending.at(`matcher.${name}`) ?? (index === 0 ? sending.at('matcher') : undefined)}
            />
          ))}
        </div>
        <TextField
          label={words.reason}
          hint={words.reasonHint}
          value={reason}
          onChange={setReason}
          isLong
          maxLength={500}
          error={sending.at('reason')}
        />
        <SpanField
          label={words.for}
          value={forS}
          onChange={setForS}
          hint={words.silenceUntil(locale.time(untilMs, Date.now()))}
          error={sending.at('untilMs')}
        />
      </SendForm>
    </Dialog>
  );
}
