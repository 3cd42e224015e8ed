import type { Threshold, ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { Confirm } from '../../components/confirm.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { type Describing, describeRule, describeScope } from './describe.ts';
import { WORDS } from './words.ts';

export interface Action {
  readonly threshold: Threshold;
  readonly what: 'switchOff' | 'switchOn' | 'remove';
}

interface ThresholdActionProps extends Action {
  readonly on: Describing;
  readonly onClose: () => void;
  readonly onDone: (text: string) => void;
}

/** Switches a threshold off or on, or deletes it, for a reason that stays in its history. */
export function ThresholdAction({ threshold, what, on, onClose, onDone }: ThresholdActionProps) {
  const words = useWords(WORDS);
  const { api } = useConsole();
  const { id, version } = threshold;
  const path = `/api/v1/thresholds/${encodeURIComponent(id)}`;
  const done = { switchOff: words.switchedOff, switchOn: words.switchedOn, remove: words.removed }[what];
  return (
    <Confirm
      title={words[`${what}Title`]}
      action={words[what]}
      kind={what === 'remove' ? 'danger' : 'main'}
      reason={words.why}
      onClose={onClose}
      onConfirm={async (why) => {
        if (what === 'remove') await api.send('DELETE', path, { version, why });
        else
          await api.send('PUT', path, {
            ...plainWish(threshold),
            enabled: what === 'switchOn',
            version,
            why,
          });
        onDone(done);
      }}
    >
      <p>
        {describeScope(threshold.scope, on)}: <strong>{describeRule(threshold, on)}</strong>
      </p>
      {what === 'remove' && <p>{words.removeText}</p>}
    </Confirm>
  );
}

/** What somebody wishes of a threshold, without who wished it. */
export function plainWish(threshold: Threshold): ThresholdWish {
  const { id: _id, version: _version, setBy: _setBy, setMs: _setMs, why: _why, ...wish } = threshold;
  return wish;
}
