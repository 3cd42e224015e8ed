import { type TSchema, Type } from 'typebox';
import { parseTime } from './parse-time.ts';
import { requestInvalid } from './request-invalid.ts';

const text = (description: string) => Type.Optional(Type.String({ description }));

/** A time range in a query. */
export const rangeQuery = {
  from: text(
    'Start, included: ISO 8601 with a zone, or milliseconds since 1970. Default: a day before `to`.',
  ),
  to: text('End, not included; as `from`. Default: now.'),
} satisfies Record<string, TSchema>;

const DAY_MS = 86_400_000;
const MOST_DAYS = 400;

export function parseRange(
  { from, to }: { readonly from?: string; readonly to?: string },
  nowMs: number,
): { readonly fromMs: number; readonly toMs: number } {
  const toMs = to === undefined ? nowMs : parseTime('to', to);
  const fromMs = from === undefined ? toMs - DAY_MS : parseTime('from', from);
  if (fromMs >= toMs) throw requestInvalid('from', { en: 'must be before "to"', zh: '必须早于 "to"' });
  if (toMs - fromMs > MOST_DAYS * DAY_MS) {
    throw requestInvalid('from', {
      en: `must be at most ${MOST_DAYS} days before "to"`,
      zh: `与 "to" 的间隔最多 ${MOST_DAYS} 天`,
    });
  }
  return { fromMs, toMs };
}
