import { useId } from 'preact/hooks';
import { ALL, type ResolvedVariable } from './variables.ts';
import type { PanelWords } from './words.ts';

interface VariableBarProps {
  readonly variables: readonly ResolvedVariable[];
  readonly words: PanelWords;
  readonly onChoose: (name: string, values: readonly string[]) => void;
}

/** What the dashboard is about: one of each, several, or all. */
export function VariableBar({ variables, words, onChoose }: VariableBarProps) {
  const shown = variables.filter(({ variable }) => variable.hide !== 2 && variable.type !== 'constant');
  if (shown.length === 0) return null;
  return (
    <div class="variables">
      {shown.map((one) =>
        one.variable.multi ? (
          <Several key={one.variable.name} one={one} words={words} onChoose={onChoose} />
        ) : (
          <One key={one.variable.name} one={one} words={words} onChoose={onChoose} />
        ),
      )}
    </div>
  );
}

interface ChoiceProps extends Omit<VariableBarProps, 'variables'> {
  readonly one: ResolvedVariable;
}

function labelOf({ variable }: ResolvedVariable): string {
  return variable.label || variable.name;
}

function One({ one, words, onChoose }: ChoiceProps) {
  const { variable, options, chosen, unknown } = one;
  const id = useId();
  if (unknown)
    return <p class="panel-note panel-unknown">{words.unknown.option(`${labelOf(one)}: ${unknown.part}`)}</p>;
  const change = (value: string) => onChoose(variable.name, [value]);
  return (
    <div class="pick">
      <label for={id}>{labelOf(one)}</label>
      {variable.type === 'textbox' ? (
        <input
          id={id}
          value={chosen[0] ?? ''}
          onChange={({ currentTarget }) => change(currentTarget.value)}
        />
      ) : (
        <select id={id} value={chosen[0] ?? ''} onChange={({ currentTarget }) => change(currentTarget.value)}>
          {variable.includeAll && <option value={ALL}>{words.all}</option>}
          {options.map(({ text, value }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </div>
  );
}

function Several({ one, words, onChoose }: ChoiceProps) {
  const { variable, options, chosen, unknown } = one;
  if (unknown)
    return <p class="panel-note panel-unknown">{words.unknown.option(`${labelOf(one)}: ${unknown.part}`)}</p>;
  const isAll = chosen.includes(ALL);
  const text = isAll
    ? words.all
    : chosen.length <= 2
      ? chosen.join(', ')
      : words.chosenOf(String(chosen.length), String(options.length));
  const toggle = (value: string) => {
    const before = isAll ? [] : chosen;
    const next = before.includes(value) ? before.filter((other) => other !== value) : [...before, value];
    onChoose(variable.name, next.length > 0 ? next : [ALL]);
  };
  return (
    <details class="several">
      <summary>
        <span class="several-name">{labelOf(one)}</span> <span class="several-text">{text}</span>
      </summary>
      <fieldset>
        <legend class="hidden">{words.choose(labelOf(one))}</legend>
        {variable.includeAll && (
          <label>
            <input type="checkbox" checked={isAll} onChange={() => onChoose(variable.name, [ALL])} />{' '}
            {words.all}
          </label>
        )}
        {options.map(({ text: name, value }) => (
          <label key={value}>
            <input
              type="checkbox"
              checked={!isAll && chosen.includes(value)}
              onChange={() => toggle(value)}
            />{' '}
            {name}
          </label>
        ))}
      </fieldset>
    </details>
  );
}
