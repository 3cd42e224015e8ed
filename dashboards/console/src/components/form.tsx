import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { useWords } from '../i18n/use-words.ts';
import type { Sending } from './use-sending.ts';
import { PART_WORDS } from './words.ts';

/** What every field has around it. */
export interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  /** Stands behind the value; read out with the label. */
  readonly unit?: string | undefined;
  /** What is wrong with it, under it. */
  readonly error?: string | undefined;
  readonly isOptional?: boolean;
}

interface Part {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean | undefined;
}

/** Label, value with its unit, hint and error of whatever control is drawn within. */
export function Field({
  children,
  ...props
}: FieldProps & { readonly children: (part: Part) => ComponentChildren }) {
  const { label, hint, unit, error, isOptional = false } = props;
  const words = useWords(PART_WORDS);
  const id = useId();
  const described = [unit && `${id}-unit`, hint && `${id}-hint`, error && `${id}-error`]
    .filter(Boolean)
    .join(' ');
  return (
    <div class="field" data-invalid={error !== undefined || undefined}>
      <label for={id}>
        {label}
        {isOptional && <span class="field-optional"> {words.optional}</span>}
      </label>
      <div class="field-value">
        {children({
          id,
          'aria-describedby': described || undefined,
          'aria-invalid': error === undefined ? undefined : true,
        })}
        {unit !== undefined && unit !== '' && (
          <span class="field-unit" id={`${id}-unit`}>
            {unit}
          </span>
        )}
      </div>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p class="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

interface ValueProps<T> extends FieldProps {
  readonly value: T;
  readonly onChange: (value: T) => void;
}

interface TextFieldProps extends ValueProps<string> {
  readonly isLong?: boolean;
  readonly maxLength?: number;
  readonly type?:
    | 'text'
    | 'password'
    | 'email'
    | 'url'
    | 'tel'
    | 'search'
    | 'time'
    | 'datetime-local'
    | 'date';
  readonly autocomplete?: string;
}

export function TextField({
  value,
  onChange,
  isLong,
  maxLength,
  type = 'text',
  autocomplete,
  ...field
}: TextFieldProps) {
  return (
    <Field {...field}>
      {(part) =>
        isLong ? (
          <textarea
            {...part}
            rows={3}
            value={value}
            maxLength={maxLength}
            onInput={({ currentTarget }) => onChange(currentTarget.value)}
          />
        ) : (
          <input
            {...part}
            // The types of the library tell the kinds of input apart, which are one here.
            type={type as 'text'}
            value={value}
            maxLength={maxLength}
            autocomplete={autocomplete}
            onInput={({ currentTarget }) => onChange(currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

/** A number as people write it. NaN while what stands there is none, undefined while it is empty. */
export function NumberField({ value, onChange, ...field }: ValueProps<number | undefined>) {
  const words = useWords(PART_WORDS);
  const [text, setText] = useState(() => textOf(value));
  // Set from outside; what is being typed, such as "1.", is left alone.
  useEffect(() => {
    if (!Object.is(numberOf(text), value)) setText(textOf(value));
  }, [value]);
  const isWrong = Number.isNaN(value);
  return (
    <Field {...field} error={field.error ?? (isWrong ? words.notANumber : undefined)}>
      {(part) => (
        <DecimalInput
          part={part}
          text={text}
          onText={(entry) => {
            setText(entry);
            onChange(numberOf(entry));
          }}
        />
      )}
    </Field>
  );
}

interface DecimalInputProps {
  readonly part: Part;
  readonly text: string;
  readonly onText: (text: string) => void;
}

/** Where a number is typed: text, so that "1." and a comma can stand there. */
export function DecimalInput({ part, text, onText }: DecimalInputProps) {
  return (
    <input
      {...part}
      type="text"
      inputMode="decimal"
      autocomplete="off"
      value={text}
      onInput={({ currentTarget }) => onText(currentTarget.value)}
    />
  );
}

function textOf(value: number | undefined): string {
  return value === undefined || Number.isNaN(value) ? '' : String(value);
}

/** NaN where no number stands, undefined where nothing does. */
export function numberOf(text: string): number | undefined {
  const plain = text.trim().replace(',', '.').replace('−', '-');
  return plain === '' ? undefined : Number(plain);
}

export interface Option {
  readonly value: string;
  readonly label: string;
  readonly group?: string;
}

interface SelectFieldProps extends ValueProps<string> {
  readonly options: readonly Option[];
}

export function SelectField({ value, onChange, options, ...field }: SelectFieldProps) {
  const groups = [...new Set(options.map(({ group }) => group))];
  const drawn = (group: string | undefined) =>
    options
      .filter((one) => one.group === group)
      .map((one) => (
        <option key={one.value} value={one.value}>
          {one.label}
        </option>
      ));
  return (
    <Field {...field}>
      {(part) => (
        <select {...part} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          {groups.map((group) =>
            group === undefined ? (
              drawn(group)
            ) : (
              <optgroup key={group} label={group}>
                {drawn(group)}
              </optgroup>
            ),
          )}
        </select>
      )}
    </Field>
  );
}

interface CheckFieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

export function CheckField({ label, hint, value, onChange }: CheckFieldProps) {
  const id = useId();
  return (
    <div class="check">
      <input
        id={id}
        type="checkbox"
        checked={value}
        aria-describedby={hint && `${id}-hint`}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      {hint && (
        <p class="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly label: string; readonly hint?: string }[];
  readonly onChange: (value: T) => void;
}

/** One of a few, all in sight: arrow keys move between them. */
export function Choice<T extends string>({ label, value, options, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      <div class="choice-options">
        {options.map((one) => (
          <label key={one.value}>
            <input
              type="radio"
              name={name}
              value={one.value}
              checked={one.value === value}
              onChange={() => onChange(one.value)}
            />
            <span>
              {one.label}
              {one.hint && <small>{one.hint}</small>}
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** What stands against the form as a whole; brings the first wrong field, or itself, to whoever sent it. */
export function FormProblem({ sending }: { readonly sending: Sending }) {
  const words = useWords(PART_WORDS);
  const ref = useRef<HTMLParagraphElement>(null);
  const { problem } = sending;
  useEffect(() => {
    if (!problem) return;
    const wrong = ref.current?.closest('form')?.querySelector<HTMLElement>('[aria-invalid="true"]');
    (wrong ?? ref.current)?.focus();
  }, [problem]);
  if (!problem) return null;
  const said = problem.message || [...new Set(Object.values(problem.fields))].join(' ');
  return (
    <p class="form-problem" role="alert" tabIndex={-1} ref={ref}>
      <strong>{words.mend}</strong> {said}
    </p>
  );
}
