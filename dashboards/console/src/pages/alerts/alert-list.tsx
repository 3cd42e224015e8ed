import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from '../../components/button.tsx';
import { SelectField } from '../../components/form.tsx';
import { AskedPart, Empty } from '../../components/states.tsx';
import { useSending } from '../../components/use-sending.ts';
import { useConsole } from '../../console.ts';
import { useWords } from '../../i18n/use-words.ts';
import { hrefOf } from '../../place.ts';
import { useAsked } from '../../use-asked.ts';
import { AlertCard } from './alert-card.tsx';
import type { PartProps } from './alerts.tsx';
import type { Alert, AlertsReply } from './api.ts';
import { type AlertFilter, inOrder, isLookedFor, sitesOf } from './arrange.ts';
import { WORDS } from './words.ts';

const REFRESH_MS = 5_000;
const PAGE = 50;
const HOUR_MS = 3_600_000;
const TIMES = { open: 0, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS, all: Number.POSITIVE_INFINITY } as const;
type TimeName = keyof typeof TIMES;

/** One event for each cause, what is worst and nobody's yet first; what is over in the order of time. */
export function AlertList({ say }: PartProps) {
  const { place, locale } = useConsole();
  const words = useWords(WORDS);
  const asked = (name: string) => place.query.get(name) ?? '';
  const time = (Object.keys(TIMES) as TimeName[]).find((one) => one === asked('state')) ?? 'open';
  const filter = { severity: asked('severity'), site: asked('site') };
  const go = (change: Record<string, string>) => {
    const query = Object.entries({ state: time, ...filter, ...change }).filter(
      ([, one]) => one !== '' && one !== 'open',
    );
    location.hash = hrefOf('alerts', [], Object.fromEntries(query));
  };
  const path = usePath(time, filter);
  // What is asked for by site tells of no other; those that were seen can still be chosen.
  const sites = useRef(new Set<string>());
  const alerts = useAsked<AlertsReply>(path, REFRESH_MS);
  return (
    <AskedPart asked={alerts}>
      {(answer) => (
        <Older key={path} path={path} first={answer}>
          {(all, more) => {
            const found = all.filter((one) => isLookedFor(one, filter));
            const shown = time === 'open' ? inOrder(found) : found;
            for (const one of all.flatMap(sitesOf)) sites.current.add(one);
            return (
              <>
                <ListFilter {...{ time, filter, go }} sites={[...sites.current].sort()} />
                <p role="status" class="count-line">
                  {words.count(locale.number(shown.length, 0))}
                </p>
                {shown.length === 0 && (
                  <NothingFound isFiltered={filter.severity + filter.site !== '' || time !== 'open'} />
                )}
                <ul class="event-list">
                  {shown.map((one) => (
                    <li key={one.id}>
                      <AlertCard alert={one} say={say} onChanged={() => void alerts.again()} />
                    </li>
                  ))}
                </ul>
                {more}
                <Suppressed answer={answer} />
              </>
            );
          }}
        </Older>
      )}
    </AskedPart>
  );
}

/** The beginning of a time is fixed when it is chosen: it would be another question every second. */
function usePath(time: TimeName, { severity, site }: AlertFilter): string {
  const [path, setPath] = useState(() => pathOf(time, { severity, site }));
  useEffect(() => setPath(pathOf(time, { severity, site })), [time, severity, site]);
  return path;
}

function pathOf(time: TimeName, filter: AlertFilter): string {
  const lengthMs = TIMES[time];
  const query = { state: time === 'open' ? 'open' : 'all', limit: String(time === 'open' ? 1_000 : PAGE) };
  const from = Number.isFinite(lengthMs) && lengthMs > 0 ? { from: String(Date.now() - lengthMs) } : {};
  const wanted = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));
  return `/api/v1/alerts?${new URLSearchParams({ ...query, ...from, ...wanted })}`;
}

interface OlderProps {
  readonly path: string;
  readonly first: AlertsReply;
  readonly children: (all: readonly Alert[], more: ComponentChildren) => ComponentChildren;
}

/** The newest page, which is asked for again and again, and those before it, which somebody has asked for. */
function Older({ path, first, children }: OlderProps) {
  const { api } = useConsole();
  const words = useWords(WORDS);
  const [older, setOlder] = useState<{ alerts: readonly Alert[]; next: string | undefined }>();
  const sending = useSending();
  const next = older ? older.next : first.next;
  const newest = new Set(first.alerts.map(({ id }) => id));
  const all = [...first.alerts, ...(older?.alerts ?? []).filter(({ id }) => !newest.has(id))];
  const load = () =>
    sending.send(async () => {
      const reply = await api.get<AlertsReply>(`${path}&after=${encodeURIComponent(next!)}`);
      // What has moved from the first page to the second meanwhile is in the list already.
      setOlder({ alerts: [...(older?.alerts ?? first.alerts), ...reply.alerts], next: reply.next });
    });
  const more = next !== undefined && (
    <p>
      <Button isBusy={sending.isSending} onClick={() => void load()}>
        {words.more}
      </Button>{' '}
      {sending.problem && <span role="alert">{sending.problem.message}</span>}
    </p>
  );
  return <>{children(all, more)}</>;
}

interface ListFilterProps {
  readonly time: TimeName;
  readonly filter: AlertFilter;
  readonly sites: readonly string[];
  readonly go: (change: Record<string, string>) => void;
}

function ListFilter({ time, filter, sites, go }: ListFilterProps) {
  const words = useWords(WORDS);
  const all = { value: '', label: words.all };
  const severities = (['critical', 'warning', 'info'] as const).map((value) => ({
    value,
    label: words.severities[value],
  }));
  return (
    <fieldset class="filter">
      <legend>{words.filter}</legend>
      <div class="filter-fields">
        <SelectField
          label={words.state}
          value={time}
          options={(Object.keys(TIMES) as TimeName[]).map((value) => ({ value, label: words.states[value] }))}
          onChange={(state) => go({ state })}
        />
        <SelectField
          label={words.severity}
          value={filter.severity}
          options={[all, ...severities]}
          onChange={(severity) => go({ severity })}
        />
        {(sites.length > 1 || filter.site !== '') && (
          <SelectField
            label={words.site}
            value={filter.site}
            options={[all, ...new Set([...sites, filter.site].filter((one) => one !== ''))].map((one) =>
              typeof one === 'string' ? { value: one, label: one } : one,
            )}
            onChange={(site) => go({ site })}
          />
        )}
      </div>
    </fieldset>
  );
}

function NothingFound({ isFiltered }: { readonly isFiltered: boolean }) {
  const words = useWords(WORDS);
  if (isFiltered) return <Empty title={words.noneFound} />;
  return (
    <Empty title={`✓ ${words.none}`}>
      <p>{words.noneText}</p>
    </Empty>
  );
}

function Suppressed({ answer: { suppressed } }: { readonly answer: AlertsReply }) {
  const words = useWords(WORDS);
  const { locale } = useConsole();
  if (suppressed.length === 0) return null;
  return (
    <details class="card alert">
      <summary>{words.suppressed(locale.number(suppressed.length, 0))}</summary>
      <ul class="members">
        {suppressed.map(({ condition, maintenance }) => (
          <li key={condition.key}>
            {condition.words[locale.language]}{' '}
            <span class="set-by">
              {words.until(maintenance.reason, locale.time(maintenance.untilMs, Date.now()))}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
