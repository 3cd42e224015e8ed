import { useEffect, useState } from 'preact/hooks';
import type { ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { useConsole } from '../../console.ts';
import type { Trial } from './api.ts';

/** So long after the last key the past is asked for: a judgement over weeks of readings is no small thing. */
const PAUSE_MS = 600;

export interface TrialState {
  readonly trial: Trial | undefined;
  readonly error: unknown;
  readonly isBusy: boolean;
}

const NOTHING: TrialState = { trial: undefined, error: undefined, isBusy: false };

/** What a wish would have done over the last days; asked again when the wish is another one, and nothing without one. */
export function useTrial(wish: ThresholdWish | undefined, days: number): TrialState {
  const { api, locale } = useConsole();
  const [state, setState] = useState(NOTHING);
  const asked = wish && JSON.stringify(wish);
  useEffect(() => {
    if (asked === undefined) {
      setState(NOTHING);
      return;
    }
    let isCurrent = true;
    setState((before) => ({ ...before, isBusy: true }));
    const timer = setTimeout(async () => {
      try {
        const trial = await api.send<Trial>('POST', '/api/v1/thresholds/trial', {
          wish: JSON.parse(asked),
          days,
        });
        if (isCurrent) setState({ trial, error: undefined, isBusy: false });
      } catch (error) {
        if (isCurrent) setState({ trial: undefined, error, isBusy: false });
      }
    }, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, asked, days, locale.language]);
  return state;
}
