import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Language } from '../../../core/errors.ts';
import { ConnectionBanner } from './components/connection-banner.tsx';
import { FarmPage } from './components/farm-page.tsx';
import { Header } from './components/header.tsx';
import { NoReadings, Skeleton } from './components/waiting.tsx';
import { arrangeFarm } from './farm.ts';
import type { History } from './history.ts';
import { createLocale } from './i18n/locale.ts';
import type { Live } from './live.ts';
import { type Observable, useObservable } from './observable.ts';
import { RANGE_NAMES, type RangeName, shownSpan } from './ranges.ts';
import { remember, remembered } from './remembered.ts';
import { ViewContext } from './view.ts';

const DEFAULT_RANGE: RangeName = '1h';
const TICK_MS = 1_000;

export interface AppProps {
  readonly live: Live;
  readonly history: History;
  readonly language: Observable<Language>;
}

export function App({ live, history, language }: AppProps) {
  const state = useObservable(live.state);
  const spoken = useObservable(language);
  const oldestMs = useObservable(history.oldestMs);
  const [range, setRange] = useState(() => remembered('range', RANGE_NAMES) ?? DEFAULT_RANGE);
  useTicking(state.failure !== undefined);
  const locale = useMemo(() => createLocale(spoken), [spoken]);
  useEffect(() => {
    document.documentElement.lang = locale.htmlLang;
    document.title = `${locale.words.title} · Sluice`;
  }, [locale]);

  const { readings, gateways, quantities, failure } = state;
  const nowMs = live.nowMs();
  const farm = arrangeFarm(readings ?? [], gateways, quantities, nowMs);
  const isEmpty = readings?.length === 0;
  return (
    <ViewContext.Provider value={{ locale, history, range, nowMs, shown: shownSpan(range, nowMs, oldestMs) }}>
      <Header
        sites={farm.sites}
        state={state}
        onSwitchLanguage={() => {
          const next = spoken === 'en' ? 'zh' : 'en';
          remember('language', next);
          language.set(next);
        }}
      />
      <main data-connected={failure === undefined && !state.isLate}>
        {failure && <ConnectionBanner failure={failure} hasValues={readings !== undefined} />}
        {readings === undefined && <Skeleton />}
        {isEmpty && <NoReadings />}
        {readings && (!isEmpty || gateways.length > 0) && (
          <FarmPage
            farm={farm}
            gateways={gateways}
            onRange={(name) => {
              remember('range', name);
              setRange(name);
            }}
          />
        )}
        {readings && <footer class="foot">{locale.words.timesIn(locale.zone(nowMs))}</footer>}
      </main>
    </ViewContext.Provider>
  );
}

/** Redraws every second while nothing else does, so that ages and the countdown stay true. */
function useTicking(isOn: boolean): void {
  const [, redraw] = useState({});
  useEffect(() => {
    if (!isOn) return;
    const timer = setInterval(() => redraw({}), TICK_MS);
    return () => clearInterval(timer);
  }, [isOn]);
}
