import { Later } from './later.tsx';
import { NotLoaded } from './not-loaded.tsx';
import type { TimeChartProps } from './time-chart.tsx';

const load = () => import('./time-chart.tsx');

/** A chart whose code, half of what a page needs, is fetched once the figures beside it are there. */
export function LateChart(props: TimeChartProps) {
  const place = <div class="chart" style={{ minHeight: `${props.heightPx}px` }} />;
  return (
    <Later load={load} props={props} waiting={place} failed={(retry) => <NotLoaded onRetry={retry} />} />
  );
}
