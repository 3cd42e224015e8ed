import type { Threshold, ThresholdChange, ThresholdWish } from '../../../../../core/thresholds/threshold.ts';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { shortLabel } from '../../format-metric.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import { type Describing, describeRule, describeScope } from './describe.ts';
import { Severity } from './threshold-line.tsx';
import type { Known } from './use-places.ts';
import { WORDS } from './words.ts';

interface ThresholdViewProps {
  readonly id: string;
  /** Absent where it is deleted: its history stays. */
  readonly found: Threshold | undefined;
  readonly known: Known;
  readonly maySet: boolean;
}

/** One threshold and everything that it has been: who, when, why, from what to what. */
export function ThresholdView({ id, found, known, maySet }: ThresholdViewProps) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  const history = useAsked<{ readonly changes: readonly ThresholdChange[] }>(
    `/api/v1/thresholds/${encodeURIComponent(id)}/history`,
  );
  const quantity = known.on.quantities.find(
    (one) => one.measurement === found?.measurement && one.field === found?.field,
  );
  return (
    <>
      {found ? (
        <section class="card threshold-head">
          <h2>
            {quantity ? shortLabel(quantity, locale) : `${found.measurement}/${found.field}`}:{' '}
            {describeScope(found.scope, known.on)}
          </h2>
          <p>
            <Severity severity={found.severity} /> <strong>{describeRule(found, known.on)}</strong>
            {!found.enabled && <span class="badge badge-offline">{words.disabled}</span>}
          </p>
          {found.note && <p>{found.note}</p>}
          {found.source && <p class="set-by">{words.source(found.source)}</p>}
          {maySet && (
            <p class="actions">
              <a class="button button-main" href={hrefOf('thresholds', [id, 'change'])}>
                {words.change}
              </a>
            </p>
          )}
        </section>
      ) : (
        <Empty title={words.notFound} />
      )}
      <section class="card threshold-head" aria-labelledby="history-title">
        <h2 id="history-title">{words.history}</h2>
        <AskedPart asked={history}>
          {({ changes }) =>
            changes.length === 0 ? (
              <p>{words.historyNone}</p>
            ) : (
              <ol class="history">
                {[...changes].reverse().map((one) => (
                  <HistoryLine key={one.version} change={one} on={known.on} />
                ))}
              </ol>
            )
          }
        </AskedPart>
      </section>
    </>
  );
}

function HistoryLine({ change, on }: { readonly change: ThresholdChange; readonly on: Describing }) {
  const words = useWords(WORDS);
  const { version, who, timeMs, why, before, after } = change;
  const said = (one: ThresholdWish) =>
    `${describeScope(one.scope, on)}: ${describeRule(one, on)}${one.enabled ? '' : ` (${words.disabled})`}`;
  return (
    <li value={version}>
      <p>
        <strong>{who}</strong> · {on.locale.time(timeMs, Date.now())}
        {!before && ` · ${words.historyMade}`}
        {!after && ` · ${words.historyRemoved}`}
      </p>
      {before && (
        <p class="set-by">
          {words.historyBefore} {after ? <del>{said(before)}</del> : said(before)}
        </p>
      )}
      {after && (
        <p>
          {before && words.historyAfter} {said(after)}
        </p>
      )}
      <p>{words.because(why)}</p>
    </li>
  );
}
