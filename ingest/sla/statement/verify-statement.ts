import { Value } from 'typebox/value';
import { isExact, type Measures } from '../../../core/links/measures.ts';
import { LONGEST_RECORD_MS } from '../evidence/read-records.ts';
import type { Json } from './canonical-json.ts';
import { type Difference, differences } from './differences.ts';
import { evidenceEndMs, type FigureContext, figuresOf } from './figures-of.ts';
import { monthBounds } from './month-bounds.ts';
import { type Opened, openSealed, type SealFault } from './seal.ts';
import { measuresOf, recordsOf } from './stated-records.ts';
import {
  type StatedBlock,
  type StatedExclusion,
  StatedLink,
  type StatedProbe,
  type Statement,
  StatementHead,
} from './statement-format.ts';

/** What does not hold. `path` says where in the statement. */
export type Finding =
  | { readonly kind: SealFault | 'other-key' }
  | { readonly kind: 'form'; readonly path: string; readonly problem: string }
  | ({ readonly kind: 'figure'; readonly link: string } & Difference)
  | { readonly kind: EvidenceFault; readonly path: string };

/** What evidence cannot be, whoever signed it. */
export type EvidenceFault =
  | 'sum'
  | 'records'
  | 'order'
  | 'exclusion'
  | 'window'
  | 'gap'
  | 'histogram'
  | 'month'
  | 'provisional'
  | 'twice';

export interface Verification {
  /** Without the evidence of its links. Undefined where it cannot be read at all. */
  readonly statement: Statement | undefined;
  readonly sha256: string;
  readonly fingerprint: string;
  /** Whether the key is the one that the reader expects; undefined where none was named. */
  readonly isExpectedKey: boolean | undefined;
  /** Whether this machine knows the time zone, and so could look at where the month begins and ends. */
  readonly isZoneKnown: boolean;
  /** Links, and figures that were made anew and compared. */
  readonly figures: number;
  /** Empty: all of it holds. */
  readonly findings: readonly Finding[];
}

const HOUR_MS = 3_600_000;
/** A file that says nonsense in each of its records needs no list of them all. */
const MOST_FINDINGS = 1_000;

/**
 * Looks at a statement as somebody who believes nothing of it: that nothing was altered since it was signed, that its evidence adds up, and
 * that each figure is what the evidence gives. `expectedKey` is a fingerprint that came by another way than the file. Holds the text and
 * one link of it at a time.
 */
export function verifyStatement(text: string, expectedKey?: string): Verification {
  const links: StatedLink[] = [];
  const form: Finding[] = [];
  const ofLinks: Finding[] = [];
  let figures = 0;
  let isHeadRight: boolean | undefined;
  const opened = openSealed(text, (link, head) => {
    isHeadRight ??= Value.Check(StatementHead, head);
    const path = `links[${links.length}]`;
    const problems = formProblems(StatedLink, link, `/links/${links.length}`);
    links.push(link as unknown as StatedLink);
    form.push(...problems.slice(0, MOST_FINDINGS - form.length));
    if (problems.length > 0 || !isHeadRight) return;
    const found = linkFindings(links.at(-1)!, head as unknown as Statement, path);
    figures += found.figures;
    ofLinks.push(...found.findings.slice(0, MOST_FINDINGS - ofLinks.length));
    links[links.length - 1] = withoutEvidence(links.at(-1)!);
  });
  const { sha256, fingerprint } = opened;
  const findings: Finding[] = opened.faults.map((kind) => ({ kind }));
  const isExpectedKey = expectedKey === undefined ? undefined : sameKey(expectedKey, opened);
  if (isExpectedKey === false && opened.statement) findings.push({ kind: 'other-key' });
  if (opened.statement) findings.push(...formProblems(StatementHead, opened.statement, ''), ...form);
  if (opened.statement && links.length === 0)
    findings.push({ kind: 'form', path: '/links', problem: 'must not be empty' });
  const about = { sha256, fingerprint, isExpectedKey, figures };
  if (!opened.statement || findings.some(({ kind }) => kind === 'form'))
    return { ...about, statement: undefined, isZoneKnown: true, findings };
  const statement = { ...opened.statement, links } as unknown as Statement;
  const isZoneKnown = monthBounds(statement.period.month, statement.period.zone) !== undefined;
  findings.push(...periodFindings(statement, isZoneKnown), ...ofLinks);
  return { ...about, statement, isZoneKnown, findings: findings.slice(0, MOST_FINDINGS) };
}

/** What a page or a table says is in the figures. */
function withoutEvidence(link: StatedLink): StatedLink {
  return { ...link, probes: link.probes.map((probe) => ({ ...probe, blocks: [], gaps: [] })) };
}

function sameKey(expected: string, { fingerprint }: Opened): boolean {
  const digits = (text: string) => text.toLowerCase().replaceAll(/[^0-9a-f]/g, '');
  return digits(expected) === digits(fingerprint);
}

function formProblems(
  schema: typeof StatedLink | typeof StatementHead,
  value: unknown,
  at: string,
): Finding[] {
  if (Value.Check(schema, value)) return [];
  return Value.Errors(schema, value)
    .slice(0, 20)
    .map(({ instancePath, message }) => ({ kind: 'form', path: at + instancePath, problem: message }));
}

/** That the month is the month, by the time zones that this machine knows. */
function periodFindings({ period, madeAtMs, links }: Statement, isZoneKnown: boolean): Finding[] {
  const findings: Finding[] = [];
  const { fromMs, toMs, edgesMs } = period;
  const bounds = isZoneKnown ? monthBounds(period.month, period.zone)! : period;
  const isOrdered = edgesMs.every((ms, at) => at === 0 || ms > edgesMs[at - 1]!);
  if (edgesMs[0] !== fromMs || edgesMs.at(-1) !== toMs || !isOrdered || `${bounds.edgesMs}` !== `${edgesMs}`)
    findings.push({ kind: 'month', path: 'period' });
  else if (!isZoneKnown && !isMonthSomewhere(period)) findings.push({ kind: 'month', path: 'period' });
  if (period.provisional !== madeAtMs < toMs)
    findings.push({ kind: 'provisional', path: 'period.provisional' });
  const ids = new Set(links.map(({ id }) => id));
  if (ids.size < links.length) findings.push({ kind: 'twice', path: 'links' });
  return findings;
}

/** Where the time zone is not known: clocks are 12 h behind UTC at most and 14 h ahead, and days last a day, more or less an hour or two. */
function isMonthSomewhere({ month, edgesMs }: Statement['period']): boolean {
  const utc = monthBounds(month, 'UTC');
  return (
    utc?.edgesMs.length === edgesMs.length &&
    utc.edgesMs.every((ms, at) => edgesMs[at]! >= ms - 14 * HOUR_MS && edgesMs[at]! <= ms + 12 * HOUR_MS) &&
    edgesMs.slice(1).every((ms, at) => Math.abs(ms - edgesMs[at]! - 24 * HOUR_MS) <= 2 * HOUR_MS)
  );
}

function linkFindings(
  link: StatedLink,
  { period, madeAtMs }: Statement,
  path: string,
): { readonly figures: number; readonly findings: Finding[] } {
  const { objective, exclusions } = link;
  const context: FigureContext = { objective, exclusions, period, madeAtMs };
  const findings: Finding[] = [];
  let figures = 0;
  for (const [at, one] of exclusions.entries())
    if (!isWindow(one, madeAtMs)) findings.push({ kind: 'window', path: `${path}.exclusions[${at}]` });
  if (new Set(exclusions.map(({ id }) => id)).size < exclusions.length)
    findings.push({ kind: 'twice', path: `${path}.exclusions` });
  if (new Set(link.probes.map(({ kind }) => kind)).size < link.probes.length)
    findings.push({ kind: 'twice', path: `${path}.probes` });
  for (const [at, probe] of link.probes.entries()) {
    const place = `${path}.probes[${at}]`;
    const faults = evidenceFindings(probe, context, place);
    findings.push(...faults);
    // Records that are not as many as they say, or histograms that are none, give no figures to compare.
    if (faults.some(({ kind }) => kind === 'records' || kind === 'histogram')) continue;
    const made = JSON.parse(JSON.stringify(figuresOf(probe, context))) as Json;
    figures += leavesOf(made);
    for (const difference of differences(probe.figures as Json, made, `${place}.figures`))
      findings.push({ kind: 'figure', link: link.id, ...difference });
  }
  return { figures, findings };
}

/** Nobody enters or withdraws anything after the statement that tells of it was made. */
function isWindow({ fromMs, toMs, enteredMs, withdrawn }: StatedExclusion, madeAtMs: number): boolean {
  return fromMs < toMs && enteredMs <= madeAtMs && (withdrawn?.ms ?? 0) <= madeAtMs;
}

function leavesOf(value: Json): number {
  if (value === null || typeof value !== 'object') return 1;
  return Object.values(value).reduce((sum: number, one) => sum + leavesOf(one as Json), 0);
}

function evidenceFindings(probe: StatedProbe, context: FigureContext, place: string): Finding[] {
  const findings: Finding[] = [];
  let afterMs = context.period.fromMs;
  const endMs = evidenceEndMs(context);
  for (const [at, block] of probe.blocks.entries()) {
    const path = `${place}.blocks[${at}]`;
    const fault = (kind: EvidenceFault) => findings.push({ kind, path });
    if (block.fromMs < afterMs || block.toMs <= block.fromMs || block.fromMs >= endMs) fault('order');
    afterMs = block.toMs;
    if (!isWhole(block) || !isOfOneHour(block, context.period)) fault('records');
    try {
      const measures = measuresOf(block);
      if (!isExact(measures) || !addsUp(block) || !arePossible(measures)) fault('sum');
    } catch {
      fault('histogram');
    }
    if (!isExcludedRightly(block, context)) fault('exclusion');
  }
  if (!areGapsPossible(probe)) findings.push({ kind: 'gap', path: `${place}.gaps` });
  return findings;
}

/** As many records as its columns say, within it and one after the other. */
function isWhole({ fromMs, toMs, records: { runs, received, lost, useless } }: StatedBlock): boolean {
  let endMs = 0;
  let count = 0;
  for (const [startMs, lastsMs, times] of runs) {
    if (startMs < endMs || lastsMs === 0) return false;
    endMs = startMs + lastsMs * times;
    count += times;
  }
  return (
    runs[0]?.[0] === 0 &&
    endMs === toMs - fromMs &&
    count === received.length &&
    count === lost.length &&
    count === useless.length
  );
}

/** Longer records would cover times in which nothing was measured. */
function isOfOneHour({ fromMs, records: { runs } }: StatedBlock, { edgesMs }: Statement['period']): boolean {
  const [startMs = 0, lastsMs = 0, times = 0] = runs.at(-1) ?? [];
  const lastMs = fromMs + startMs + lastsMs * (times - 1);
  return (
    runs.every(([, lasts]) => lasts <= LONGEST_RECORD_MS) &&
    Math.floor(fromMs / HOUR_MS) === Math.floor(lastMs / HOUR_MS) &&
    !edgesMs.some((ms) => ms > fromMs && ms <= lastMs)
  );
}

/** Only an answer has a one-way time or a stamp. */
function arePossible({ account: { received }, forward, back, kernelStamped }: Measures): boolean {
  return forward.count <= received && back.count <= received && kernelStamped <= received;
}

function addsUp({ account, records: { received, lost, useless } }: StatedBlock): boolean {
  const sum = (column: readonly number[]) => column.reduce((total, one) => total + one, 0);
  return (
    account.excluded === 0 &&
    sum(received) === account.received &&
    sum(lost) === account.lost + account.late &&
    sum(useless) === account.notSent + account.invalid
  );
}

/** A block is out of the verdict exactly where each of its records meets each exclusion that it names, and no other does. */
function isExcludedRightly(block: StatedBlock, { exclusions }: FigureContext): boolean {
  const inForce = exclusions.filter(({ withdrawn }) => !withdrawn);
  for (const { fromMs, toMs } of recordsOf([block], [])) {
    const met = inForce.filter((one) => one.fromMs < toMs && one.toMs > fromMs).map(({ id }) => id);
    if (JSON.stringify(met.sort()) !== JSON.stringify([...(block.excludedBy ?? [])].sort())) return false;
  }
  return true;
}

/** A gap is in a record, and no record has more in its gaps than it lost. */
function areGapsPossible({ blocks, gaps }: StatedProbe): boolean {
  let seen = 0;
  for (const record of recordsOf(blocks, gaps)) {
    seen += record.gaps.length;
    const lost = record.gaps.reduce((sum, { probes }) => sum + probes, 0);
    if (lost > record.lost || record.gaps.some(({ fromMs, toMs }) => toMs < fromMs || toMs > record.toMs))
      return false;
  }
  return seen === gaps.length;
}
