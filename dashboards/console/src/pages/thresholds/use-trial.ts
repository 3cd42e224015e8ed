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

interface Answer {
  /** What it is the answer to. */
  readonly to: string;
  readonly trial: Trial | undefined;
  readonly error: unknown;
}

/** What a wish would have done over the last days; asked again when the wish is another one, and nothing without one. */
export function useTrial(wish: ThresholdWish | undefined, days: number): TrialState {
  const { api, locale } = useConsole();
  const [answer, setAnswer] = useState<Answer>();
  const asked = wish && JSON.stringify({ wish, days });
  useEffect(() => {
    if (asked === undefined) return;
    let isCurrent = true;
    const timer = setTimeout(async () => {
      const body: unknown = JSON.parse(asked);
      try {
        const trial = await api.send<Trial>('POST', '/api/v1/thresholds/trial', body);
        if (isCurrent) setAnswer({ to: asked, trial, error: undefined });
      } catch (error) {
        if (isCurrent) setAnswer({ to: asked, trial: undefined, error });
      }
    }, PAUSE_MS);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [api, asked, locale.language]);
  // What is shown while another question is under way is drawn still, and its words are not: they would name another time.
  return { trial: answer?.trial, error: answer?.error, isBusy: asked !== undefined && answer?.to !== asked };
}
