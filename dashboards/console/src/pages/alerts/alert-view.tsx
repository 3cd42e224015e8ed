import { ApiError } from '../../api.ts';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import { AlertCard } from './alert-card.tsx';
import type { PartProps } from './alerts.tsx';
import type { Alert, DeliveriesReply, Delivery, TimelineEntry } from './api.ts';
import { timelineOf } from './arrange.ts';
import { WORDS } from './words.ts';

const REFRESH_MS = 5_000;

/** One event with everything that has happened to it, and who was told. */
export function AlertView({ id, say }: PartProps & { readonly id: string }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const asked = useAsked<Alert>(`/api/v1/alerts/${encodeURIComponent(id)}`, REFRESH_MS);
  const told = useAsked<DeliveriesReply>(`/api/v1/deliveries?alert=${encodeURIComponent(id)}`, REFRESH_MS);
  const error = asked.failure?.error;
  const isGone = error instanceof ApiError && error.status === 404;
  const again = () => {
    void asked.again();
    void told.again();
  };
  return (
    <>
      <p>
        <a href={hrefOf('alerts')}>← {words.back}</a>
      </p>
      {isGone ? (
        <Empty title={words.notFound} />
      ) : (
        <AskedPart asked={asked}>
          {(alert) => (
            <AlertCard alert={alert} say={say} onChanged={again} isWhole>
              <section aria-labelledby="timeline-title">
                <h3 id="timeline-title">{words.timeline}</h3>
                <ol class="history">
                  {timelineOf(alert, told.answer?.deliveries ?? []).map((moment) => (
                    <li
                      key={
                        moment.kind === 'step'
                          ? `${moment.timeMs}${moment.step.step}${moment.step.what ?? ''}`
                          : moment.delivery.id
                      }
                    >
                      <time class="set-by" dateTime={new Date(moment.timeMs).toISOString()}>
                        {locale.time(moment.timeMs, Date.now())}
                      </time>{' '}
                      {moment.kind === 'step' ? (
                        <Step step={moment.step} />
                      ) : (
                        <Told delivery={moment.delivery} />
                      )}
                    </li>
                  ))}
                </ol>
                {alert.timelineLeftOut > 0 && (
                  <p class="set-by">{words.timelineLeftOut(locale.number(alert.timelineLeftOut, 0))}</p>
                )}
              </section>
            </AlertCard>
          )}
        </AskedPart>
      )}
    </>
  );
}

function Step({ step: { step, words: said, who, note } }: { readonly step: TimelineEntry }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  return (
    <>
      <strong>{words.steps[step] ?? step}</strong>
      {who !== undefined && ` ${words.by(who)}`}
      {said && `: ${said[locale.language]}`}
      {note && `: ${note}`}
    </>
  );
}

function Told({ delivery: { state, name, contact, way, tries, error } }: { readonly delivery: Delivery }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const said = {
    sent: words.told,
    failed: words.toldFailed,
    waiting: words.toldWaiting,
    dropped: words.toldDropped,
  };
  return (
    <>
      {said[state](name || contact, words.wayKinds[way])}
      {tries > 1 && ` (${words.tries(locale.number(tries, 0))})`}
      {error && <span class="alert-failed">: {error.message}</span>}
    </>
  );
}
