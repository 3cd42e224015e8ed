import { useId, useState } from 'preact/hooks';
import type { Locale } from '../i18n/locale.ts';
import type { TimeSpan } from '../ranges.ts';
import { isRelative } from './time.ts';
import type { PanelWords } from './words.ts';

export interface TimePickerProps {
  readonly locale: Locale;
  readonly words: PanelWords;
  readonly from: string;
  readonly to: string;
  readonly span: TimeSpan;
  readonly refresh: string;
  readonly onTime: (from: string, to: string) => void;
  readonly onRefresh: (every: string) => void;
  readonly onNow: () => void;
  readonly onWiden: () => void;
}

const CUSTOM = 'custom';
/** Nothing of ours changes faster than 5 s, and what is older than a minute is not live. */
const REFRESHES = ['', '5s', '10s', '30s', '1m', '5m'];

/** Which time is shown, in words that move on with the clock or from one time to another, and how often it is asked for anew. */
export function TimePicker(props: TimePickerProps) {
  const { locale, words, from, to, span, refresh, onTime, onRefresh, onNow, onWiden } = props;
  const quick = Object.entries(words.quick);
  const isQuick = to === 'now' && from in words.quick;
  const [isCustom, setCustom] = useState(false);
  const id = useId();
  const isAbsolute = !isRelative(from, to);
  return (
    <div class="time-picker">
      <label class="pick">
        <span>{words.timeShown}</span>
        <select
          value={isCustom || !isQuick ? CUSTOM : from}
          onChange={({ currentTarget: { value } }) => {
            setCustom(value === CUSTOM);
            if (value !== CUSTOM) onTime(value, 'now');
          }}
        >
          {quick.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
          <option value={CUSTOM}>
            {isAbsolute && !isCustom
              ? words.between(locale.time(span.fromMs, Date.now()), locale.time(span.toMs, Date.now()))
              : isQuick
                ? words.custom
                : `${from} … ${to}`}
          </option>
        </select>
      </label>
      {(isCustom || isAbsolute) && (
        <Absolute
          key={`${span.fromMs} ${isAbsolute}`}
          id={id}
          words={words}
          span={span}
          onTime={(a, b) => {
            setCustom(false);
            onTime(a, b);
          }}
        />
      )}
      <button type="button" class="quiet" onClick={onWiden} title={words.zoomOut}>
        <span aria-hidden="true">⊖</span> {words.zoomOut}
      </button>
      {!isAbsolute && (
        <label class="pick">
          <span>{words.refresh}</span>
          <select value={refresh} onChange={({ currentTarget: { value } }) => onRefresh(value)}>
            {[...new Set([...REFRESHES, refresh])].map((every) => (
              <option key={every} value={every}>
                {every === '' ? words.off : words.every(every)}
              </option>
            ))}
          </select>
        </label>
      )}
      <button
        type="button"
        class="quiet"
        onClick={onNow}
        aria-label={words.refreshNow}
        title={words.refreshNow}
      >
        ↻
      </button>
    </div>
  );
}

interface AbsoluteProps {
  readonly id: string;
  readonly words: PanelWords;
  readonly span: TimeSpan;
  readonly onTime: (from: string, to: string) => void;
}

function Absolute({ id, words, span, onTime }: AbsoluteProps) {
  const [from, setFrom] = useState(localText(span.fromMs));
  const [to, setTo] = useState(localText(span.toMs));
  const isWrong = !(Date.parse(from) < Date.parse(to));
  return (
    <form
      class="absolute"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isWrong) onTime(String(Date.parse(from)), String(Date.parse(to)));
      }}
    >
      <label class="pick">
        <span>{words.from}</span>
        <input
          type="datetime-local"
          value={from}
          onInput={({ currentTarget }) => setFrom(currentTarget.value)}
        />
      </label>
      <label class="pick">
        <span>{words.to}</span>
        <input
          type="datetime-local"
          value={to}
          aria-invalid={isWrong}
          aria-describedby={isWrong ? id : undefined}
          onInput={({ currentTarget }) => setTo(currentTarget.value)}
        />
      </label>
      <button type="submit" class="quiet">
        {words.apply}
      </button>
      {isWrong && (
        <p id={id} class="panel-failed" role="alert">
          {words.timeWrong}
        </p>
      )}
    </form>
  );
}

/** As `datetime-local` takes it, in the viewer's zone. */
function localText(ms: number): string {
  const date = new Date(ms);
  const two = (figure: number) => String(figure).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}
