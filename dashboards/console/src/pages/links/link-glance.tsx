import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import type { Matrix } from './api.ts';
import { limitText, missingOf, msText, shareText } from './figures.ts';
import type { Row } from './overview.tsx';
import { VerdictBadge } from './verdict-badge.tsx';
import { WORDS } from './words.ts';

interface LinkGlanceProps {
  readonly row: Row;
  readonly found: Pick<Matrix, 'fromMs' | 'toMs'>;
}

/** One link in a few figures: what is pointed at in the matrix. */
export function LinkGlance({ row: { link, cell }, found }: LinkGlanceProps) {
  const { locale, place } = useConsole();
  const words = useWords(WORDS);
  const range = place.query.get('range');
  const { language } = locale;
  return (
    <section class="card glance" data-glance={link.id}>
      <h3>
        <a href={hrefOf('links', [link.id], range === null ? {} : { range })}>
          {link.from.name[language]} → {link.to.name[language]}
        </a>
      </h3>
      <p class="glance-class">
        {link.id} · {words.classes[link.class]}
      </p>
      <VerdictBadge verdict={cell?.verdict ?? null} />
      {!cell && <p>{words.verdicts.unknown}</p>}
      {cell && (
        <dl class="facts">
          <div>
            <dt>{words.p50}</dt>
            <dd>{msText(cell.p50, locale)}</dd>
          </div>
          <div>
            <dt>{words.p95}</dt>
            <dd>{msText(cell.p95, locale)}</dd>
          </div>
          <div>
            <dt>{words.loss}</dt>
            <dd>
              {shareText(cell.loss, locale)}
              <small>
                {words.between(
                  shareText(cell.lossBounds.lower, locale),
                  shareText(cell.lossBounds.upper, locale),
                )}
                {link.objective && ` · ${words.limit} ${limitText(link.objective.loss, locale)}`}
              </small>
            </dd>
          </div>
          <div>
            <dt>{words.evidence}</dt>
            <dd>
              {words.probes(locale.number(cell.samples, 0))}
              <small>{cell.coverage !== null && words.coverageOf(shareText(cell.coverage, locale))}</small>
            </dd>
          </div>
        </dl>
      )}
      {cell?.verdict === 'insufficient' && (
        <MissingNote row={{ link, cell }} lengthMs={found.toMs - found.fromMs} />
      )}
    </section>
  );
}

/** How much evidence is missing, and how long that takes. */
export function MissingNote({
  row: { link, cell },
  lengthMs,
}: {
  readonly row: Row;
  readonly lengthMs: number;
}) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  if (!cell || !link.objective) return null;
  const { probes, ms } = missingOf(cell.account, link.objective, lengthMs * (cell.coverage || 1));
  return (
    <p class="missing">
      {probes > 0
        ? words.missing(locale.number(probes, 0), ms === undefined ? '' : locale.duration(ms))
        : words.missingNone}
    </p>
  );
}
