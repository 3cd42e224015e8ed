import type { Page } from 'playwright-core';
import type { ThresholdWish } from '../../core/thresholds/threshold.ts';

const HOUR_MS = 3_600_000;

interface Asked {
  readonly wish: ThresholdWish;
  readonly days: number;
}

/**
 * Answers in the place of the judge of past readings: a curve of its own, raised wherever it is below the low bound. Keeps what it was asked.
 */
export async function fakeTrial(page: Page, asked: Asked[] = []): Promise<Asked[]> {
  await page.route('**/api/v1/thresholds/trial', async (route) => {
    const body = route.request().postDataJSON() as Asked;
    asked.push(body);
    await route.fulfill({ json: judged(body) });
  });
  await page.route('**/api/v1/thresholds/state', (route) => route.fulfill({ json: { series: [] } }));
  return asked;
}

function judged({ wish, days }: Asked) {
  const toMs = Date.now();
  const fromMs = toMs - days * 24 * HOUR_MS;
  const low = wish.rule.kind === 'bounds' ? wish.rule.low : undefined;
  const series = ['soil-north', 'soil-south'].map((device, index) => {
    const points = { timeMs: [] as number[], value: [] as number[] };
    const raised: { fromMs: number; toMs?: number; worst: number }[] = [];
    for (let timeMs = fromMs; timeMs < toMs; timeMs += HOUR_MS) {
      const value = 26 + 4 * index + 6 * Math.sin((timeMs - fromMs) / (40 * HOUR_MS));
      points.timeMs.push(timeMs);
      points.value.push(value);
      const open = raised.at(-1)?.toMs === undefined ? raised.at(-1) : undefined;
      if (low && !open && value < low.raise) raised.push({ fromMs: timeMs, worst: value });
      else if (low && open && value >= low.clear) open.toMs = timeMs;
      else if (open) open.worst = Math.min(open.worst, value);
    }
    const tags = { site: 'demo-farm', gateway: 'pump-house', device, zone: device.slice(5) };
    return { tags, points, raised };
  });
  const events = series.reduce((sum, { raised }) => sum + raised.length, 0);
  const wrongMs = series
    .flatMap(({ raised }) => raised)
    .reduce((sum, one) => sum + (one.toMs ?? toMs) - one.fromMs, 0);
  return { fromMs, toMs, events, wrongMs, series, leftOut: 0 };
}
