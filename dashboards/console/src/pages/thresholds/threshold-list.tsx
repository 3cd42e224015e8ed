import { useState } from 'preact/hooks';
import type { Quantity } from '../../../../../core/quantities.ts';
import { maySetFor } from '../../../../../core/thresholds/scope.ts';
import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import { Button } from '../../components/button.tsx';
import { Empty } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { shortLabel } from '../../format-metric.ts';
import { groupBy } from '../../group-by.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import type { Judged } from './api.ts';
import { describeScope } from './describe.ts';
import { ListFilter, useFilter } from './list-filter.tsx';
import { isLookedFor } from './scope.ts';
import { type Action, ThresholdAction } from './threshold-action.tsx';
import { ThresholdLine } from './threshold-line.tsx';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

const STATE_MS = 15_000;

interface ThresholdListProps {
  readonly all: readonly Threshold[];
  readonly known: Known;
  readonly maySet: boolean;
  readonly onChanged: () => void;
  readonly say: (text: string) => void;
}

/** All thresholds that somebody looks for, by quantity and then by place. */
export function ThresholdList({ all, known, maySet, onChanged, say }: ThresholdListProps) {
  const words = useWords(WORDS);
  const { locale, me } = useConsole();
  const filter = useFilter();
  const state = useAsked<{ readonly series: readonly Judged[] }>('/api/v1/thresholds/state', STATE_MS);
  const [action, setAction] = useState<Action>();
  const found = all.filter((one) => isLookedFor(one, filter.value, known.places.zones));
  const raised = groupBy(state.answer?.series ?? [], ({ threshold }) => threshold);
  return (
    <>
      <header class="section-head">
        <p class="intro">{words.intro}</p>
        <p class="actions">
          {maySet && (
            <a class="button button-main" href={hrefOf('thresholds', ['new'])}>
              {words.add}
            </a>
          )}
          <a class="button button-plain" href={hrefOf('thresholds', ['templates'])}>
            {words.templates}
          </a>
        </p>
      </header>
      {all.length === 0 ? (
        <Empty title={words.none}>{maySet && <p>{words.noneText}</p>}</Empty>
      ) : (
        <>
          <ListFilter all={all} known={known} filter={filter} />
          <p role="status" class="count-line">
            {words.count(locale.number(found.length, 0))}
          </p>
          {found.length === 0 && (
            <Empty title={words.noneFound}>
              <Button onClick={filter.clear}>{words.clearFilter}</Button>
            </Empty>
          )}
          {byQuantity(found, known.on.quantities).map(([name, quantity, ofQuantity]) => (
            <section
              key={name}
              class="card quantity-group"
              aria-labelledby={`quantity-${name.replace('/', '-')}`}
            >
              <h2 id={`quantity-${name.replace('/', '-')}`}>
                {quantity ? shortLabel(quantity, locale) : name}
              </h2>
              {byPlace(ofQuantity, known).map(([place, ofPlace]) => (
                <div key={place} class="place-group">
                  <h3>{place}</h3>
                  <ul>
                    {ofPlace.map((one) => (
                      <ThresholdLine
                        key={one.id}
                        threshold={one}
                        on={known.on}
                        raised={raised.get(one.id) ?? []}
                        onAction={maySet && maySetFor(me, one.scope) ? setAction : undefined}
                      />
                    ))}
                  </ul>
                </div>
              ))}
            </section>
          ))}
        </>
      )}
      {action && (
        <ThresholdAction
          {...action}
          on={known.on}
          onClose={() => setAction(undefined)}
          onDone={(text) => {
            say(text);
            onChanged();
          }}
        />
      )}
    </>
  );
}

function byQuantity(
  found: readonly Threshold[],
  quantities: readonly Quantity[],
): [name: string, quantity: Quantity | undefined, of: Threshold[]][] {
  const order = new Map(quantities.map((one, index) => [`${one.measurement}/${one.field}`, { one, index }]));
  return [...groupBy(found, ({ measurement, field }) => `${measurement}/${field}`)]
    .sort(([a], [b]) => (order.get(a)?.index ?? order.size) - (order.get(b)?.index ?? order.size))
    .map(([name, of]) => [name, order.get(name)?.one, of]);
}

/** What holds everywhere first, what holds for one device last: each takes the place of the one before. */
function byPlace(found: readonly Threshold[], { on }: Known): [place: string, of: Threshold[]][] {
  const weight = ({ scope: { device, point, zone, gateway, crop, stage, site } }: Threshold) =>
    (device || point ? 16 : 0) +
    (zone ? 8 : 0) +
    (gateway ? 4 : 0) +
    (crop || stage ? 2 : 0) +
    (site ? 1 : 0);
  const sorted = [...found].sort((a, b) => weight(a) - weight(b));
  return [...groupBy(sorted, ({ scope }) => describeScope(scope, on))];
}
