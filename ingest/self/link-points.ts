import { BURN_WINDOWS, type BurnWindowName } from '../../core/links/burn-windows.ts';
import type { Link, Objective } from '../../core/links/mesh.ts';
import { judgeLoss, type Verdict, worstOf } from '../../core/links/statistics/judge-share.ts';
import { THRESHOLD_MEASUREMENT } from '../../core/thresholds/threshold.ts';
import { allowedShare, type Budget } from '../sla/budget/budget-report.ts';
import { BURN_RULES } from '../sla/budget/burn-rules.ts';
import { burnRate } from '../sla/budget/judge-burn.ts';
import { BUDGETS, type LinkFigures } from '../sla/budget/link-counts.ts';
import { pointsOf, type SelfPoint } from './self-point.ts';

const HOUR_MS = 3_600_000;
/** As the states of `sla/verdict` in the catalogue. */
const VERDICT_STATES: Readonly<Record<Verdict, number>> = { pass: 0, insufficient: 1, breach: 2 };
const WINDOWS = Object.keys(BURN_WINDOWS) as BurnWindowName[];

/** `device` is the point of presence where it starts and `point` the one where it ends, so that a matrix has both. */
function tagsOf({ id, class: className, from, to }: Link) {
  return {
    site: from.site,
    gateway: from.gateway,
    device: from.id,
    point: to.id,
    link: id,
    class: className,
  };
}

export function linkPoints(link: Link, figures: LinkFigures): SelfPoint[] {
  const loss = figures.share('loss', HOUR_MS);
  const latency = figures.share('latency', HOUR_MS);
  const burns = BUDGETS.flatMap((kind) => {
    const allowed = allowedShare(link.objective, kind);
    return WINDOWS.map((name) => [
      `${kind}_burn_${name}`,
      burnRate(figures.share(kind, BURN_WINDOWS[name]), allowed),
    ]);
  });
  return pointsOf('sla', tagsOf(link), {
    probes: loss.probes,
    loss: loss.probes > 0 ? loss.bad / loss.probes : null,
    slow: latency.probes > 0 ? latency.bad / latency.probes : null,
    verdict: loss.probes > 0 ? VERDICT_STATES[verdictOf(link.objective, figures)] : null,
    ...Object.fromEntries(burns),
  });
}

/** Of the last hour: of loss, and of the share that is slower than the objective. */
function verdictOf(objective: Objective, { blocks }: LinkFigures): Verdict {
  return worstOf(
    BUDGETS.map(
      (kind) => judgeLoss(blocks(kind, HOUR_MS), allowedShare(objective, kind), objective.confidence).verdict,
    ),
  );
}

/** How much of the budget of 30 days is used, 1 being all of it. */
export function budgetPoints(link: Link, budgets: readonly Pick<Budget, 'kind' | 'days30'>[]): SelfPoint[] {
  const spent = budgets.map(({ kind, days30 }) => [`${kind}_spent`, days30.spent]);
  return pointsOf('sla', tagsOf(link), Object.fromEntries(spent));
}

/** Objectives, and the rates at which burning is wrong, with the tags of what they bound. */
export function linkBoundPoints(link: Link): SelfPoint[] {
  const { site, gateway, link: id, class: className } = tagsOf(link);
  const { latencyMs, loss } = link.objective;
  const rates = BUDGETS.flatMap((kind) =>
    BURN_RULES.flatMap(({ longMs, rate }) => {
      const name = WINDOWS.find((one) => BURN_WINDOWS[one] === longMs);
      return name === undefined ? [] : [[`sla_${kind}_burn_${name}_high`, rate]];
    }),
  );
  return [
    ...pointsOf(
      THRESHOLD_MEASUREMENT,
      { site, gateway, link: id, class: className },
      {
        link_latency_high: latencyMs,
        link_loss_high: loss,
      },
    ),
    ...pointsOf(THRESHOLD_MEASUREMENT, tagsOf(link), Object.fromEntries(rates)),
  ];
}
