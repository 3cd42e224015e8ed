import { useState } from 'preact/hooks';
import { SPAN_UNITS, type SpanUnit, unitOfSpan } from '../format-span.ts';
import { useWords } from '../i18n/use-words.ts';
import { DecimalInput, Field, type FieldProps, numberOf } from './form.tsx';
import { PART_WORDS } from './words.ts';

interface SpanFieldProps extends FieldProps {
  /** Seconds; undefined while it is empty, NaN while it is no number. */
  readonly value: number | undefined;
  readonly onChange: (valueS: number | undefined) => void;
}

/** A length of time in the unit that people think of it in. */
export function SpanField({ value, onChange, ...field }: SpanFieldProps) {
  const words = useWords(PART_WORDS);
  const [unit, setUnit] = useState<SpanUnit>(() => (value === undefined ? 'min' : unitOfSpan(value)));
  const shown = value === undefined || Number.isNaN(value) ? '' : String(value / SPAN_UNITS[unit]);
  const [text, setText] = useState(shown);
  const told = (entry: string, of: SpanUnit) => {
    const count = numberOf(entry);
    onChange(count === undefined ? undefined : count * SPAN_UNITS[of]);
  };
  const isWrong = Number.isNaN(value);
  return (
    <Field {...field} error={field.error ?? (isWrong ? words.notANumber : undefined)}>
      {(part) => (
        <>
          <DecimalInput
            part={part}
            text={text}
            onText={(entry) => {
              setText(entry);
              told(entry, unit);
            }}
          />
          <select
            aria-label={words.unitOf(field.label)}
            value={unit}
            onChange={({ currentTarget }) => {
              const chosen = currentTarget.value as SpanUnit;
              setUnit(chosen);
              told(text, chosen);
            }}
          >
            {(Object.keys(SPAN_UNITS) as SpanUnit[]).map((one) => (
              <option key={one} value={one}>
                {words.units[one]}
              </option>
            ))}
          </select>
        </>
      )}
    </Field>
  );
}
