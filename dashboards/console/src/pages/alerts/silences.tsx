import { useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import type { Silence, SilenceMatcher } from '../../../../../core/alerts/silence.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { Dialog } from '../../components/dialog.tsx';
import { TextField } from '../../components/form.tsx';
import { SendForm } from '../../components/send-form.tsx';
import { SpanField } from '../../components/span-field.tsx';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useSending } from '../../components/use-sending.ts';
import { PART_WORDS } from '../../components/words.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import type { PartProps } from './alerts.tsx';
import type { SilencesReply } from './api.ts';
import { WORDS } from './words.ts';

const REFRESH_MS = 10_000;
const USUAL_S = 7_200;
/** What somebody fills in; the key of a cause comes from its event. */
const MATCHED = ['site', 'zone', 'gateway', 'device', 'link'] as const;

/** What nobody is told of for a while: the list, a new one, the end of one. */
export function Silences({ say }: PartProps) {
  const words = useWords(WORDS);
  const { api, me, locale } = useConsole();
  const asked = useAsked<SilencesReply>('/api/v1/silences', REFRESH_MS);
  const [isAdding, setAdding] = useState(false);
  const [ending, setEnding] = useState<Silence>();
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
                  { id: 'what', title: words.what, cell: ({ matcher }) => <Matched matcher={matcher} /> },
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
      {isAdding && <NewSilence onClose={() => setAdding(false)} onDone={() => done(words.silenced)} />}
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
            <Matched matcher={ending.matcher} />: {ending.reason}
          </p>
          <p>{words.endText}</p>
        </Confirm>
      )}
    </>
  );
}

function Matched({ matcher }: { readonly matcher: SilenceMatcher }) {
  const words = useWords(WORDS);
  const { key, ...rest } = matcher;
  const parts = Object.entries(rest).map(([name, value]) => `${words.matchers[name as 'site']} ${value}`);
  return (
    <>
      {[...parts, ...(key === undefined ? [] : [words.oneCause])].join(', ')}
      {key !== undefined && <span class="set-by silence-key"> {key}</span>}
    </>
  );
}

interface NewSilenceProps {
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function NewSilence({ onClose, onDone }: NewSilenceProps) {
  const words = useWords(WORDS);
  const parts = useWords(PART_WORDS);
  const { api, locale } = useConsole();
  const [matcher, setMatcher] = useState<Partial<Record<(typeof MATCHED)[number], string>>>({});
  const [reason, setReason] = useState('');
  const [forS, setForS] = useState<number | undefined>(USUAL_S);
  const sending = useSending();
  const isSpan = forS !== undefined && Number.isFinite(forS);
  const untilMs = Date.now() + Math.round(1000 * (isSpan ? forS : USUAL_S));
  const save = async () => {
    const wanted = Object.entries(matcher).flatMap(([name, value]) =>
      value?.trim() ? [[name, value.trim()]] : [],
    );
    const refused = {
      ...(wanted.length === 0 && { matcher: words.matcherNeeded }),
      ...(reason.trim() === '' && { reason: words.needed }),
      ...(!isSpan && { untilMs: words.needed }),
    };
    if (Object.keys(refused).length > 0) return sending.refuse(refused);
    const body = { matcher: Object.fromEntries(wanted), reason: reason.trim(), untilMs };
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
            <TextField
              key={name}
              label={words.matchers[name]}
              hint={index === 0 ? words.idHint : undefined}
              value={matcher[name] ?? ''}
              onChange={(value) => setMatcher({ ...matcher, [name]: value })}
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
