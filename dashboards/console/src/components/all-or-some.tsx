import { useRef } from 'preact/hooks';
import { Chooser } from './chooser.tsx';
import { CheckField } from './form.tsx';
import type { Thing } from './found.ts';

interface AllOrSomeProps {
  readonly labels: { readonly all: string; readonly some: string; readonly none: string };
  readonly value: 'all' | readonly string[];
  readonly onChange: (value: 'all' | readonly string[]) => void;
  readonly things: readonly Thing[] | undefined;
  readonly error?: string | undefined;
}

/** All of them, also what comes later; or some by name. */
export function AllOrSome({ labels, value, onChange, things, error }: AllOrSomeProps) {
  // Whoever ticks "all" and takes it back has lost nothing.
  const some = useRef<readonly string[]>([]);
  if (value !== 'all') some.current = value;
  return (
    <>
      <CheckField
        label={labels.all}
        value={value === 'all'}
        onChange={(isAll) => onChange(isAll ? 'all' : some.current)}
      />
      {value !== 'all' && (
        <Chooser
          label={labels.some}
          hint={value.length === 0 ? labels.none : undefined}
          chosen={value}
          onChange={onChange}
          things={things}
          error={error}
        />
      )}
    </>
  );
}
