import { DataTable } from '../../components/data-table.tsx';
import { useConsole } from '../../console.ts';
import { formatSpan } from '../../format-span.ts';
import { useWords } from '../../i18n/use-words.ts';
import type { Outage, Outages as OutagesReply } from './api.ts';
import { shareText } from './figures.ts';
import { WORDS } from './words.ts';

/** When the link was down, for how long, and what its neighbours saw meanwhile. */
export function Outages({ found }: { readonly found: OutagesReply }) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const nowMs = Date.now();
  return (
    <section aria-label={words.outages}>
      <h2>{words.outages}</h2>
      <div class="card list-holder">
        {found.availability !== null && (
          <p>{words.availability(shareText(found.availability, locale), locale.duration(found.knownMs))}</p>
        )}
        {found.unknown.length > 0 && <p>{words.unknownTimes(locale.number(found.unknown.length, 0))}</p>}
        {found.outages.length === 0 ? (
          <p>{words.noOutages}</p>
        ) : (
          <DataTable
            caption={words.outages}
            rows={found.outages}
            keyOf={({ fromMs }) => String(fromMs)}
            columns={[
              {
                id: 'began',
                title: words.began,
                sortBy: ({ fromMs }) => fromMs,
                cell: (outage) => (
                  <>
                    {locale.time(outage.fromMs, nowMs)}
                    {!outage.isStartKnown && <small> {words.startUnknown}</small>}
                  </>
                ),
              },
              {
                id: 'lasted',
                title: words.lasted,
                sortBy: lengthOf,
                cell: (outage) => (
                  <>
                    {lasted(outage)} <small>{words.ends[outage.end]}</small>
                  </>
                ),
              },
              {
                id: 'probes',
                title: words.evidence,
                isNumber: true,
                sortBy: ({ probes }) => probes,
                cell: ({ probes }) => words.probes(locale.number(probes, 0)),
              },
              {
                id: 'cause',
                title: words.cause,
                cell: ({ attribution }) => (
                  <>
                    {attribution.words[locale.language]}
                    {attribution.alsoDown.length > 0 && (
                      <small> {words.alsoDown(attribution.alsoDown.slice(0, 6).join(', '))}</small>
                    )}
                  </>
                ),
              },
            ]}
          />
        )}
      </div>
    </section>
  );

  function lasted(outage: Outage): string {
    const seconds = Math.round(lengthOf(outage) / 1000);
    return seconds < 120 ? formatSpan(seconds, locale) : locale.duration(lengthOf(outage));
  }
}

function lengthOf({ fromMs, toMs }: Outage): number {
  return toMs - fromMs;
}
