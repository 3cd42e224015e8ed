import { useMemo } from 'preact/hooks';
import { SelectField } from '../../components/form.tsx';
import { AskedPart, Empty, useNow } from '../../components/states.tsx';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import type { Latency, Link, LinkBudget, Mesh, Outages as OutagesReply, Sla } from './api.ts';
import { Budgets } from './budgets.tsx';
import { Evidence } from './evidence.tsx';
import { limitText, msLimit } from './figures.ts';
import { Maintenance } from './maintenance.tsx';
import { Outages } from './outages.tsx';
import { OverTime } from './over-time.tsx';
import { Statement } from './statement.tsx';
import { rangeQuery, WINDOW_NAMES, type WindowName, windowOf } from './time-window.ts';
import { VerdictBadge } from './verdict-badge.tsx';
import { WORDS } from './words.ts';

const MINUTE_MS = 60_000;
/** About two hundred windows each. */
const EVERY: Readonly<Record<WindowName, string>> = { '1h': '1m', '24h': '10m', '7d': '1h', '30d': '4h' };

/** One link in full: its verdict and why, over time, what of its budget is left, when it was down, and its papers. */
export function LinkDetail({ id }: { readonly id: string }) {
  const { place, locale } = useConsole();
  const words = useWords(WORDS);
  const window = windowOf(place.query.get('range'));
  const nowMs = useNow(MINUTE_MS);
  const range = useMemo(() => rangeQuery(window, nowMs), [window, nowMs]);
  const links = useAsked<{ links: readonly Link[] }>('/api/v1/links');
  const mesh = useAsked<Mesh>('/api/v1/mesh');
  const base = `/api/v1/links/${encodeURIComponent(id)}`;
  const sla = useAsked<Sla>(`${base}/sla?${range}`);
  const latency = useAsked<Latency>(`${base}/latency?${range}&every=${EVERY[window]}`);
  const outages = useAsked<OutagesReply>(`${base}/outages?${range}`);
  const link = links.answer?.links.find((one) => one.id === id);
  const budget = useAsked<LinkBudget>(
    link?.objective ? `${base}/budget?zone=${encodeURIComponent(zoneName())}` : undefined,
    MINUTE_MS,
  );
  const back = place.query.get('range');
  return (
    <>
      <nav class="link-head" aria-label={words.allLinks}>
        <a href={hrefOf('links', [], back === null ? {} : { range: back })}>{words.allLinks}</a>
        <SelectField
          label={words.window}
          value={window}
          onChange={(value) => {
            location.hash = hrefOf('links', [id], { range: value });
          }}
          options={WINDOW_NAMES.map((value) => ({ value, label: words.windows[value] }))}
        />
      </nav>
      <AskedPart asked={links}>
        {() =>
          link ? (
            <Head link={link} links={links.answer!.links} sla={sla.answer} />
          ) : (
            <Empty title={words.notFound(id)} />
          )
        }
      </AskedPart>
      {link && (
        <>
          <AskedPart asked={sla}>{(answer) => <Evidence sla={answer} />}</AskedPart>
          <AskedPart asked={latency}>
            {(answer) => <OverTime latency={answer} objective={link.objective} />}
          </AskedPart>
          {link.objective && <AskedPart asked={budget}>{(answer) => <Budgets budget={answer} />}</AskedPart>}
          <AskedPart asked={outages}>{(answer) => <Outages found={answer} />}</AskedPart>
          <Maintenance range={range} links={links.answer!.links} mesh={mesh.answer} link={link} />
          <Statement links={[id]} isAll={false} chosenClass="" />
          <p class="foot">{locale.words.timesIn(locale.zone(nowMs))}</p>
        </>
      )}
    </>
  );
}

function zoneName(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

interface HeadProps {
  readonly link: Link;
  readonly links: readonly Link[];
  readonly sla: Sla | undefined;
}

function Head({ link, links, sla }: HeadProps) {
  const { locale } = useConsole();
  const words = useWords(WORDS);
  const { language } = locale;
  const reverse = links.find(({ from, to }) => from.id === link.to.id && to.id === link.from.id);
  const { objective } = link;
  return (
    <section class="card link-title">
      <h2>
        {link.from.name[language]} → {link.to.name[language]}
      </h2>
      {sla && <VerdictBadge verdict={sla.verdict} />}
      <p>
        {link.id} · {words.classes[link.class]} · {link.agent.online ? words.agentOnline : words.agentOffline}
        {reverse && (
          <>
            {' · '}
            <a href={hrefOf('links', [reverse.id])}>{words.reverse}</a>
          </>
        )}
      </p>
      <p>
        {objective
          ? `${words.objective}: ${words.latencyMustBe(limitText(objective.latencyQuantile, locale), msLimit(objective.latencyMs, locale))}, ${words.lossMustBe(limitText(objective.loss, locale))}`
          : words.noObjective}
      </p>
    </section>
  );
}
