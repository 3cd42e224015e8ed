import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { isId } from '../../../../core/ids.ts';
import { useConsole } from '../console.ts';
import { useWords } from '../i18n/use-words.ts';
import { Field, type FieldProps } from './form.tsx';
import { found, type Thing } from './found.ts';
import { PART_WORDS } from './words.ts';
import './chooser.css';

const MOST_SHOWN = 50;

interface ChooserProps extends FieldProps {
  /** Values of what is chosen. */
  readonly chosen: readonly string[];
  readonly onChange: (chosen: string[]) => void;
  /** What exists; undefined until it is known, and until then nothing is said not to. */
  readonly things: readonly Thing[] | undefined;
  /** Another takes the place of the one before. */
  readonly isOne?: boolean;
}

/** Some of what exists, found by typing: a combobox with its list. What is chosen stands above it, and can be taken out there. */
export function Chooser({ chosen, onChange, things, isOne = false, ...field }: ChooserProps) {
  const words = useWords(PART_WORDS);
  const { locale } = useConsole();
  const listId = useId();
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const [isUnfinished, setUnfinished] = useState(false);
  const typed = text.trim();
  const fit = found(things ?? [], typed);
  const isNew = isId(typed) && !things?.some(({ value }) => value === typed);
  const offered: Thing[] = [
    ...fit.slice(0, MOST_SHOWN),
    // Before its first device reports, a site exists for nobody but whoever is setting it up.
    ...(isNew ? [{ value: typed, label: words.chooseAnyway(typed) }] : []),
  ];
  const active = Math.min(at, offered.length - 1);
  const write = (entry: string) => {
    setText(entry);
    setAt(0);
    setUnfinished(false);
  };
  const pick = (value: string) => {
    const others = chosen.filter((one) => one !== value);
    const isIn = others.length < chosen.length;
    onChange(isIn ? others : [...(isOne ? [] : chosen), value]);
    write('');
    if (isOne) setOpen(false);
    input.current?.focus();
  };
  useEffect(() => {
    if (isOpen) list.current?.children[active]?.scrollIntoView({ block: 'nearest' });
  }, [isOpen, active, typed]);
  const keys: Readonly<Record<string, () => boolean>> = {
    ArrowDown: () => {
      if (isOpen) setAt(Math.min(active + 1, offered.length - 1));
      setOpen(true);
      return true;
    },
    ArrowUp: () => {
      if (isOpen) setAt(Math.max(active - 1, 0));
      setOpen(true);
      return true;
    },
    Enter: () => {
      const one = isOpen ? offered[active] : undefined;
      if (one) pick(one.value);
      // What is typed and not found is not sent with the form either.
      return one !== undefined || typed !== '';
    },
    Escape: () => {
      setOpen(false);
      write('');
      // With the list shut it is for the dialog around it.
      return isOpen || typed !== '';
    },
    Backspace: () => {
      if (text === '' && chosen.length > 0) onChange(chosen.slice(0, -1));
      return false;
    },
  };
  const optionId = (index: number) => `${listId}-${index}`;
  const error = field.error ?? (isUnfinished ? words.chooseOne(typed) : undefined);
  return (
    <div class="chooser">
      <Field {...field} error={error}>
        {(part) => (
          <div class="chooser-box">
            <Chosen {...{ chosen, things, onTakeOut: pick }} label={field.label} />
            <input
              {...part}
              ref={input}
              type="text"
              role="combobox"
              autocomplete="off"
              aria-autocomplete="list"
              aria-expanded={isOpen}
              aria-controls={listId}
              aria-activedescendant={isOpen && active >= 0 ? optionId(active) : undefined}
              data-unfinished={typed !== '' || undefined}
              placeholder={words.chooseHint}
              value={text}
              onInput={({ currentTarget }) => {
                write(currentTarget.value);
                setOpen(true);
              }}
              onClick={() => setOpen(true)}
              onBlur={() => setOpen(false)}
              onInvalid={() => {
                setUnfinished(true);
                setOpen(true);
              }}
              onKeyDown={(event) => {
                if (!event.isComposing && keys[event.key]?.()) event.preventDefault();
              }}
            />
            {/* Lies over what follows: nothing moves under a finger when it opens or shuts. */}
            <div class="chooser-list" hidden={!isOpen}>
              <div
                id={listId}
                ref={list}
                role="listbox"
                tabIndex={-1}
                aria-label={field.label}
                aria-multiselectable={!isOne || undefined}
              >
                {isOpen &&
                  offered.map(({ value, label, detail }, index) => (
                    // biome-ignore lint/a11y/useKeyWithClickEvents: keys are pressed in the field, which keeps the focus
                    <div
                      key={value}
                      id={optionId(index)}
                      role="option"
                      tabIndex={-1}
                      aria-selected={chosen.includes(value)}
                      data-active={index === active || undefined}
                      onMouseDown={(event) => event.preventDefault()}
                      onClick={() => pick(value)}
                    >
                      <bdi>{label}</bdi> {detail && <small>{detail}</small>}
                    </div>
                  ))}
              </div>
              {isOpen && (
                <p class="field-hint" role="status">
                  {things === undefined
                    ? words.loading
                    : fit.length > MOST_SHOWN
                      ? words.chooseMore(locale.number(fit.length, 0))
                      : words.chooseFit(locale.number(fit.length, 0))}
                </p>
              )}
            </div>
          </div>
        )}
      </Field>
    </div>
  );
}

interface ChosenProps extends Pick<ChooserProps, 'label' | 'chosen' | 'things'> {
  readonly onTakeOut: (value: string) => void;
}

function Chosen({ label, chosen, things, onTakeOut }: ChosenProps) {
  const words = useWords(PART_WORDS);
  if (chosen.length === 0) return null;
  return (
    <ul class="chosen" aria-label={words.chosen(label)}>
      {chosen.map((value) => {
        const thing = things?.find((one) => one.value === value);
        const name = thing?.label ?? value;
        return (
          <li key={value}>
            <span>
              <bdi>{name}</bdi> {things && !thing && <small>{words.notHere}</small>}
            </span>
            <button type="button" aria-label={words.takeOut(name)} onClick={() => onTakeOut(value)}>
              <span aria-hidden="true">×</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}
