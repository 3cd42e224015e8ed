import { useEffect, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { DataTable } from '../../components/data-table.tsx';
import { Field } from '../../components/form.tsx';
import { Failure } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import { type Care, type CareAction, type FoundGateway, pathOf } from './api.ts';
import type { CareWork } from './use-care.ts';
import { WORDS } from './words.ts';

interface CareCardProps {
  readonly found: FoundGateway;
  readonly care: CareWork;
  readonly onSettingsRead: () => unknown;
}

interface ReadSettings {
  readonly version?: string;
  readonly config: string;
  readonly profiles?: Readonly<Record<string, string>>;
}

type Question = 'apply-config' | 'roll-back' | 'restart';

/** Settings with check and roll-back, restart, and a probe of each device: whatever a technician would do at the pump. */
export function CareCard({ found, care, onSettingsRead }: CareCardProps) {
  const words = useWords(WORDS);
  const history = useAsked<{ care: readonly Care[] }>(`${pathOf(found)}/care`, 30_000);
  const [read, setRead] = useState<ReadSettings>();
  const [text, setText] = useState('');
  const [question, setQuestion] = useState<Question>();
  async function ask(action: CareAction, more?: Readonly<Record<string, unknown>>) {
    const end = await care.ask(action, more);
    if (action === 'read-config' && end?.state === 'done') {
      const settings = end.result as ReadSettings;
      setRead(settings);
      setText(settings.config);
      onSettingsRead();
    }
    void history.again();
  }
  // They may be others by now, and what is shown must not be taken for what runs.
  useEffect(() => {
    if (
      care.last?.state === 'done' &&
      (care.last.action === 'apply-config' || care.last.action === 'roll-back')
    )
      setRead(undefined);
  }, [care.last]);
  const { isWaiting } = care;
  return (
    <section class="card part">
      <h2>{words.care}</h2>
      <p class="soft">{words.careHelp}</p>
      <p class="actions">
        <Button isBusy={isWaiting} onClick={() => void ask('read-config')}>
          {words.readSettings}
        </Button>
        <Button isBusy={isWaiting} onClick={() => setQuestion('roll-back')}>
          {words.rollBack}
        </Button>
        <Button kind="danger" isBusy={isWaiting} onClick={() => setQuestion('restart')}>
          {words.restart}
        </Button>
      </p>
      {read && (
        <Editor
          read={read}
          text={text}
          isWaiting={isWaiting}
          onText={setText}
          onCheck={() => void ask('check-config', { config: text })}
          onApply={() => setQuestion('apply-config')}
        />
      )}
      <Probes found={found} isWaiting={isWaiting} onProbe={(device) => void ask('probe', { device })} />
      <Outcome care={care} />
      <History care={history.answer?.care ?? []} />
      {question && (
        <Asking
          question={question}
          onClose={() => setQuestion(undefined)}
          onConfirm={async () => {
            // The dialog ends here; what comes of it is told below.
            void ask(question, question === 'apply-config' ? { config: text } : {});
          }}
        />
      )}
    </section>
  );
}

interface EditorProps {
  readonly read: ReadSettings;
  readonly text: string;
  readonly isWaiting: boolean;
  readonly onText: (text: string) => void;
  readonly onCheck: () => void;
  readonly onApply: () => void;
}

function Editor({ read, text, isWaiting, onText, onCheck, onApply }: EditorProps) {
  const words = useWords(WORDS);
  const profiles = Object.keys(read.profiles ?? {}).join(', ');
  const hint = [
    words.settingsHelp,
    read.version && words.version(read.version),
    profiles && words.own(profiles),
  ];
  return (
    <form class="form" onSubmit={(event) => event.preventDefault()}>
      <Field label={words.settings} hint={hint.filter(Boolean).join(' ')}>
        {(part) => (
          <textarea
            {...part}
            class="code"
            rows={18}
            spellcheck={false}
            value={text}
            onInput={({ currentTarget }) => onText(currentTarget.value)}
          />
        )}
      </Field>
      <p class="form-actions">
        <Button isBusy={isWaiting} onClick={onCheck}>
          {words.check}
        </Button>
        <Button kind="main" isBusy={isWaiting} onClick={onApply}>
          {words.apply}
        </Button>
      </p>
    </form>
  );
}

interface ProbesProps {
  readonly found: FoundGateway;
  readonly isWaiting: boolean;
  readonly onProbe: (device: string) => void;
}

function Probes({ found, isWaiting, onProbe }: ProbesProps) {
  const words = useWords(WORDS);
  if (found.devices.length === 0) return null;
  return (
    <p class="actions">
      {found.devices.map(({ device }) => (
        <Button key={device} kind="quiet" isBusy={isWaiting} onClick={() => onProbe(device)}>
          {words.probeOf(device)}
        </Button>
      ))}
    </p>
  );
}

/** What the gateway answered, as it comes: what went over a wire is text, everything else says itself. */
function Outcome({ care: { last, isWaiting, error } }: { readonly care: CareWork }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  if (error) return <Failure error={error} />;
  if (!last) return null;
  const said = isWaiting ? words.asked : (last.reason?.[locale.language] ?? '');
  const isRight = last.action === 'check-config' && last.state === 'done';
  return (
    <div class="outcome" role="status">
      <p>
        <strong>{words.actions[last.action]}:</strong> {words.states[last.state]}. {isRight && words.isRight}
      </p>
      {said !== '' && <pre>{said}</pre>}
      {last.action === 'probe' && last.result !== undefined && <pre>{resultText(last.result)}</pre>}
    </div>
  );
}

function resultText(result: unknown): string {
  return typeof result === 'string' ? result : JSON.stringify(result, undefined, 2);
}

const MOST_SHOWN = 10;

function History({ care }: { readonly care: readonly Care[] }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const nowMs = Date.now();
  return (
    <>
      <h3>{words.history}</h3>
      {care.length === 0 ? (
        <p class="soft">{words.noHistory}</p>
      ) : (
        <DataTable<Care>
          caption={words.history}
          columns={[
            { id: 'when', title: words.when, cell: (one) => locale.time(one.submittedMs, nowMs) },
            { id: 'what', title: words.what, cell: ({ action }) => words.actions[action] },
            { id: 'who', title: words.who, cell: ({ issuer }) => issuer },
            {
              id: 'outcome',
              title: words.outcome,
              cell: ({ state, reason }) =>
                [words.states[state], reason?.[locale.language]].filter(Boolean).join(': '),
            },
          ]}
          rows={care.slice(0, MOST_SHOWN)}
          keyOf={({ id }) => id}
        />
      )}
    </>
  );
}

interface AskingProps {
  readonly question: Question;
  readonly onConfirm: () => Promise<unknown>;
  readonly onClose: () => void;
}

function Asking({ question, ...handlers }: AskingProps) {
  const words = useWords(WORDS);
  const said = {
    'apply-config': { title: words.applyTitle, help: words.applyHelp, action: words.apply },
    'roll-back': { title: words.rollBackTitle, help: words.applyHelp, action: words.rollBack },
    restart: { title: words.restartTitle, help: words.restartHelp, action: words.restart },
  }[question];
  return (
    <Confirm title={said.title} action={said.action} kind="danger" {...handlers}>
      <p>{said.help}</p>
    </Confirm>
  );
}
