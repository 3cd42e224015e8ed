import { useEffect, useState } from 'preact/hooks';
import type { Words } from '../../../../core/errors.ts';
import { useBoard } from './board-context.ts';

interface OpenAlert {
  readonly id: string;
  readonly severity: string;
  readonly words: Words;
  readonly sinceMs: number;
}

const MOST = 20;

/** Where Grafana lists its own alerts stand those of our engine, which are one for each cause. */
export function AlertList() {
  const { api, locale, words, turn, nowMs } = useBoard();
  const [alerts, setAlerts] = useState<readonly OpenAlert[]>();
  useEffect(() => {
    let isGone = false;
    api.get<{ alerts: readonly OpenAlert[] }>('/api/v1/alerts?state=open').then(
      (found) => !isGone && setAlerts(found.alerts),
      // What was shown stays; the page says that nothing is heard.
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, [api, turn]);
  if (!alerts) return null;
  if (alerts.length === 0) return <p class="panel-empty">{words.nothingWrong}</p>;
  return (
    <ul class="alert-list">
      {alerts.slice(0, MOST).map((alert) => (
        <li key={alert.id} data-severity={alert.severity}>
          <a href={`#/alerts/${encodeURIComponent(alert.id)}`}>{alert.words[locale.language]}</a>{' '}
          <span class="age">{locale.time(alert.sinceMs, nowMs)}</span>
        </li>
      ))}
      {alerts.length > MOST && <li>{words.andMore(locale.number(alerts.length - MOST, 0))}</li>}
    </ul>
  );
}
