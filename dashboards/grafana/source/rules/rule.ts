import { PROVISIONED_UID } from '../data-source.ts';
import type { InfluxTarget } from '../target.ts';

/** One step of a rule: a query of the database, or an expression on what came before it. */
export interface RuleStep {
  readonly refId: string;
  /** `__expr__` is Grafana itself. */
  readonly datasourceUid: string;
  /** Seconds before now. */
  readonly relativeTimeRange: { readonly from: number; readonly to: number };
  readonly model: Readonly<Record<string, unknown>>;
}

/** As the provisioning of Grafana 10 and later reads it. `$` in a label is taken for a variable of the environment, elsewhere it is not. */
export interface AlertRule {
  readonly uid: string;
  readonly title: string;
  /** The step that says whether it is wrong. */
  readonly condition: string;
  readonly data: readonly RuleStep[];
  readonly for: string;
  /** `OK`: where nobody has set a bound there is nothing to judge. */
  readonly noDataState: 'OK' | 'Alerting';
  readonly execErrState: 'Error';
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly isPaused: false;
  /** The panel that shows it. */
  readonly dashboardUid?: string;
  readonly panelId?: number;
}

const EXPRESSION = { type: '__expr__', uid: '__expr__' } as const;
const NO_RANGE = { from: 0, to: 0 };

/** In alerts there are no variables: the data source is the provisioned one. */
export function queryStep(target: InfluxTarget, fromS: number): RuleStep {
  const datasource = { type: 'influxdb', uid: PROVISIONED_UID };
  return {
    refId: target.refId,
    datasourceUid: PROVISIONED_UID,
    relativeTimeRange: { from: fromS, to: 0 },
    model: { ...target, datasource, intervalMs: 60_000, maxDataPoints: 43_200 },
  };
}

/** The newest value of each series. Series join by labels only once they are single values. */
export function lastOf(refId: string, expression: string): RuleStep {
  return step(refId, { type: 'reduce', expression, reducer: 'last', settings: { mode: 'dropNN' } });
}

export function math(refId: string, expression: string): RuleStep {
  return step(refId, { type: 'math', expression });
}

type Evaluator = readonly ['gt' | 'lt', number];

/** True where `raise` holds, and from then on until `clear` does. Grafana before 10.4 knows no `clear`, and lets it be. */
export function threshold(refId: string, expression: string, raise: Evaluator, clear?: Evaluator): RuleStep {
  const evaluator = ([type, bound]: Evaluator) => ({ type, params: [bound] });
  const condition = {
    type: 'query',
    evaluator: evaluator(raise),
    ...(clear && { unloadEvaluator: evaluator(clear) }),
    operator: { type: 'and' },
    query: { params: [refId] },
    reducer: { type: 'last', params: [] },
  };
  return step(refId, { type: 'threshold', expression, conditions: [condition] });
}

function step(refId: string, model: Readonly<Record<string, unknown>>): RuleStep {
  return {
    refId,
    datasourceUid: EXPRESSION.uid,
    relativeTimeRange: NO_RANGE,
    model: { refId, datasource: EXPRESSION, intervalMs: 1_000, maxDataPoints: 43_200, ...model },
  };
}
