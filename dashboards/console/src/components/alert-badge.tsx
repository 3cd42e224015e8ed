import { useConsole } from '../console.ts';
import { useAsked } from '../use-asked.ts';

const REFRESH_MS = 20_000;

/** How many critical events are open, wherever in the console somebody is; nothing where there is none, or nobody knows. */
export function AlertBadge() {
  const { locale } = useConsole();
  const { words } = locale;
  const { answer, failure } = useAsked<{ readonly critical: number }>('/api/v1/alerts/counts', REFRESH_MS);
  if (!answer || failure || answer.critical === 0) return null;
  const count = locale.number(answer.critical, 0);
  return (
    <span class="alert-badge">
      <span aria-hidden="true">{count}</span>
      <span class="hidden">{words.criticalOpen(count)}</span>
    </span>
  );
}
