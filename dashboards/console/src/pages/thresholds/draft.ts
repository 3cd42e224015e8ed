import type {
  Bound,
  Rule,
  RuleKind,
  ThresholdScope,
  ThresholdWish,
} from '../../../../../core/thresholds/threshold.ts';

/** Kinds in the order in which they are offered; of every one there is one. */
export const RULE_KINDS = Object.keys({
  bounds: true,
  rate: true,
  'no-data': true,
  stuck: true,
  implausible: true,
  neighbours: true,
} satisfies Record<RuleKind, true>) as RuleKind[];

type Figure = number | undefined;

/** What stands in the form: the fields of every kind of rule, so that changing one's mind loses nothing. */
export interface Draft {
  readonly quantity: string;
  readonly scope: ThresholdScope;
  readonly kind: RuleKind;
  readonly lowRaise: Figure;
  readonly lowClear: Figure;
  readonly highRaise: Figure;
  readonly highClear: Figure;
  readonly rise: Figure;
  readonly fall: Figure;
  readonly rateOverS: Figure;
  readonly band: Figure;
  readonly stuckOverS: Figure;
  readonly afterS: Figure;
  readonly by: Figure;
  readonly forS: Figure;
  readonly severity: ThresholdWish['severity'];
  readonly enabled: boolean;
  readonly note: string;
  readonly source: string;
  readonly template: string | undefined;
}

const BLANK: Draft = {
  ...{ quantity: '', scope: {}, kind: 'bounds', enabled: true },
  ...{ lowRaise: undefined, lowClear: undefined, highRaise: undefined, highClear: undefined },
  ...{ rise: undefined, fall: undefined, rateOverS: 3_600, band: undefined, stuckOverS: 86_400 },
  ...{ afterS: 1_800, by: undefined, forS: 600, severity: 'warning' },
  ...{ note: '', source: '', template: undefined },
};

export function blankDraft(quantity: string, scope: ThresholdScope): Draft {
  return { ...BLANK, quantity, scope };
}

export function draftOf(wish: ThresholdWish): Draft {
  const { measurement, field, scope, rule, forS, severity, enabled, note = '', source = '', template } = wish;
  const common = { ...BLANK, quantity: `${measurement}/${field}`, scope, kind: rule.kind };
  return { ...common, ...figuresOf(rule), forS, severity, enabled, note, source, template };
}

function figuresOf(rule: Rule): Partial<Draft> {
  switch (rule.kind) {
    case 'bounds':
      return {
        ...{ lowRaise: rule.low?.raise, lowClear: rule.low?.clear },
        ...{ highRaise: rule.high?.raise, highClear: rule.high?.clear },
      };
    case 'rate':
      return { rise: rule.rise, fall: rule.fall, rateOverS: rule.overS };
    case 'stuck':
      return { band: rule.band, stuckOverS: rule.overS };
    case 'no-data':
      return { afterS: rule.afterS };
    case 'implausible':
      return {};
    case 'neighbours':
      return { by: rule.by };
  }
}

/** What is wrong with a draft, in the terms of the request: `needed`, `order` and so on are keys of words. */
export type DraftProblem =
  | 'needed'
  | 'needBound'
  | 'needMove'
  | 'lowOrder'
  | 'highOrder'
  | 'roomless'
  | 'positive';
export type DraftProblems = Readonly<Record<string, DraftProblem>>;

/** The wish that a draft stands for, or what is wrong with it by the name of its field. NaN is a figure that is none. */
export function wishOf(draft: Draft): { readonly wish?: ThresholdWish; readonly problems: DraftProblems } {
  const problems: Record<string, DraftProblem> = {};
  const [measurement = '', field = ''] = draft.quantity.split('/');
  if (field === '') problems.field = 'needed';
  const rule = ruleOf(draft, problems);
  const forS = given(draft.forS, 'forS', problems);
  if (Object.keys(problems).length > 0) return { problems };
  const { scope, severity, enabled, note, source, template } = draft;
  const wish = {
    ...{ measurement, field, scope, rule, forS, severity, enabled },
    ...(note.trim() !== '' && { note: note.trim() }),
    ...(source.trim() !== '' && { source: source.trim() }),
    ...(template !== undefined && { template }),
  };
  return { wish, problems };
}

function ruleOf(draft: Draft, problems: Record<string, DraftProblem>): Rule {
  const { kind } = draft;
  switch (kind) {
    case 'bounds':
      return boundsOf(draft, problems);
    case 'rate': {
      const overS = given(draft.rateOverS, 'rule.overS', problems, 'positive');
      const rise = maybe(draft.rise, 'rule.rise', problems);
      const fall = maybe(draft.fall, 'rule.fall', problems);
      if (rise === undefined && fall === undefined) problems.rule ??= 'needMove';
      return { kind, overS, ...(rise !== undefined && { rise }), ...(fall !== undefined && { fall }) };
    }
    case 'stuck':
      return {
        kind,
        band: given(draft.band, 'rule.band', problems),
        overS: given(draft.stuckOverS, 'rule.overS', problems, 'positive'),
      };
    case 'no-data':
      return { kind, afterS: given(draft.afterS, 'rule.afterS', problems, 'positive') };
    case 'implausible':
      return { kind };
    case 'neighbours':
      return { kind, by: given(draft.by, 'rule.by', problems, 'positive') };
  }
}

function boundsOf(draft: Draft, problems: Record<string, DraftProblem>): Rule {
  const low = boundOf(draft.lowRaise, draft.lowClear, 'low', problems);
  const high = boundOf(draft.highRaise, draft.highClear, 'high', problems);
  if (!low && !high) problems.rule ??= 'needBound';
  if (low && low.clear < low.raise) problems['rule.low.clear'] ??= 'lowOrder';
  if (high && high.clear > high.raise) problems['rule.high.clear'] ??= 'highOrder';
  if (low && high && (low.clear > high.clear || low.raise >= high.raise)) problems.rule ??= 'roomless';
  return { kind: 'bounds', ...(low && { low }), ...(high && { high }) };
}

function boundOf(
  raise: Figure,
  clear: Figure,
  name: 'low' | 'high',
  problems: Record<string, DraftProblem>,
): Bound | undefined {
  if (raise === undefined && clear === undefined) return undefined;
  return {
    raise: given(raise, `rule.${name}.raise`, problems),
    clear: given(clear, `rule.${name}.clear`, problems),
  };
}

function given(
  value: Figure,
  name: string,
  problems: Record<string, DraftProblem>,
  least: 'positive' | 'any' = 'any',
): number {
  if (value === undefined || Number.isNaN(value)) problems[name] = 'needed';
  else if (least === 'positive' && value <= 0) problems[name] = 'positive';
  // What is missing agrees with whatever it is compared with.
  return value ?? Number.NaN;
}

function maybe(value: Figure, name: string, problems: Record<string, DraftProblem>): Figure {
  return value === undefined ? undefined : given(value, name, problems, 'positive');
}
