import { useEffect, useMemo, useState } from 'preact/hooks';
import { systemClock } from '../../../../../core/clock.ts';
import type { LastReading } from '../../api.ts';
import { ConnectionBanner } from '../../components/connection-banner.tsx';
import { Later } from '../../components/later.tsx';
import { LiveStateLine } from '../../components/live-state.tsx';
import { NotLoaded } from '../../components/not-loaded.tsx';
import { NoReadings, Skeleton } from '../../components/waiting.tsx';
import { useConsole } from '../../console.ts';
import { arrangeFarm } from '../../farm.ts';
import { History } from '../../history.ts';
import { Live } from '../../live.ts';
import { useObservable } from '../../observable.ts';
import { RANGE_NAMES, type RangeName, shownSpan } from '../../ranges.ts';
import { remember, remembered } from '../../remembered.ts';
import { ViewContext } from '../../view.ts';
import './farm.css';
import { deedFor, isInDoubt, useDeeds } from './deeds.ts';
import { FarmContext } from './farm-context.ts';
import { FarmPage } from './farm-page.tsx';
import { useFacts } from './use-facts.ts';

const DEFAULT_RANGE: RangeName = '1h';
const TICK_MS = 1_000;
const loadZones = () => import('./zones-page.tsx');

/** The live farm, or, one step further, its zones as they are set. */
export default function Farm() {
  if (useConsole().place.path[0] !== 'zones') return <LiveFarm />;
  const waiting = <main class="page" aria-busy="true" />;
  const failed = (onRetry: () => void) => (
    <main class="page">
      <NotLoaded onRetry={onRetry} />
    </main>
  );
  return <Later load={loadZones} props={{}} waiting={waiting} failed={failed} />;
}

/** What is wrong first, then every zone and device. */
function LiveFarm() {
  const { api, locale } = useConsole();
  const live = useMemo(() => new Live(api, systemClock), [api]);
  const history = useMemo(
    () =>
      new History(api, { clock: systemClock, nowMs: () => live.nowMs(), isPaused: () => document.hidden }),
    [api, live],
  );
  useFollowing(live);
  const state = useObservable(live.state);
  const oldestMs = useObservable(history.oldestMs);
  const [range, setRange] = useState(() => remembered('range', RANGE_NAMES) ?? DEFAULT_RANGE);
  useTicking(state.failure !== undefined);

  const { readings, gateways, quantities, failure } = state;
  const nowMs = live.nowMs();
  const deeds = useDeeds(nowMs, readings !== undefined);
  const isDoubted = (reading: LastReading) => isInDoubt(deedFor(deeds, reading), reading, nowMs);
  const farm = arrangeFarm(readings ?? [], gateways, quantities, nowMs, isDoubted);
  const isLive = failure === undefined && !state.isLate;
  const facts = useFacts(farm, { isConnected: readings !== undefined && isLive, nowMs, deeds });
  const isEmpty = readings?.length === 0;
  const shown = shownSpan(range, nowMs, oldestMs);
  return (
    <ViewContext.Provider value={{ locale, history, range, nowMs, isLive, shown }}>
      <main class="page" data-connected={isLive}>
        <LiveStateLine sites={farm.sites} state={state} />
        {failure && <ConnectionBanner failure={failure} hasValues={readings !== undefined} />}
        {readings === undefined && <Skeleton />}
        {isEmpty && <NoReadings />}
        {readings && (!isEmpty || gateways.length > 0) && (
          <FarmContext.Provider value={facts}>
            <FarmPage
              farm={farm}
              gateways={gateways}
              onRange={(name) => {
                remember('range', name);
                setRange(name);
              }}
            />
          </FarmContext.Provider>
        )}
        {readings && <footer class="foot">{locale.words.timesIn(locale.zone(nowMs))}</footer>}
      </main>
    </ViewContext.Provider>
  );
}

/** Asks for what is new while the page is looked at. */
function useFollowing(live: Live): void {
  useEffect(() => {
    const follow = () => (document.hidden ? live.pause() : live.resume());
    const hurry = () => live.hurry();
    document.addEventListener('visibilitychange', follow);
    addEventListener('online', hurry);
    follow();
    return () => {
      document.removeEventListener('visibilitychange', follow);
      removeEventListener('online', hurry);
      live.pause();
    };
  }, [live]);
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
