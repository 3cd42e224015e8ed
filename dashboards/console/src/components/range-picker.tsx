import { RANGE_NAMES, type RangeName } from '../ranges.ts';
import { useView } from '../view.ts';

export function RangePicker({ onChange }: { readonly onChange: (range: RangeName) => void }) {
  const { locale, range } = useView();
  return (
    <fieldset class="ranges">
      <legend class="hidden">{locale.words.range}</legend>
      {RANGE_NAMES.map((name) => (
        <label key={name}>
          <input
            type="radio"
            name="range"
            value={name}
            checked={name === range}
            onChange={() => onChange(name)}
          />
          <span>{locale.words.ranges[name]}</span>
        </label>
      ))}
    </fieldset>
  );
}
