import { type LinkRecord, totalOf } from '../../../core/links/link-record.ts';
import type { Objective } from '../../../core/links/mesh.ts';
import type { RecordCounts } from './link-counts.ts';

/** What budgets count of a record; an answer that is late is lost, and slow is what surely is. */
export function countsOf(record: LinkRecord, { latencyMs }: Objective): RecordCounts {
  const { account, roundTrip } = totalOf(record);
  const { received, lost, late } = account;
  const { fromMs, toMs } = record;
  const slow = roundTrip.countFrom(latencyMs).least;
  return { fromMs, toMs, sent: received + lost + late, lost: lost + late, answered: received, slow };
}
