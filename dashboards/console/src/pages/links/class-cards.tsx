import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { ClassFigures } from './api.ts';
import { msText, shareText } from './figures.ts';
import { VerdictBadge } from './verdict-badge.tsx';
import { WORDS } from './words.ts';

/** How the links of each class do, one by one and taken together. */
export function ClassCards({ classes }: { readonly classes: readonly ClassFigures[] }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const count = (figure: number) => locale.number(figure, 0);
  return (
    <div class="class-cards">
      {classes.map(({ class: name, links, verdicts, verdict, roundTrip, loss }) => (
        <section key={name} class="card class-card" aria-label={words.classes[name]}>
          <h2>
            {words.classes[name]} <VerdictBadge verdict={verdict} />
          </h2>
          <p>
            {words.nLinks(count(links))}
            {' · '}
            {words.classSummary(count(verdicts.pass), count(verdicts.breach), count(verdicts.insufficient))}
          </p>
          <dl>
            <div>
              <dt>{words.p95}</dt>
              <dd>{msText(roundTrip.p95, locale)}</dd>
            </div>
            <div>
              <dt>{words.loss}</dt>
              <dd>{shareText(loss.share, locale)}</dd>
            </div>
            <div>
              <dt>{words.evidence}</dt>
              <dd>{words.probes(count(loss.samples))}</dd>
            </div>
          </dl>
        </section>
      ))}
    </div>
  );
}
