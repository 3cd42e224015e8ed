import { useState } from 'preact/hooks';
import type { Scope } from '../../../../../core/access.ts';
import type { Quantity } from '../../../../../core/quantities.ts';
import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import { Button } from '../../components/button.tsx';
import { CheckField, Choice, FormProblem, SelectField, TextField } from '../../components/form.tsx';
import { SpanField } from '../../components/span-field.tsx';
import { type Sending, useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { shortLabel } from '../../format-metric.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { Conflict } from './conflict.tsx';
import { describeRule, describeScope } from './describe.ts';
import { blankDraft, type Draft, draftOf, wishOf } from './draft.ts';
import { RuleFields } from './rule-fields.tsx';
import { ScopePicker } from './scope-picker.tsx';
import { TrialView } from './trial-view.tsx';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

interface ThresholdFormProps {
  readonly known: Known;
  /** The one that is changed; a new one where there is none. */
  readonly standing?: Threshold;
  readonly onDone: (text: string) => void;
}

/** Sets a threshold or changes one, with what it would have done beside it before it is saved. */
export function ThresholdForm({ known, standing, onDone }: ThresholdFormProps) {
  const words = useWords(WORDS);
  const { api, me, place } = useConsole();
  // What was read when the form was opened is what is changed; a poll that brings another version must not hide it.
  const [base, setBase] = useState(standing);
  const [draft, setDraft] = useState<Draft>(() =>
    base
      ? draftOf(base)
      : blankDraft(place.query.get('quantity') ?? firstQuantity(known), startingScope(me, place.query)),
  );
  const [why, setWhy] = useState('');
  const sending = useSending();
  const { wish, problems } = wishOf(draft);
  const change = (some: Partial<Draft>) => setDraft((before) => ({ ...before, ...some }));
  const quantity = known.on.quantities.find((one) => `${one.measurement}/${one.field}` === draft.quantity);

  const save = async (over?: Threshold) => {
    const named = Object.entries(problems).map(([field, problem]) => [field, words[problem]]);
    const refused = { ...Object.fromEntries(named), ...(why.trim() === '' && { why: words.needed }) };
    if (!wish || Object.keys(refused).length > 0) return sending.refuse(refused);
    const target = over ?? base;
    const body = { ...wish, why: why.trim() };
    const isSaved = await sending.send(() =>
      target
        ? api.send('PUT', `/api/v1/thresholds/${target.id}`, { ...body, version: target.version })
        : api.send('POST', '/api/v1/thresholds', body),
    );
    if (isSaved) onDone(words.saved);
  };

  return (
    <form
      class="threshold-columns"
      noValidate
      aria-labelledby="form-title"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <div class="form card threshold-form">
        <h2 id="form-title">{base ? words.changeTitle : words.newTitle}</h2>
        <QuantityField known={known} draft={draft} change={change} error={sending.at('field')} />
        <ScopePicker known={known} draft={draft} sending={sending} onScope={(scope) => change({ scope })} />
        <RuleFields draft={draft} change={change} sending={sending} quantity={quantity} />
        <HowBad draft={draft} change={change} sending={sending} />
      </div>
      <TrialView wish={wish} standing={base} known={known} />
      <div class="form card threshold-form">
        <Remarks draft={draft} change={change} sending={sending} />
        <TextField
          label={words.why}
          hint={words.whyHint}
          value={why}
          onChange={setWhy}
          isLong
          maxLength={500}
          error={sending.at('why')}
        />
        {wish && (
          <p class="said" aria-live="polite">
            {describeScope(wish.scope, known.on)}: <strong>{describeRule(wish, known.on)}</strong>
          </p>
        )}
        <Conflict
          {...{ sending, known, wish, base }}
          onTheirs={(theirs) => {
            setBase(theirs);
            setDraft(draftOf(theirs));
            sending.clear();
          }}
          onMine={(theirs) => {
            setBase(theirs);
            void save(theirs);
          }}
          onNew={() => {
            setBase(undefined);
            sending.clear();
          }}
        />
        {!isConflict(sending) && <FormProblem sending={sending} />}
        <p class="form-actions">
          <Button type="submit" kind="main" isBusy={sending.isSending}>
            {words.save}
          </Button>
          <a class="button button-plain" href={hrefOf('thresholds')}>
            {words.back}
          </a>
        </p>
      </div>
    </form>
  );
}

export function isConflict({ problem }: Sending): boolean {
  const { status, code } = problem?.error ?? {};
  return code === 'VERSION_STALE' || (status === 404 && code === 'NOT_FOUND');
}

/** From the address: a page that shows a zone leads here with it. Whoever does not see every site sets for one. */
function startingScope({ sites }: Scope, query: URLSearchParams): Draft['scope'] {
  const keys = ['site', 'zone', 'device', 'crop', 'stage'] as const;
  const own = sites === 'all' || sites[0] === undefined ? {} : { site: sites[0] };
  return {
    ...own,
    ...Object.fromEntries(keys.flatMap((key) => (query.get(key) ? [[key, query.get(key)!]] : []))),
  };
}

function firstQuantity({ places }: Known): string {
  const names = new Set(places.series.map(({ measurement, field }) => `${measurement}/${field}`));
  return names.has('soil/moisture') ? 'soil/moisture' : ([...names][0] ?? 'soil/moisture');
}

interface PartProps {
  readonly draft: Draft;
  readonly change: (some: Partial<Draft>) => void;
}

/** By their names, those that are measured here first. */
function QuantityField({
  known,
  draft,
  change,
  error,
}: PartProps & { known: Known; error: string | undefined }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const measured = new Set(known.places.series.map((one) => `${one.measurement}/${one.field}`));
  const named = (one: Quantity) => {
    const value = `${one.measurement}/${one.field}`;
    const isUnitless = one.unit === '' || one.unit === '1';
    const label = isUnitless ? one[locale.language] : `${shortLabel(one, locale)}, ${one.unit}`;
    return { value, label, group: measured.has(value) ? words.measured : words.notMeasured };
  };
  const options = known.on.quantities.filter(({ kind }) => kind !== 'text').map(named);
  return (
    <SelectField
      label={words.what}
      value={draft.quantity}
      options={options.sort((a, b) => Number(measured.has(b.value)) - Number(measured.has(a.value)))}
      onChange={(quantity) => change({ quantity })}
      error={error}
    />
  );
}

function HowBad({ draft, change, sending }: PartProps & { sending: Sending }) {
  const words = useWords(WORDS);
  return (
    <>
      <SpanField
        label={words.forSpan}
        hint={words.forHint}
        value={draft.forS}
        onChange={(forS) => change({ forS })}
        error={sending.at('forS')}
      />
      <Choice
        label={words.severity}
        value={draft.severity}
        onChange={(severity) => change({ severity })}
        options={(['critical', 'warning', 'info'] as const).map((value) => ({
          value,
          label: words.severities[value],
          hint: words.severityHints[value],
        }))}
      />
    </>
  );
}

function Remarks({ draft, change, sending }: PartProps & { sending: Sending }) {
  const words = useWords(WORDS);
  return (
    <>
      <TextField
        label={words.note}
        hint={words.noteHint}
        value={draft.note}
        onChange={(note) => change({ note })}
        isOptional
        maxLength={500}
        error={sending.at('note')}
      />
      <TextField
        label={words.sourceLabel}
        value={draft.source}
        onChange={(source) => change({ source })}
        isOptional
        maxLength={500}
        error={sending.at('source')}
      />
      <CheckField label={words.enabled} value={draft.enabled} onChange={(enabled) => change({ enabled })} />
    </>
  );
}
