import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import { Button } from '../../components/button.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import type { Judged } from './api.ts';
import { type Describing, describeRule } from './describe.ts';
import type { Action } from './threshold-action.tsx';
import { WORDS } from './words.ts';

interface ThresholdLineProps {
  readonly threshold: Threshold;
  readonly on: Describing;
  /** What is wrong by it now. */
  readonly raised: readonly Judged[];
  /** Absent for those who may not change it. */
  readonly onAction: ((action: Action) => void) | undefined;
}

/** One threshold: what it says, who says so and why, whether it is raised, and what can be done with it. */
export function ThresholdLine({ threshold, on, raised, onAction }: ThresholdLineProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const { id, enabled, setBy, setMs, why, note, source, severity } = threshold;
  const sentence = describeRule(threshold, on);
  return (
    <li class="threshold" data-enabled={enabled}>
      <div class="threshold-said">
        <p>
          <Severity severity={severity} /> <strong class="rule-words">{sentence}</strong>
          {!enabled && <span class="badge badge-offline">{words.disabled}</span>}
          {raised.length > 0 && (
            <a class="badge badge-bad" href={hrefOf('alerts')}>
              ▲ {words.wrongNow(locale.number(raised.length, 0))}
            </a>
          )}
        </p>
        <p class="set-by">
          {words.setBy(setBy, locale.time(setMs, Date.now()))}
          {why && ` · ${why}`}
        </p>
        {note && <p class="set-by">{note}</p>}
        {source && <p class="set-by">{words.source(source)}</p>}
      </div>
      <p class="actions">
        {onAction && (
          <a
            class="button button-plain"
            href={hrefOf('thresholds', [id, 'change'])}
            aria-label={`${words.change}: ${sentence}`}
          >
            {words.change}
          </a>
        )}
        <a
          class="button button-quiet"
          href={hrefOf('thresholds', [id])}
          aria-label={`${words.look}: ${sentence}`}
        >
          {words.look}
        </a>
        {onAction && (
          <>
            <Button
              kind="quiet"
              aria-label={`${enabled ? words.switchOff : words.switchOn}: ${sentence}`}
              onClick={() => onAction({ threshold, what: enabled ? 'switchOff' : 'switchOn' })}
            >
              {enabled ? words.switchOff : words.switchOn}
            </Button>
            <Button
              kind="quiet"
              aria-label={`${words.remove}: ${sentence}`}
              onClick={() => onAction({ threshold, what: 'remove' })}
            >
              {words.remove}
            </Button>
          </>
        )}
      </p>
    </li>
  );
}

const SHAPES = { critical: '■', warning: '▲', info: '○' } as const;

/** A word and a shape, so that colour is never the only sign. */
export function Severity({ severity }: { readonly severity: Threshold['severity'] }) {
  const words = useWords(WORDS);
  return (
    <span class="severity" data-severity={severity}>
      <span aria-hidden="true">{SHAPES[severity]} </span>
      {words.severities[severity]}
    </span>
  );
}
