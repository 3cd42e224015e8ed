import { beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type { ProbeFigures } from './figures.ts';
import { sealed } from './seal.ts';
import { type SigningKey, signingKey } from './signing-key.ts';
import type { Statement } from './statement-format.ts';
import { BOUNDS, EXCLUSIONS, moment, statedMonth } from './testing/stated-month.ts';
import { verifyStatement } from './verify-statement.ts';

let key: SigningKey;
let text: string;
beforeEach(async () => {
  key ??= signingKey(temporaryFolder());
  text ??= await statedMonth(key);
});

/** The statement with a change in it, signed by whoever made it: only what it says of itself can show that it is wrong. */
async function resigned(changed: (statement: Statement) => void): Promise<string> {
  const statement = JSON.parse(text).statement as Statement;
  changed(statement);
  let sealedAgain = '';
  for await (const piece of sealed(statement as never, {}, key.sign)) sealedAgain += piece;
  return sealedAgain;
}

const probe = (statement: Statement) => statement.links[0]!.probes[0]!;
const dark = (statement: Statement) => probe(statement).blocks.find(({ account }) => account.received === 0)!;

test('a statement holds, and says what was measured', () => {
  const { findings, statement, figures: count, isExpectedKey } = verifyStatement(text, key.fingerprint);
  expect(findings).toEqual([]);
  expect(isExpectedKey).toBe(true);
  expect(count).toBeGreaterThan(250);
  const { account, time, outages, nothingExcluded, records, days } = probe(statement!)
    .figures as ProbeFigures;
  expect(records).toBe(30 * 288);
  expect(account.excluded).toBeGreaterThan(0);
  expect(time.holes).toEqual([{ fromMs: moment(17), toMs: moment(18) }]);
  // A record is out as a whole where maintenance touches it: 02:00 to 03:35.
  expect(time.excludedMs).toBe(95 * 60_000);
  expect(time.coveredMs + time.excludedMs + 86_400_000).toBe(time.lastsMs);
  expect(outages).toEqual([
    expect.objectContaining({ fromMs: moment(9, 3) + 35 * 60_000, toMs: moment(9, 4), isStartKnown: false }),
  ]);
  expect(nothingExcluded?.verdict).toBeDefined();
  expect(days[16]).toMatchObject({ probes: 0, p50: null });
});

test('sums up whoever else adds it up', () => {
  const statement = JSON.parse(text).statement as Statement;
  const { account } = probe(statement).figures as ProbeFigures;
  const { scheduled, received, lost, late, notSent, invalid, excluded } = account;
  expect(received + lost + late + notSent + invalid + excluded).toBe(scheduled);
  expect(probe(statement).blocks.reduce((sum, block) => sum + block.account.scheduled, 0)).toBe(scheduled);
});

test('another key is told from the one that is expected', () => {
  const other = signingKey(temporaryFolder());
  expect(verifyStatement(text, other.fingerprint).findings).toEqual([{ kind: 'other-key' }]);
  expect(verifyStatement(text).isExpectedKey).toBeUndefined();
});

/** Puts another value where `path` leads; `p` is the probe, `dark` its block without an answer. `undefined` takes it out. */
function change(statement: Statement, path: string, next: (value: never) => unknown): void {
  const at = probe(statement).blocks.indexOf(dark(statement));
  const steps = path.replace(/^dark/, `p.blocks.${at}`).replace(/^p\./, 'links.0.probes.0.').split('.');
  const last = steps.pop()!;
  let place = statement as unknown as Record<string, unknown>;
  for (const step of steps) place = place[step] as Record<string, unknown>;
  const value = next(place[last] as never);
  if (value === undefined) delete place[last];
  else place[last] = value;
}

const plus = (more: number) => (value: number) => value + more;
const is = (value: unknown) => () => value;

const LIES: readonly [what: string, path: string, next: (value: never) => unknown, named?: string][] = [
  ['a verdict', 'p.figures.verdict', is('other')],
  ['a percentile', 'p.figures.roundTrip.p95', plus(-1)],
  ['a bound', 'p.figures.judgements.0.upper', (upper: number) => upper * 0.99],
  ['a count', 'p.figures.account.lost', plus(-1)],
  ['a day', 'p.figures.days.3.lost', plus(1)],
  ['an outage', 'p.figures.outages', is([]), 'figures.outages[0]'],
  ['availability', 'p.figures.availability', is(1)],
  ['a hole', 'p.figures.time.holes', is([]), 'figures.time.holes[0]'],
  ['what would be had nothing been excluded', 'p.figures.nothingExcluded', is(undefined)],
  ['a figure that nobody makes', 'p.figures.bonus', is(1)],
  ['the objective', 'links.0.objective.loss', is(0.01), 'figures.judgements[0].limit'],
];

test.each(LIES)('a figure that its evidence does not give is named with both values: %s', async (...row) => {
  const [, path, next, named = path.slice(2).replaceAll(/\.(\d+)/g, '[$1]')] = row;
  const { findings } = verifyStatement(await resigned((one) => change(one, path, next)));
  const figures = findings.flatMap((finding) => (finding.kind === 'figure' ? [finding] : []));
  const found = figures.find((figure) => figure.path === `links[0].probes[0].${named}`);
  expect(found, JSON.stringify(findings)).toBeDefined();
  expect(found!.stated).not.toEqual(found!.made);
});

const IMPOSSIBLE: readonly [kind: string, path: string, next: (value: never) => unknown][] = [
  ['sum', 'dark.account.lost', plus(-1)],
  ['sum', 'dark.records.lost.0', plus(-1)],
  ['sum', 'dark.histograms.roundTrip', is('AQGyFQE=')],
  ['records', 'dark.records.received', (column: number[]) => column.slice(1)],
  ['records', 'dark.records.runs.0.2', is(1e15)],
  ['order', 'p.blocks', (blocks: unknown[]) => blocks.toReversed()],
  ['order', 'p.blocks', (blocks: unknown[]) => [blocks[0], ...blocks]],
  ['histogram', 'p.blocks.0.histograms.roundTrip', is('AAAA')],
  ['exclusion', 'p.blocks.0.excludedBy', is(['m1'])],
  ['exclusion', 'links.0.exclusions.0.toMs', plus(300_000)],
  ['exclusion', 'links.0.exclusions.1.withdrawn', is(undefined)],
  ['exclusion', 'links.0.exclusions.0.id', is('m1,m2')],
  ['window', 'links.0.exclusions.0.enteredMs', is(moment(33))],
  ['window', 'links.0.exclusions.1.withdrawn.ms', is(moment(33))],
  ['window', 'links.0.exclusions.1.toMs', is(moment(20))],
  ['twice', 'links.0.exclusions', (all: unknown[]) => [...all, all[0]]],
  // A day without evidence, covered by one long record; and an hour that another tells of.
  ['records', 'p.blocks.3.records.runs', is([[0, 3_600_000, 12]])],
  ['records', 'p.blocks.3.records.runs', is([[0, 3_600_000, 1]])],
  ['sum', 'p.blocks.3.kernelStamped', plus(1e6)],
  ['gap', 'p.gaps', (gaps: { probes: number }[]) => gaps.map((gap) => ({ ...gap, probes: 900 }))],
  ['gap', 'p.gaps', (gaps: object[]) => [{ fromMs: 1, toMs: 2, probes: 3 }, ...gaps]],
  ['month', 'period.fromMs', plus(3_600_000)],
  ['month', 'period.edgesMs.3', plus(1)],
  ['month', 'period.zone', is('UTC')],
  ['form', 'format', is('sluice-link-statement/0')],
  ['form', 'links', is([])],
  ['provisional', 'period.provisional', is(true)],
  ['twice', 'links', (links: unknown[]) => [...links, ...links]],
  ['form', 'discount', is('10 %')],
  ['form', 'dark.account.lost', is(-1)],
];

test.each(IMPOSSIBLE)(
  'evidence that cannot be is refused, whoever signed it: %s by %s',
  async (kind, path, next) => {
    const { findings } = verifyStatement(await resigned((one) => change(one, path, next)));
    expect(findings.map((finding) => finding.kind)).toContain(kind);
  },
);

test('a change of any part of it without the key is found', () => {
  const cut = text.indexOf('"links"');
  for (const [from, to] of [
    ['"lost":', '"lost":1'],
    ['wang.li', 'wang.ii'],
    ['"loss":0.003', '"loss":0.004'],
    ['Chongqing', 'Chengdu'],
    ['"madeAtMs":1', '"madeAtMs":2'],
    [key.fingerprint.slice(0, 8), '00000000'],
  ] as const) {
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    expect(verifyStatement(changed).findings.map(({ kind }) => kind)).toContain('digest');
  }
  expect(verifyStatement(text.slice(0, cut)).findings).toEqual([{ kind: 'not-json' }]);
  expect(verifyStatement('null').findings).toEqual([{ kind: 'not-json' }]);
  expect(verifyStatement(`\uFEFF${text}`).findings).toEqual([{ kind: 'not-json' }]);
});

test('a month that has not ended is provisional, and lasts until then', async () => {
  const until = { madeAtMs: moment(12, 7), exclusions: () => EXCLUSIONS.slice(0, 1) };
  const { findings, statement } = verifyStatement(await statedMonth(key, until));
  expect(findings).toEqual([]);
  expect(statement!.period.provisional).toBe(true);
  expect((probe(statement!).figures as ProbeFigures).time.lastsMs).toBe(moment(12, 7) - BOUNDS.fromMs);
});

test('a month without evidence is insufficient, and holds too', async () => {
  const nothing = await statedMonth(key, { async *records() {} });
  const { findings, statement } = verifyStatement(nothing);
  expect(findings).toEqual([]);
  expect(probe(statement!).figures).toMatchObject({
    verdict: 'insufficient',
    availability: null,
    records: 0,
  });
});

test('what two series tell of at once counts once, and what cannot be read is counted apart', async () => {
  const { monthRecords } = await import('./testing/month-records.ts');
  const both = await statedMonth(key, {
    exclusions: () => [],
    async *records(_link, _kind, _range, refused) {
      const month = { fromMs: BOUNDS.fromMs, toMs: moment(2), recordMs: 300_000, ratePerS: 0.1, seed: 1 };
      for (const record of monthRecords({ ...month, medianMs: 20, loss: 0 })) yield { series: 'a', record };
      const later = { ...month, fromMs: moment(1, 23), toMs: moment(3) };
      for (const record of monthRecords({ ...later, medianMs: 20, loss: 0 })) yield { series: 'b', record };
      refused();
    },
  });
  const { findings, statement } = verifyStatement(both);
  expect(findings).toEqual([]);
  expect(probe(statement!).leftOut).toBe(12 + 1);
  expect((probe(statement!).figures as ProbeFigures).records).toBe(2 * 288);
});
