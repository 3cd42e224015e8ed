import { may } from '../../../../../core/access.ts';
import { Button } from '../../components/button.tsx';
import { FormProblem } from '../../components/form.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import { useView } from '../../view.ts';
import type { Alert, AlertsReply } from './api.ts';
import { FARM_WORDS } from './words.ts';

const EVERY_MS = 5_000;
/** What links are about has pages of its own. */
const OF_LINKS = ['link', 'pop', 'agent', 'wide'];

/** What is wrong and has been told: what happened behind each, and one touch to say that somebody knows. */
export function OpenAlerts() {
  const words = useWords(FARM_WORDS);
  const { answer, failure, again } = useAsked<AlertsReply>('/api/v1/alerts', EVERY_MS);
  const alerts = answer?.alerts.filter(({ kind }) => !OF_LINKS.includes(kind)) ?? [];
  if (alerts.length === 0) return failure && !answer ? <p role="status">{words.alertsUnknown}</p> : null;
  return (
    <section class="card alerts" aria-labelledby="alerts">
      <h2 id="alerts">{words.openAlerts}</h2>
      <ul>
        {alerts.map((alert) => (
          <OpenAlert key={alert.id} alert={alert} onDone={again} />
        ))}
      </ul>
    </section>
  );
}

function OpenAlert({ alert, onDone }: { readonly alert: Alert; readonly onDone: () => Promise<void> }) {
  const { api, me, locale } = useConsole();
  const { nowMs } = useView();
  const words = useWords(FARM_WORDS);
  const sending = useSending();
  const { id, severity, sinceMs, acknowledged } = alert;
  const path = `/api/v1/alerts/${encodeURIComponent(id)}/ack`;
  return (
    <li data-severity={severity}>
      <p>
        <a href={`#/alerts/${encodeURIComponent(id)}`}>{alert.words[locale.language]}</a>{' '}
        <span class="age">{words.alertSince(locale.time(sinceMs, nowMs))}</span>
      </p>
      {acknowledged && <p class="age">{words.acknowledged(acknowledged.who)}</p>}
      {!acknowledged && may(me, 'acknowledge') && (
        <Button
          isBusy={sending.isSending}
          onClick={() => void sending.send(() => api.send('POST', path, {})).then(onDone)}
        >
          {words.acknowledge}
        </Button>
      )}
      <FormProblem sending={sending} />
    </li>
  );
}
