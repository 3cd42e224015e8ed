import { maySetFor } from '../../../../../core/thresholds/scope.ts';
import './thresholds.css';
import { useState } from 'preact/hooks';
import { may } from '../../../../../core/access.ts';
import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import { AskedPart, Failure } from '../../components/states.tsx';
import { useStatus } from '../../components/status-line.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import type { ThresholdsReply } from './api.ts';
import { ApplyTemplate } from './apply-template.tsx';

import { TemplateList } from './template-list.tsx';
import { ThresholdForm } from './threshold-form.tsx';
import { ThresholdList } from './threshold-list.tsx';
import { ThresholdView } from './threshold-view.tsx';
import { type Known, useKnown } from './use-places.ts';
import { WORDS } from './words.ts';

const REFRESH_MS = 30_000;

/**
 * Bounds and other rules, in the words of those who set them: `#/thresholds`, `…/new`, `…/<id>` (and `…/<id>/change`),
 * `…/templates` and `…/templates/<id>`.
 */
export default function Thresholds() {
  const { me, place } = useConsole();
  const words = useWords(WORDS);
  const known = useKnown();
  const thresholds = useAsked<ThresholdsReply>('/api/v1/thresholds', REFRESH_MS);
  const { line, say } = useStatus();
  const [first, second] = place.path;
  const maySet = may(me, 'thresholds');
  const done = (text: string, next = hrefOf('thresholds')) => {
    say(text);
    void thresholds.again();
    location.hash = next;
  };
  return (
    <main class="page thresholds">
      {first !== undefined && (
        <p>
          <a href={hrefOf('thresholds')}>← {words.back}</a>
        </p>
      )}
      {known.quantities.answer === undefined && known.quantities.failure && (
        <Failure error={known.quantities.failure.error} onRetry={known.quantities.again} />
      )}
      <AskedPart asked={thresholds}>
        {({ thresholds: all }) => {
          if (!known.isWhole) return null;
          const given = { all, known, onDone: done };
          if (first === undefined)
            return (
              <ThresholdList {...given} maySet={maySet} onChanged={() => void thresholds.again()} say={say} />
            );
          if (first === 'templates' && second !== undefined && maySet)
            return <ApplyTemplate key={second} {...given} id={second} />;
          if (first === 'templates') return <TemplateList known={known} maySet={maySet} />;
          if (first === 'new' && maySet) return <ThresholdForm known={known} onDone={done} />;
          if (second === 'change' && maySet) return <Changing key={first} {...given} id={first} />;
          const found = all.find(({ id }) => id === first);
          return (
            <ThresholdView
              {...{ id: first, found, known }}
              maySet={maySet && found !== undefined && maySetFor(me, found.scope)}
            />
          );
        }}
      </AskedPart>
      {line}
    </main>
  );
}

interface ChangingProps {
  readonly id: string;
  readonly all: readonly Threshold[];
  readonly known: Known;
  readonly onDone: (text: string) => void;
}

/** What was there when it was opened is what is changed: somebody who deletes it meanwhile does not take away what is being written. */
function Changing({ id, all, known, onDone }: ChangingProps) {
  const [standing] = useState(() => all.find((one) => one.id === id));
  if (!standing) return <ThresholdView id={id} found={undefined} known={known} maySet />;
  return <ThresholdForm known={known} standing={standing} onDone={onDone} />;
}
