import { useEffect } from 'preact/hooks';
import type { Threshold, ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { Button } from '../../components/button.tsx';
import type { Sending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import type { ThresholdsReply } from './api.ts';
import { describeRule, describeScope } from './describe.ts';
import { isConflict } from './threshold-form.tsx';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

interface ConflictProps {
  readonly sending: Sending;
  readonly known: Known;
  readonly wish: ThresholdWish | undefined;
  readonly base: Threshold | undefined;
  readonly onTheirs: (theirs: Threshold) => void;
  readonly onMine: (theirs: Threshold) => void;
  readonly onNew: () => void;
}

/** Somebody else was quicker: theirs and ours side by side, and what to do about it. */
export function Conflict(props: ConflictProps) {
  const { sending, base } = props;
  return isConflict(sending) && base ? <Shown {...props} base={base} /> : null;
}

function Shown({ sending, known, wish, base, onTheirs, onMine, onNew }: ConflictProps & { base: Threshold }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const now = useAsked<ThresholdsReply>('/api/v1/thresholds');
  const theirs = now.answer?.thresholds.find(({ id }) => id === base.id);
  useEffect(() => {
    void now.again();
  }, [sending.problem]);
  if (!now.answer) return null;
  const said = (one: ThresholdWish) =>
    `${describeScope(one.scope, known.on)}: ${describeRule(one, known.on)}`;
  return (
    <section class="conflict" role="alert">
      <h3>{words.conflictTitle}</h3>
      {theirs ? (
        <>
          <p>{words.conflictText(theirs.setBy, locale.time(theirs.setMs, Date.now()))}</p>
          <dl>
            <dt>{words.theirs}</dt>
            <dd>
              {said(theirs)}
              {theirs.why && ` (${words.because(theirs.why)})`}
            </dd>
            {wish && (
              <>
                <dt>{words.yours}</dt>
                <dd>{said(wish)}</dd>
              </>
            )}
          </dl>
          <p class="actions">
            <Button onClick={() => onTheirs(theirs)}>{words.takeTheirs}</Button>
            <Button kind="danger" isBusy={sending.isSending} onClick={() => onMine(theirs)}>
              {words.keepMine}
            </Button>
          </p>
        </>
      ) : (
        <>
          <p>{words.conflictGone}</p>
          <Button onClick={onNew}>{words.saveNew}</Button>
        </>
      )}
    </section>
  );
}
