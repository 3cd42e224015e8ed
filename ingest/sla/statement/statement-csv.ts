import { csvCell } from '../../export/csv-cell.ts';
import type { Judged, ProbeFigures, StatedJudgement } from './figures.ts';
import type { StatedLink, StatedProbe, Statement } from './statement-format.ts';

type Cell = string | number | boolean | null;

/** Excel takes a file in UTF-8 for one in the code page of its country where this does not stand before it. */
const BYTE_ORDER_MARK = '\uFEFF';

/** Tables of a statement by name, each as RFC 4180 in UTF-8, with times in UTC. */
export function statementCsv(statement: Statement): Readonly<Record<string, string>> {
  return {
    verdicts: verdicts(statement),
    days: days(statement),
    exclusions: exclusions(statement),
    outages: outages(statement),
  };
}

const PLACE = ['month', 'zone', 'provisional', 'link', 'class', 'from', 'from network', 'to', 'to network'];

function placeOf({ period }: Statement, { id, class: kind, from, to }: StatedLink): Cell[] {
  const { month, zone, provisional } = period;
  return [month, zone, provisional, id, kind, from.pop, from.network, to.pop, to.network];
}

function verdicts(statement: Statement): string {
  const heads = [
    ...PLACE,
    ...['probe', 'objective', 'direction', 'verdict', 'verdict of link', 'quantile', 'agreed (ms)'],
    ...['measured (ms)', 'allowed (%)', 'bad (%)', 'bad lower bound (%)', 'bad upper bound (%)'],
    ...['confidence (%)', 'judged probes', 'bad probes', 'bad probes at most', 'design effect'],
    'verdict with nothing excluded',
    ...['scheduled', 'received', 'lost', 'late', 'not sent', 'invalid', 'excluded'],
    ...['p50 (ms)', 'p95 (ms)', 'p99 (ms)', 'p99.9 (ms)', 'period (s)', 'covered (s)', 'excluded (s)'],
    ...['availability (%)', 'outages', 'in outages (s)', 'lost there', 'lost back'],
    ...['there p50 (ms)', 'there p95 (ms)', 'back p50 (ms)', 'back p95 (ms)', 'records left out'],
  ];
  const rows = ofEach(statement, (link, { kind, leftOut, figures: made }) => {
    const figures = made as ProbeFigures;
    const { account, roundTrip, forward, back, time, nothingExcluded } = figures;
    return figures.judgements.map((one) => [
      ...placeOf(statement, link),
      ...[kind, one.objective, one.direction, one.verdict, figures.verdict],
      ...(one.objective === 'latency'
        ? [link.objective.latencyQuantile, link.objective.latencyMs, rounded(figures.objectiveMs)]
        : [null, null, null]),
      ...[one.limit, one.share, one.lower, one.upper, link.objective.confidence].map(percent),
      ...[one.probes, one.bad.least, one.bad.most, rounded(one.designEffect)],
      verdictOf(nothingExcluded ?? figures, one),
      ...[account.scheduled, account.received, account.lost, account.late],
      ...[account.notSent, account.invalid, account.excluded],
      ...[roundTrip.p50, roundTrip.p95, roundTrip.p99, roundTrip.p999].map(rounded),
      ...[time.lastsMs, time.coveredMs, time.excludedMs].map(seconds),
      ...[percent(figures.availability), figures.outages.length, seconds(figures.downMs)],
      ...[figures.lostForward, figures.lostReturn],
      ...[forward.p50, forward.p95, back.p50, back.p95].map(rounded),
      leftOut,
    ]);
  });
  return csv(heads, rows);
}

/** Of the same objective: one may break what the other keeps. */
function verdictOf({ judgements }: Judged, { objective }: StatedJudgement): Cell {
  return judgements.find((one) => one.objective === objective)?.verdict ?? null;
}

function days(statement: Statement): string {
  const heads = [
    ...PLACE,
    ...[
      'probe',
      'day',
      'from (UTC)',
      'to (UTC)',
      'judged probes',
      'lost or late',
      'loss (%)',
      'excluded probes',
    ],
    ...['p50 (ms)', 'p95 (ms)'],
  ];
  const rows = ofEach(statement, (link, { kind, figures }) =>
    (figures as ProbeFigures).days.map(({ fromMs, toMs, probes, lost, excluded, p50, p95 }, at) => [
      ...placeOf(statement, link),
      ...[kind, `${statement.period.month}-${String(at + 1).padStart(2, '0')}`, utc(fromMs), utc(toMs)],
      ...[probes, lost, probes > 0 ? percent(lost / probes) : null, excluded, rounded(p50), rounded(p95)],
    ]),
  );
  return csv(heads, rows);
}

function exclusions(statement: Statement): string {
  const heads = [
    ...PLACE,
    ...[
      'exclusion',
      'from (UTC)',
      'to (UTC)',
      'by',
      'reason',
      'entered (UTC)',
      'retroactive',
      'withdrawn (UTC)',
    ],
    'withdrawn by',
  ];
  const rows = statement.links.flatMap((link) =>
    link.exclusions.map(({ id, fromMs, toMs, by, reason, enteredMs, withdrawn }) => [
      ...placeOf(statement, link),
      ...[id, utc(fromMs), utc(toMs), by, reason, utc(enteredMs), enteredMs > fromMs],
      ...[withdrawn ? utc(withdrawn.ms) : null, withdrawn?.by ?? null],
    ]),
  );
  return csv(heads, rows);
}

function outages(statement: Statement): string {
  const heads = [
    ...PLACE,
    'probe',
    'from (UTC)',
    'to (UTC)',
    'lasted (s)',
    'probes lost',
    'end',
    'start known',
  ];
  const rows = ofEach(statement, (link, { kind, figures }) =>
    (figures as ProbeFigures).outages.map(({ fromMs, toMs, probes, end, isStartKnown }) => [
      ...placeOf(statement, link),
      ...[kind, utc(fromMs), utc(toMs), seconds(toMs - fromMs), probes, end, isStartKnown],
    ]),
  );
  return csv(heads, rows);
}

function ofEach(
  { links }: Statement,
  rows: (link: StatedLink, probe: StatedProbe) => readonly Cell[][],
): readonly Cell[][] {
  return links.flatMap((link) => link.probes.flatMap((probe) => rows(link, probe)));
}

function csv(heads: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const lines = [heads, ...rows].map((row) => row.map(cellText).join(','));
  return `${BYTE_ORDER_MARK}${lines.join('\r\n')}\r\n`;
}

/** Numbers stand as they are, also negative ones: only a text can be a formula. */
function cellText(cell: Cell): string {
  if (cell === null) return '';
  return typeof cell === 'string' ? csvCell(cell) : String(cell);
}

function percent(share: number | null): number | null {
  return share === null ? null : rounded(share * 100);
}

function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(9));
}

function seconds(ms: number): number {
  return ms / 1000;
}

function utc(ms: number): string {
  return new Date(ms).toISOString();
}
