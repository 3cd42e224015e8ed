import entries, { type DashboardEntry } from 'virtual:dashboards';
import { useEffect, useState } from 'preact/hooks';
import { useConsole } from '../../console.ts';
import { Board } from '../../panels/board.tsx';
import type { Dashboard } from '../../panels/model.ts';
import { words as allWords } from '../../panels/words.ts';
import { hrefOf } from '../../place.ts';
import './dashboards.css';

const FILES = import.meta.glob<Dashboard>('../../../../grafana/dashboards/*/*.json', { import: 'default' });

/** The dashboards of Grafana, drawn here: one of them, or which there are. */
export default function Dashboards() {
  const { place, locale } = useConsole();
  const [name] = place.path;
  const mine = entries.filter(({ language }) => language === locale.language);
  return name === undefined || name === '' ? <List entries={mine} /> : <One name={name} entries={mine} />;
}

/** `sluice-farm` in both languages: the Chinese file is `sluice-farm-zh`. */
function nameOf(uid: string): string {
  return uid.replace(/-(en|zh)$/, '');
}

function List({ entries }: { readonly entries: readonly DashboardEntry[] }) {
  const { locale } = useConsole();
  const words = allWords[locale.language];
  return (
    <main class="page">
      {entries.length === 0 && <p class="card empty">{words.noDashboards}</p>}
      <ul class="dashboard-list">
        {entries.map(({ uid, title, description }) => (
          <li key={uid} class="card">
            <a href={hrefOf('dashboards', [nameOf(uid)])}>{shortTitle(title)}</a>
            {description && <p>{description}</p>}
          </li>
        ))}
      </ul>
    </main>
  );
}

/** Grafana has them among others; here they are all of Sluice. */
function shortTitle(title: string): string {
  const short = title.replace(/^Sluice\s*[:：]\s*/, '');
  return short.charAt(0).toUpperCase() + short.slice(1);
}

function One({ name, entries }: { readonly name: string; readonly entries: readonly DashboardEntry[] }) {
  const { place, locale } = useConsole();
  const words = allWords[locale.language];
  const entry = entries.find(({ uid }) => nameOf(uid) === nameOf(name));
  const { dashboard, isFailed, onRetry } = useDashboard(entry);
  const ask = (change: Readonly<Record<string, readonly string[]>>) => {
    const asked = new URLSearchParams(place.query);
    for (const [key, values] of Object.entries(change)) {
      asked.delete(key);
      for (const value of values) asked.append(key, value);
    }
    location.hash = `${hrefOf('dashboards', [name])}?${asked}`;
  };
  return (
    <main class="page page-wide">
      <nav class="crumbs" aria-label={words.dashboards}>
        <a href={hrefOf('dashboards')}>{words.allDashboards}</a>
        <h2>{entry ? shortTitle(entry.title) : name}</h2>
        {dashboard && <Related dashboard={dashboard} entries={entries} current={entry} />}
      </nav>
      {!entry && (
        <p class="card empty" role="alert">
          {words.notFound(name)}
        </p>
      )}
      {isFailed && (
        <p class="card empty" role="alert">
          {locale.words.pageNotLoaded}{' '}
          <button type="button" onClick={onRetry}>
            {locale.words.tryAgain}
          </button>
        </p>
      )}
      {dashboard && (
        <Board
          key={entry?.uid}
          dashboard={dashboard}
          asked={place.query}
          onAsk={ask}
          hrefOf={(url) => hereOf(url, place.query)}
        />
      )}
    </main>
  );
}

function useDashboard(entry: DashboardEntry | undefined) {
  const [loaded, setLoaded] = useState<{ file: string; dashboard?: Dashboard }>();
  const [tries, setTries] = useState(0);
  const file = entry?.file;
  useEffect(() => {
    if (file === undefined) return;
    let isGone = false;
    const load = FILES[`../../../../grafana/dashboards/${file}`];
    load?.().then(
      (dashboard) => !isGone && setLoaded({ file, dashboard }),
      () => !isGone && setLoaded({ file }),
    );
    return () => {
      isGone = true;
    };
  }, [file, tries]);
  const mine = loaded?.file === file ? loaded : undefined;
  return {
    dashboard: mine?.dashboard,
    isFailed: mine !== undefined && mine.dashboard === undefined,
    onRetry: () => setTries(tries + 1),
  };
}

interface RelatedProps {
  readonly dashboard: Dashboard;
  readonly entries: readonly DashboardEntry[];
  readonly current: DashboardEntry | undefined;
}

/** Links of the dashboard: to one, or to all with certain tags; with the same time and choice where it says so. */
function Related({ dashboard, entries, current }: RelatedProps) {
  const { place, locale } = useConsole();
  const words = allWords[locale.language];
  const found = (dashboard.links ?? []).flatMap(({ type, tags = [], url, title, includeVars, keepTime }) => {
    const kept = keptOf(place.query, includeVars === true, keepTime === true);
    if (type === 'link') {
      const href = hereOf(url ?? '', kept);
      return href ? [{ href, title: title ?? '' }] : [];
    }
    return entries
      .filter((entry) => entry !== current && tags.every((tag) => entry.tags.includes(tag)))
      .map(({ uid, title: name }) => ({
        href: `${hrefOf('dashboards', [nameOf(uid)])}?${kept}`,
        title: shortTitle(name),
      }));
  });
  if (found.length === 0) return null;
  return (
    <label class="pick related">
      <span>{words.seeAlso}</span>
      <select
        value=""
        onChange={({ currentTarget }) => {
          location.hash = currentTarget.value;
        }}
      >
        <option value="">…</option>
        {found.map(({ href, title }) => (
          <option key={href} value={href}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

function keptOf(query: URLSearchParams, hasVariables: boolean, hasTime: boolean): URLSearchParams {
  const isTime = (key: string) => key === 'from' || key === 'to';
  return new URLSearchParams(
    [...query].filter(([key]) => (isTime(key) ? hasTime : hasVariables && key.startsWith('var-'))),
  );
}

/** `/d/sluice-link?var-link=a-b` of Grafana is a page here; other places than ours are none. */
function hereOf(url: string, query: URLSearchParams): string | undefined {
  if (url.startsWith('#/')) return url;
  const [, uid, asked = ''] = /^(?:\$\{?\w*\}?)?\/?d\/([\w-]+)(?:\/[\w-]*)?(?:\?(.*))?$/.exec(url) ?? [];
  if (uid === undefined) return undefined;
  const all = asked
    .split('&')
    .flatMap((part) => {
      if (/^\$\{__(url_time_range|all_variables)\}$/.test(part)) {
        const kept = keptOf(query, part.includes('variables'), part.includes('time'));
        return `${kept}`;
      }
      return part;
    })
    .filter((part) => part !== '');
  return `${hrefOf('dashboards', [nameOf(uid)])}${all.length > 0 ? `?${all.join('&')}` : ''}`;
}
