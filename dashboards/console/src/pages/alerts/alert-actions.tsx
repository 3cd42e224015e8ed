import { useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import { Button } from '../../components/button.tsx';
import { Confirm } from '../../components/confirm.tsx';
import { SpanField } from '../../components/span-field.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Alert } from './api.ts';
import { WORDS } from './words.ts';

const USUAL_SILENCE_S = 7_200;
const LEAST_SILENCE_S = 60;
const MOST_SILENCE_S = 30 * 86_400;

interface AlertActionsProps {
  readonly alert: Alert;
  readonly say: (text: string) => void;
  readonly onChanged: () => void;
}

/** Acknowledges an event, or silences it, for those who may. */
export function AlertActions({ alert, say, onChanged }: AlertActionsProps) {
  const { api, me, locale } = useConsole();
  const words = useWords(WORDS);
  const [open, setOpen] = useState<'ack' | 'silence'>();
  const [forS, setForS] = useState<number | undefined>(USUAL_SILENCE_S);
  const sentence = alert.words[locale.language];
  const path = `/api/v1/alerts/${encodeURIComponent(alert.id)}`;
  const close = () => setOpen(undefined);
  const done = (text: string) => {
    say(text);
    onChanged();
  };
  const isTaken = alert.acknowledged !== undefined;
  const lengthS = Math.min(MOST_SILENCE_S, Math.max(LEAST_SILENCE_S, Math.round(forS || USUAL_SILENCE_S)));
  return (
    <>
      {may(me, 'acknowledge') && (
        <Button
          kind={isTaken ? 'plain' : 'main'}
          aria-label={`${isTaken ? words.acknowledgeAgain : words.acknowledge}: ${sentence}`}
          onClick={() => setOpen('ack')}
        >
          {isTaken ? words.acknowledgeAgain : words.acknowledge}
        </Button>
      )}
      {may(me, 'silence') && !alert.silenced && (
        <Button aria-label={`${words.silence}: ${sentence}`} onClick={() => setOpen('silence')}>
          {words.silence}
        </Button>
      )}
      {open === 'ack' && (
        <Confirm
          title={words.acknowledgeTitle}
          action={isTaken ? words.acknowledgeAgain : words.acknowledge}
          reason={words.note}
          reasonIsOptional
          onClose={close}
          onConfirm={async (note) => {
            await api.send('POST', `${path}/ack`, note === '' ? {} : { note });
            done(words.acknowledged);
          }}
        >
          <p>
            <strong>{sentence}</strong>
          </p>
          <p>{words.acknowledgeText}</p>
        </Confirm>
      )}
      {open === 'silence' && (
        <Confirm
          title={words.silenceTitle}
          action={words.silence}
          reason={words.reason}
          onClose={close}
          onConfirm={async (reason) => {
            await api.send('POST', `${path}/silence`, { reason, forS: lengthS });
            done(words.silenced);
          }}
        >
          <p>
            <strong>{sentence}</strong>
          </p>
          <p>{words.silenceText}</p>
          <SpanField
            label={words.for}
            value={forS}
            onChange={setForS}
            hint={words.silenceUntil(locale.time(Date.now() + 1000 * lengthS, Date.now()))}
          />
        </Confirm>
      )}
    </>
  );
}
