import type { CareRequest } from '../../core/care-request.ts';
import type { SluiceError } from '../../core/errors.ts';
import { eventReason, type GatewayEvent } from '../../core/gateway-event.ts';

/** The answer to a request: its result, or why it was not done. */
export function careAnswer(
  { id, action, issuer }: Pick<CareRequest, 'id' | 'action' | 'issuer'>,
  timeMs: number,
  end: { readonly result: unknown } | { readonly error: SluiceError },
): GatewayEvent {
  // One answer to a request: ingest tells repeats apart by it.
  const about = { id: `care-${id}`.slice(0, 64), timeMs, kind: 'care', request: id, action, issuer } as const;
  if ('error' in end) return { ...about, isDone: false, reason: eventReason(end.error) };
  return { ...about, isDone: true, result: end.result };
}
