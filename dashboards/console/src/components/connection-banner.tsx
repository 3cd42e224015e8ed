import type { Failure } from '../live.ts';
import { useView } from '../view.ts';

/** Says that, since when, and what happens next, while the server does not answer. */
export function ConnectionBanner({
  failure,
  hasValues,
}: {
  readonly failure: Failure;
  readonly hasValues: boolean;
}) {
  const { locale, nowMs } = useView();
  const { words } = locale;
  const waitMs = failure.retryAtMs === undefined ? 0 : failure.retryAtMs - nowMs;
  return (
    <div class="banner">
      <p role="alert">
        <strong>{words.unreachable}</strong>{' '}
        {hasValues ? words.unreachableSince(locale.time(failure.sinceMs, nowMs)) : words.unreachableFirst}
      </p>
      <p class="banner-retry">
        {waitMs > 0 ? words.retryIn(locale.number(Math.ceil(waitMs / 1000), 0)) : words.retrying}
      </p>
    </div>
  );
}
