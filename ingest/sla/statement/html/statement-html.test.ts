import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../../core/testing/temporary-folder.ts';
import { signingKey } from '../signing-key.ts';
import { statementCsv } from '../statement-csv.ts';
import { statedMonth } from '../testing/stated-month.ts';
import { verifyStatement } from '../verify-statement.ts';
import { countText, lengthText, msText, percentText } from './format.ts';
import { statementHtml } from './statement-html.ts';

async function stated() {
  const key = signingKey(temporaryFolder());
  const { statement, sha256 } = verifyStatement(await statedMonth(key));
  return { statement: statement!, sha256, key };
}

test('the page shows the verdict, exclusions with who and why, and how to check it, in both languages', async () => {
  const { statement, sha256, key } = await stated();
  const html = statementHtml(statement, sha256, ['en', 'zh']);
  for (const words of [
    'Insufficient evidence',
    '证据不足',
    'RETROACTIVE',
    '事后登记',
    'wang.li',
    'Line card 更换板卡',
  ])
    expect(html).toContain(words);
  expect(html).toContain(key.fingerprint);
  expect(html).toContain(sha256);
  expect(html).toContain('2026-10-09 03:35:00');
  expect(statementHtml(statement, sha256, ['zh'])).not.toContain('Exclusions');
});

test('the page runs nothing, fetches nothing, and what people entered is text', async () => {
  const { statement, sha256 } = await stated();
  const html = statementHtml(statement, sha256, ['en', 'zh']);
  expect(html).not.toMatch(/<script|<img|<link|src=|url\((?!#)|@import|https?:/i);
  expect(html).toContain('&#60;script&#62;alert(1)');
});

test('tables are RFC 4180 with a mark for Excel, and hold nothing that a spreadsheet runs', async () => {
  const { statement } = await stated();
  const { verdicts, days, exclusions, outages } = statementCsv(statement);
  for (const table of [verdicts, days, exclusions, outages]) {
    expect(table).toMatch(/^\uFEFFmonth,/);
    expect(table!.endsWith('\r\n')).toBe(true);
  }
  expect(days!.split('\r\n')).toHaveLength(1 + 31 + 1);
  expect(verdicts!.split('\r\n')[1]).toContain(',icmp,loss,round-trip,insufficient,');
  expect(exclusions).toContain(`,'=cmd|calc,"<script>alert(1)</script>, ""so""",`);
  expect(outages!.split('\r\n')[1]).toContain('2026-10-08T19:35:00.000Z,2026-10-08T20:00:00.000Z,1500,');
});

test('a row of the table has the verdicts of its own objective, with the exclusions and without', async () => {
  const { statement } = await stated();
  const [heads, loss, latency] = statementCsv(statement)
    .verdicts!.split('\r\n')
    .map((row) => row.split(','));
  const at = ['objective', 'verdict', 'verdict with nothing excluded'].map((head) => heads!.indexOf(head));
  expect(at.map((column) => loss![column])).toEqual(['loss', 'insufficient', 'insufficient']);
  expect(at.map((column) => latency![column])).toEqual(['latency', 'pass', 'pass']);
});

test('figures are as long as they are known', () => {
  expect([0.00012, 0.99998, 1, 0, 0.05, null].map((share) => percentText(share))).toEqual([
    ...['0.012 %', '99.9980 %', '100.00 %', '0 %', '5.00 %', '–'],
  ]);
  expect([0.1234, 12.345, 345.67].map((ms) => msText(ms))).toEqual(['0.123', '12.35', '345.7']);
  expect(countText(1234567)).toBe('1\u202f234\u202f567');
  expect([1_500, 90_000, 90_000_000].map(lengthText)).toEqual(['1.50 s', '1 min 30 s', '1 d 1 h']);
});
