import { useConsole } from '../../console.ts';
import { formatSpan } from '../../format-span.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Budget, LinkBudget, Period } from './api.ts';
import { limitText, shareText } from './figures.ts';
import { WORDS } from './words.ts';

/** What of the bad probes that the objective allows has been used, and how fast it goes. */
export function Budgets({ budget }: { readonly budget: LinkBudget }) {
  const words = useWords(WORDS);
  return (
    <section aria-label={words.budget}>
      <h2>{words.budget}</h2>
      <div class="budgets">
        {budget.budgets.map((one) => (
          <OneBudget key={one.kind} budget={one} />
        ))}
      </div>
    </section>
  );
}

function OneBudget({ budget }: { readonly budget: Budget }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  return (
    <article class="card budget" data-burning={budget.burning.length > 0}>
      <h3>
        {words.budgetKinds[budget.kind]}{' '}
        <small class="aside">{`< ${limitText(budget.objective, locale)}`}</small>
        {budget.burning.length > 0 && <span class="badge badge-bad"> {words.burning}</span>}
      </h3>
      <Spent name={words.days30} period={budget.days30} />
      <Spent name={words.month} period={budget.month} />
      <h4>{words.burn}</h4>
      <ul class="burns">
        {budget.burn.map(({ windowMs, rate }) => (
          <li key={windowMs} data-fast={rate !== null && rate > 1}>
            {words.burnIn(formatSpan(windowMs / 1000, locale))}:{' '}
            {rate === null ? words.verdicts.unknown : words.burnRate(locale.number(rate, rate < 10 ? 1 : 0))}
          </li>
        ))}
      </ul>
      {budget.usedUpMs !== null && (
        <p class="missing">{words.usedUp(locale.time(budget.usedUpMs, Date.now()))}</p>
      )}
    </article>
  );
}

function Spent({
  name,
  period: { bad, allowed, spent },
}: {
  readonly name: string;
  readonly period: Period;
}) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const text = spent === null ? words.verdicts.unknown : words.spentShare(shareText(spent, locale));
  return (
    <div class="spent">
      <span>
        {name}: <strong>{text}</strong>
      </span>
      <small class="aside">
        {words.spent(locale.number(bad, 0), locale.number(allowed, allowed < 10 ? 1 : 0))}
      </small>
      <span class="spent-track" aria-hidden="true" data-over={(spent ?? 0) >= 1}>
        <span class="spent-bar" style={{ width: `${Math.min(100, 100 * (spent ?? 0))}%` }} />
      </span>
    </div>
  );
}
