import type { Link, Pop } from '../../../../core/links/mesh.ts';
import { makeStatement, type StatementSources } from '../make-statement.ts';
import { monthBounds } from '../month-bounds.ts';
import type { SigningKey } from '../signing-key.ts';
import type { StatedExclusion } from '../statement-format.ts';
import { type MonthOptions, monthRecords } from './month-records.ts';

const HOUR_MS = 3_600_000;
export const BOUNDS = monthBounds('2026-10', 'Asia/Shanghai')!;

/** A moment of that October in Shanghai. */
export function moment(day: number, hour = 0): number {
  return BOUNDS.fromMs + ((day - 1) * 24 + hour) * HOUR_MS;
}

function pop(id: string, network: string, en: string, zh: string): Pop {
  return { id, network, site: 'backbone', gateway: `agent-${id}`, name: { en, zh } };
}

export const LINK: Link = {
  id: 'cq_gz',
  from: pop('cq', 'west', 'Chongqing', '重庆'),
  to: pop('gz', 'south', 'Guangzhou', '广州'),
  class: 'inter',
  objective: { latencyMs: 30, latencyQuantile: 0.95, loss: 0.003, confidence: 0.95 },
  probes: [{ kind: 'icmp', address: '192.0.2.1', everyMs: 1000, timeoutMs: 2000, dscp: 0, sizeBytes: 56 }],
  behind: [],
};

/** Maintenance that was entered afterwards, over half of a dark hour; and one that was withdrawn. */
export const EXCLUSIONS: readonly StatedExclusion[] = [
  {
    ...{ id: 'm1', fromMs: moment(9, 2), toMs: moment(9, 3) + HOUR_MS / 2 + 1, enteredMs: moment(10) },
    ...{ by: 'wang.li', reason: 'Line card 更换板卡' },
  },
  {
    ...{ id: 'm2', fromMs: moment(20), toMs: moment(20, 1), enteredMs: moment(15) },
    ...{
      by: '=cmd|calc',
      reason: '<script>alert(1)</script>, "so"',
      withdrawn: { ms: moment(19), by: 'zhao' },
    },
  },
];

const MONTH: MonthOptions = {
  ...{ fromMs: BOUNDS.fromMs, toMs: BOUNDS.toMs, recordMs: 300_000, ratePerS: 0.2, seed: 1 },
  ...{ medianMs: 21, loss: 0.0003, bursts: { share: 0.01, loss: 0.2 } },
  dark: [{ fromMs: moment(9, 3), toMs: moment(9, 4) }],
  away: [{ fromMs: moment(17), toMs: moment(18) }],
};

/** The file of that month for one link, 300 kB, made of records of five minutes. */
export async function statedMonth(
  key: SigningKey,
  { madeAtMs = moment(32), ...sources }: Partial<StatementSources> & { madeAtMs?: number } = {},
): Promise<string> {
  const pieces = makeStatement(
    { bounds: BOUNDS, links: [LINK], madeAtMs, host: 'sluice', program: 'Sluice 0' },
    {
      key,
      exclusions: () => EXCLUSIONS,
      async *records(_link, _kind, { toMs }) {
        for (const record of monthRecords({ ...MONTH, toMs })) yield { series: 'a', record };
      },
      ...sources,
    },
  );
  let text = '';
  for await (const piece of pieces) text += piece;
  return text;
}
