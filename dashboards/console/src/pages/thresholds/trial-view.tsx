import { useMemo, useState } from 'preact/hooks';
import type { Threshold, ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { Button } from '../../components/button.tsx';
import { problemOf } from '../../components/use-sending.ts';
import { PART_WORDS } from '../../components/words.ts';
import { useConsole } from '../../console.ts';
import { tagsKey } from '../../history.ts';
import type { Locale } from '../../i18n/locale.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Trial } from './api.ts';
import { plainWish } from './threshold-action.tsx';
import { TrialChart } from './trial-chart.tsx';
import type { Known } from './use-places.ts';
import { useTrial } from './use-trial.ts';
import { WORDS } from './words.ts';

const DAYS = ['7', '30', '90', '180'] as const;
type Days = (typeof DAYS)[number];
const FIRST_SHOWN = 3;

interface TrialViewProps {
  readonly wish: ThresholdWish | undefined;
  /** What it would take the place of. */
  readonly standing: Threshold | undefined;
  readonly known: Known;
}

/** What a threshold would have done with past readings, in words and drawn, beside what it does as it stands. */
export function TrialView({ wish, standing, known }: TrialViewProps) {
  const words = useWords(WORDS);
  const parts = useWords(PART_WORDS);
  const { locale } = useConsole();
  const [days, setDays] = useState<Days>('30');
  const entered = useTrial(wish, Number(days));
  const before = useMemo(() => standing && plainWish(standing), [standing]);
  const stands = useTrial(before, Number(days));
  const { trial } = entered;
  return (
    <section class="card trial" aria-labelledby="trial-title" aria-busy={entered.isBusy}>
      <div class="section-head">
        <h2 id="trial-title">{words.trial}</h2>
        <fieldset class="ranges">
          <legend class="hidden">{words.trialDays}</legend>
          {DAYS.map((one) => (
            <label key={one}>
              <input
                type="radio"
                name="days"
                value={one}
                checked={one === days}
                onChange={() => setDays(one)}
              />
              <span>{words.days[one]}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <div role="status">
        {!wish && <p class="trial-wait">{words.trialIncomplete}</p>}
        {wish && entered.isBusy && <p class="trial-wait">{words.trialBusy}</p>}
        {wish && trial && !entered.isBusy && (
          <p class="trial-said">
            <strong>{saidOf(trial, words.days[days], locale)}</strong>{' '}
            {standing && stands.trial && !stands.isBusy && standingSaid(stands.trial, locale)}
          </p>
        )}
      </div>
      {entered.error !== undefined && !entered.isBusy && (
        <p class="form-problem">
          {words.trialNotDrawn} {problemOf(entered.error, parts).message}
        </p>
      )}
      {wish && trial && (
        <TrialCharts
          {...{ wish, trial, known }}
          before={standing && !stands.isBusy ? stands.trial : undefined}
        />
      )}
    </section>
  );
}

interface TrialChartsProps {
  readonly wish: ThresholdWish;
  readonly trial: Trial;
  readonly before: Trial | undefined;
  readonly known: Known;
}

/** Those with the most events first: they are what the bound is about. */
function TrialCharts({ wish, trial, before, known }: TrialChartsProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const [isAll, setAll] = useState(false);
  const series = [...trial.series].sort((a, b) => b.raised.length - a.raised.length);
  const shown = isAll ? series : series.slice(0, FIRST_SHOWN);
  const standing = new Map(before?.series.map((one) => [tagsKey(one.tags), one]));
  const untried = trial.untried > 0 && (
    <p class="field-hint">{words.trialUntried(locale.number(trial.untried, 0))}</p>
  );
  if (series.length === 0) return untried || <p>{words.trialNoSeries}</p>;
  return (
    <>
      {shown.map((one) => (
        <TrialChart
          key={tagsKey(one.tags)}
          {...{ wish, trial, known }}
          series={one}
          before={before && (standing.get(tagsKey(one.tags)) ?? { ...one, raised: [] })}
        />
      ))}
      <p class="field-hint">{words.legend}</p>
      {shown.length < series.length && (
        <Button onClick={() => setAll(true)}>
          {words.trialMore(locale.number(series.length - shown.length, 0))}
        </Button>
      )}
      {trial.leftOut > 0 && <p class="field-hint">{words.trialLeftOut(locale.number(trial.leftOut, 0))}</p>}
      {untried}
    </>
  );
}

function saidOf(trial: Trial, span: string, locale: Locale): string {
  const words = WORDS[locale.language];
  const total = locale.duration(trial.wrongMs);
  if (trial.events === 0) return words.trialNever(span);
  if (trial.events === 1) return words.trialOnce(span, total);
  return words.trialEvents(span, locale.number(trial.events, 0), total);
}

function standingSaid(trial: Trial, locale: Locale): string {
  const words = WORDS[locale.language];
  const total = locale.duration(trial.wrongMs);
  if (trial.events === 0) return words.standingNever;
  if (trial.events === 1) return words.standingOnce(total);
  return words.standingEvents(locale.number(trial.events, 0), total);
}
