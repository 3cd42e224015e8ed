import { expect, it } from 'vitest';
import { shownSpan } from './ranges.ts';

const NOW = Date.UTC(2026, 5, 1, 8, 0, 3);
const MINUTE_MS = 60_000;

it('shows the whole time where there is history, as much as there is before that, and never less than 5 minutes', () => {
  const toMs = Date.UTC(2026, 5, 1, 8, 0, 10);
  expect(shownSpan('1h', NOW, 0)).toEqual({ fromMs: toMs - 60 * MINUTE_MS, toMs });
  expect(shownSpan('1h', NOW, toMs - 20 * MINUTE_MS)).toEqual({ fromMs: toMs - 20 * MINUTE_MS, toMs });
  expect(shownSpan('1h', NOW, Number.POSITIVE_INFINITY)).toEqual({ fromMs: toMs - 5 * MINUTE_MS, toMs });
});
