import { createHash } from 'node:crypto';
import { SluiceError } from '../../core/errors.ts';
import { eventReason, type GatewayEvent } from '../../core/gateway-event.ts';
import type { Asked } from './config-versions.ts';

/** A record of the outbox holds 1 MiB; an answer is JSON within JSON there. */
const LONGEST_RESULT = 400_000;
const LONGEST_ID = 64;

/** The answer to a request: its result, or why it was not done. */
export function careAnswer(
  { id: request, action, issuer }: Asked,
  timeMs: number,
  end: { readonly result: unknown } | { readonly error: SluiceError },
): Extract<GatewayEvent, { kind: 'care' }> {
  const about = { id: eventId(request), timeMs, kind: 'care', request, action, issuer } as const;
  if ('error' in end) return { ...about, isDone: false, reason: eventReason(end.error) };
  const { length } = JSON.stringify(end.result);
  if (length <= LONGEST_RESULT) return { ...about, isDone: true, result: end.result };
  const error = new SluiceError('CARE_ANSWER_TOO_LONG', { length, limit: LONGEST_RESULT });
  return { ...about, isDone: false, reason: eventReason(error) };
}

/** One answer to a request: ingest tells repeats apart by it. */
function eventId(request: string): string {
  const id = `care-${request}`;
  return id.length <= LONGEST_ID
    ? id
    : `care-${createHash('sha256').update(request).digest('hex').slice(0, 32)}`;
}
