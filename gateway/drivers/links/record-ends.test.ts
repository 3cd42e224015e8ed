import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeLinkRecord, encodeLinkRecord, type Gap, totalOf } from '../../../core/links/link-record.ts';
import { noMeasures } from '../../../core/links/measures.ts';
import { createLog } from '../../../core/log.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import type { ProbeEvidence } from './probe-evidence.ts';
import { RecordEnds } from './record-ends.ts';

const NOON_MS = Date.UTC(2026, 10, 23, 12);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function record(fromMs: number, parts: { link?: string; gaps?: Gap[]; toMs?: number } = {}): ProbeEvidence {
  const { link = 'a', gaps = [], toMs = fromMs + MINUTE_MS } = parts;
  const measures = noMeasures();
  measures.account.scheduled = measures.account.lost = 7;
  const rest = { flows: [{ ...measures, sourcePort: 0 }], ttlForward: 0, ttlReturn: 0, pathChanges: 0 };
  const evidence = encodeLinkRecord({ fromMs, toMs, gaps, ...rest });
  return { link, kind: 'stamp', fromMs, toMs, evidence, values: {} };
}

function rangeOf({ fromMs, toMs, evidence }: ProbeEvidence): [number, number] {
  const told = decodeLinkRecord(evidence);
  expect([told.fromMs, told.toMs]).toEqual([fromMs, toMs]);
  expect(totalOf(told).account.lost).toBe(7);
  return [fromMs - NOON_MS, toMs - NOON_MS];
}

const ends = (folder: string) => new RecordEnds(folder, 'backbone', createLog('silent'));

test('records that grow are as they were', () => {
  const book = ends(temporaryFolder());
  for (const fromMs of [NOON_MS, NOON_MS + MINUTE_MS, NOON_MS + HOUR_MS]) {
    const one = record(fromMs);
    expect(book.place(one)).toBe(one);
  }
});

test('an agent that starts anew with its clock set back gives no record a time that one has', () => {
  const folder = temporaryFolder();
  const first = ends(folder);
  first.place(record(NOON_MS, { link: 'b' }));
  first.place(record(NOON_MS + MINUTE_MS));
  const anew = ends(folder);
  const backMs = NOON_MS - HOUR_MS;
  const gaps = [{ fromMs: backMs + 10, toMs: backMs + 20, probes: 7 }];
  const endMs = 2 * MINUTE_MS;
  const moved = anew.place(record(backMs, { gaps }));
  expect(rangeOf(moved)).toEqual([endMs, endMs + 1]);
  const [gap] = decodeLinkRecord(moved.evidence).gaps;
  expect(gap).toEqual({ fromMs: NOON_MS + endMs, toMs: NOON_MS + endMs, probes: 7 });
  expect(rangeOf(anew.place(record(backMs + MINUTE_MS)))).toEqual([endMs + 1, endMs + 2]);
  expect(rangeOf(anew.place(record(backMs, { link: 'b' })))).toEqual([endMs, endMs + 1]);
  // The clock has got there within this one, and then all is as always.
  expect(rangeOf(anew.place(record(NOON_MS + 90_000)))).toEqual([endMs + 2, 150_000]);
  expect(rangeOf(anew.place(record(NOON_MS + 150_000)))).toEqual([150_000, 210_000]);
});

test('a clock that was years ahead once is not waited for', () => {
  const folder = temporaryFolder();
  ends(folder).place(record(Date.UTC(2036, 1, 7)));
  const anew = ends(folder);
  expect(rangeOf(anew.place(record(NOON_MS)))).toEqual([0, MINUTE_MS]);
  expect(rangeOf(ends(folder).place(record(NOON_MS)))).toEqual([MINUTE_MS, MINUTE_MS + 1]);
});

test('a file that is damaged or cannot be written keeps no record from being told', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'links'));
  writeFileSync(join(folder, 'links', 'backbone-record-end'), 'x');
  expect(rangeOf(ends(folder).place(record(NOON_MS)))).toEqual([0, MINUTE_MS]);
  expect(readFileSync(join(folder, 'links', 'backbone-record-end'), 'utf8')).toBe(
    String(NOON_MS + MINUTE_MS),
  );
  const closed = temporaryFolder();
  writeFileSync(join(closed, 'links'), '');
  expect(rangeOf(ends(closed).place(record(NOON_MS)))).toEqual([0, MINUTE_MS]);
});
