import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { LinkRecord } from '../../../core/links/link-record.ts';
import { encodeLinkRecord } from '../../../core/links/link-record.ts';
import type { Mesh } from '../../../core/links/mesh.ts';
import type { ScanBatch } from '../../stores/scan.ts';
import { recordOf } from '../../testing/link-agent.ts';
import { addRecord, emptyCell } from '../hours/cell.ts';
import type { MaintenanceWindow } from '../maintenance/maintenance-window.ts';
import { BudgetDesk } from './budget-desk.ts';
import { calendarOf } from './budget-report.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT = Date.UTC(2026, 9, 16, 12);
const OBJECTIVE = { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 };
const A = { id: 'a', network: 'n', site: 'net', gateway: 'a' };
const LINK = { id: 'a_b', from: A, to: { ...A, id: 'b' }, objective: OBJECTIVE, probes: [{ kind: 'stamp' }] };

/** An hour that is kept and one of the last, of a probe a second; the records of one minute of each are lost. */
const kept = Array.from({ length: 60 }, (_, n) => minute(AT - 20 * HOUR + n * MINUTE, n === 30));
const recent = Array.from({ length: 60 }, (_, n) => minute(AT - HOUR + n * MINUTE, n === 30));

function minute(fromMs: number, isLost: boolean): LinkRecord {
  return recordOf(fromMs, fromMs + MINUTE, 60, isLost ? 60 : 0);
}

function desk(windows: readonly MaintenanceWindow[], gateway = 'a'): BudgetDesk {
  const tags = { site: 'net', gateway, device: 'a_b', link: 'a_b', class: 'inter', point: 'stamp', zone: '' };
  const cell = emptyCell();
  for (const one of kept) addRecord(cell, one);
  const series = { link: 'a_b', class: 'inter', kind: 'stamp', site: 'net', gateway } as const;
  return new BudgetDesk({
    store: {
      async *scan() {
        const texts = new Map(recent.map((one, row) => [row, encodeLinkRecord(one)]));
        yield { series: tags, timeMs: recent.map(({ toMs }) => toMs), texts } as unknown as ScanBatch;
      },
    },
    evidence: {
      read: async () => [
        {
          series,
          pieces: [{ cell, hourMs: AT - 20 * HOUR, excludedBy: [], isOutAsPlanned: false }],
          faults: [],
          gone: 0,
        },
      ],
    },
    maintenance: { find: () => [...windows] },
    mesh: () => ({ links: new Map([['a_b', LINK]]) }) as unknown as Mesh,
    log: pino({ level: 'silent' }),
  });
}

const ask = (one: BudgetDesk) => one.ofLink('a_b', AT, calendarOf(AT, 'UTC')!);

it('adds the records of the last hours to hours that are kept', async () => {
  const found = await ask(desk([]));
  expect(found.budgets[0]!.days30).toMatchObject({ probes: 7_200, bad: 120, knownMs: 2 * HOUR });
  expect(found.withoutRetroactive).toBeUndefined();
  expect((await ask(desk([], 'stranger'))).budgets[0]!.days30, 'another agent').toMatchObject({ probes: 0 });
});

it('leaves out maintenance, and shows what was entered afterwards', async () => {
  const time = { fromMs: AT - 30 * MINUTE, toMs: AT - 29 * MINUTE, links: ['a_b'], pops: [], networks: [] };
  const window = { ...time, id: 'w', reason: 'fibre', issuer: 'ann', createdMs: 0, enteredMs: 0 };
  const planned = await ask(desk([{ ...window, planned: time }]));
  expect(planned.budgets[0]!.days30).toMatchObject({ probes: 7_140, bad: 60 });
  expect(planned.withoutRetroactive).toBeUndefined();
  const afterwards = await ask(desk([{ ...window, planned: null }]));
  expect(afterwards.budgets[0]!.days30).toMatchObject({ bad: 60 });
  expect(afterwards.withoutRetroactive![0]!.days30).toMatchObject({ probes: 7_200, bad: 120 });
});
