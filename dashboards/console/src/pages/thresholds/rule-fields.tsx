import type { ComponentChildren } from 'preact';
import type { Quantity } from '../../../../../core/quantities.ts';
import { Choice, NumberField } from '../../components/form.tsx';
import { SpanField } from '../../components/span-field.tsx';
import type { Sending } from '../../components/use-sending.ts';
import { useWords } from '../../i18n/use-words.ts';
import { type Draft, RULE_KINDS } from './draft.ts';
import { WORDS } from './words.ts';

interface RuleFieldsProps {
  readonly draft: Draft;
  readonly change: (some: Partial<Draft>) => void;
  readonly sending: Sending;
  readonly quantity: Quantity | undefined;
}

/** The kind of the rule, and the fields that this kind has. */
export function RuleFields(props: RuleFieldsProps) {
  const words = useWords(WORDS);
  const { draft, change, sending } = props;
  const error = sending.at('rule');
  return (
    <>
      <Choice
        label={words.rule}
        value={draft.kind}
        onChange={(kind) => change({ kind })}
        options={RULE_KINDS.map((kind) => ({
          value: kind,
          label: words.kinds[kind],
          hint: words.kindHints[kind],
        }))}
      />
      <OwnFields {...props} />
      {error && <p class="field-error">{error}</p>}
    </>
  );
}

function OwnFields({ draft, change, sending, quantity }: RuleFieldsProps) {
  const words = useWords(WORDS);
  const unit = quantity?.unit === '1' ? '' : quantity?.unit;
  const { at } = sending;
  /** A number in the unit of the quantity. */
  const figure = (label: string, key: FigureKey, name: string, hint?: string) => (
    <NumberField
      key={`${draft.kind}-${key}`}
      {...{ label, unit, hint, value: draft[key], error: at(name) }}
      onChange={(value) => change({ [key]: value })}
    />
  );
  const span = (label: string, key: 'rateOverS' | 'stuckOverS' | 'afterS', name: string) => (
    <SpanField
      key={`${draft.kind}-${key}`}
      {...{ label, value: draft[key], error: at(name) }}
      onChange={(value) => change({ [key]: value })}
    />
  );
  switch (draft.kind) {
    case 'bounds':
      return (
        <div class="form-row">
          <Side title={words.low} hint={words.lowHint}>
            {figure(words.lowRaise, 'lowRaise', 'rule.low.raise')}
            {figure(words.lowClear, 'lowClear', 'rule.low.clear', words.lowClearHint)}
          </Side>
          <Side title={words.high} hint={words.highHint}>
            {figure(words.highRaise, 'highRaise', 'rule.high.raise')}
            {figure(words.highClear, 'highClear', 'rule.high.clear', words.highClearHint)}
          </Side>
        </div>
      );
    case 'rate':
      return (
        <div class="form-row">
          {figure(words.rise, 'rise', 'rule.rise')}
          {figure(words.fall, 'fall', 'rule.fall')}
          {span(words.over, 'rateOverS', 'rule.overS')}
        </div>
      );
    case 'stuck':
      return (
        <div class="form-row">
          {figure(words.band, 'band', 'rule.band')}
          {span(words.stuckOver, 'stuckOverS', 'rule.overS')}
        </div>
      );
    case 'no-data':
      return span(words.afterSilent, 'afterS', 'rule.afterS');
    case 'implausible':
      return null;
    case 'neighbours':
      return figure(words.by, 'by', 'rule.by');
  }
}

type FigureKey = 'lowRaise' | 'lowClear' | 'highRaise' | 'highClear' | 'rise' | 'fall' | 'band' | 'by';

interface SideProps {
  readonly title: string;
  readonly hint: string;
  readonly children: ComponentChildren;
}

function Side({ title, hint, children }: SideProps) {
  return (
    <fieldset class="side">
      <legend>{title}</legend>
      <p class="field-hint">{hint}</p>
      {children}
    </fieldset>
  );
}
