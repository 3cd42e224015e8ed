import { useState } from 'preact/hooks';
import { SelectField } from '../../components/form.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { useAsked } from '../../use-asked.ts';
import { WORDS } from './words.ts';

const MONTHS = 13;
/** As many links as a statement may hold. */
const MOST_LINKS = 100;

interface StatementProps {
  readonly links: readonly string[];
  readonly isAll: boolean;
  readonly chosenClass: string;
}

/** The signed statement of a month, to be handed over, and how the other party checks it. */
export function Statement({ links, isAll, chosenClass }: StatementProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const months = monthsUpTo(Date.now());
  const [month, setMonth] = useState(months[1]!);
  const key = useAsked<{ fingerprint: string }>('/api/v1/links/statement/key');
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const query = new URLSearchParams({ month, timeZone: zone });
  if (!isAll && links.length <= MOST_LINKS) for (const id of links) query.append('link', id);
  else if (chosenClass !== '') query.append('class', chosenClass);
  const isTooMany = links.length > MOST_LINKS;
  const isMissing = key.failure !== undefined && key.answer === undefined;
  return (
    <section aria-label={words.statement} class="statement">
      <h2>{words.statement}</h2>
      <div class="card statement-card">
        {isMissing ? (
          <p>{words.noStatements}</p>
        ) : (
          <>
            <p>
              {words.statementText}{' '}
              {links.length === 1 ? words.forLink : words.ofLinks(locale.number(links.length, 0))}
            </p>
            <SelectField
              label={words.monthOf}
              value={month}
              onChange={setMonth}
              options={months.map((value, index) => ({
                value,
                label: index === 0 ? words.provisional(value) : value,
              }))}
            />
            {isTooMany ? (
              <p class="missing">{words.tooMany}</p>
            ) : (
              <p class="actions">
                {(['json', 'html', 'csv'] as const).map((format) => (
                  <a
                    key={format}
                    class={`button button-${format === 'json' ? 'main' : 'plain'}`}
                    href={`/api/v1/links/statement?${query}${format === 'json' ? '' : `&format=${format}`}`}
                    download
                  >
                    {words.download(format.toUpperCase())}
                  </a>
                ))}
              </p>
            )}
            <details>
              <summary>{words.verify}</summary>
              <ol>
                {words.verifySteps.map((step) => (
                  <li key={step}>{step}</li>
                ))}
              </ol>
              {key.answer && (
                <p>
                  {words.fingerprint}: <code>{key.answer.fingerprint}</code>
                </p>
              )}
            </details>
          </>
        )}
      </div>
    </section>
  );
}

/** This month, which has not ended, and those before it, in the viewer's zone. */
function monthsUpTo(nowMs: number): string[] {
  const now = new Date(nowMs);
  return Array.from({ length: MONTHS }, (_, back) => {
    const date = new Date(now.getFullYear(), now.getMonth() - back, 1);
    return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}`;
  });
}
