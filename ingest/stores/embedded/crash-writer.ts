import { asSluiceError } from '../../../core/errors.ts';
import { seriesKey } from '../../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../../core/reading-batch.ts';
import { serviceContext } from '../../../core/testing/service-context.ts';
import { EmbeddedStore } from './embedded-store.ts';

/**
 * For the tests: writes readings until it is killed, and says on standard output up to which step all are stored.
 * Arguments: the data folder and the step to begin with. Step n is a reading of each of ten series, at n ms, of n.
 */
const [dataFolder = '', first = '0'] = process.argv.slice(2);
const store = new EmbeddedStore(serviceContext({ dataFolder }), {
  rows: 700,
  records: 20,
  textLength: 1_000,
  seriesPerCommit: 3,
});
await store.start();
const table = new SeriesTable();
const ids = Array.from({ length: 10 }, (_, index) => {
  const names = {
    measurement: 'soil',
    field: 'ec',
    unit: 'µS/cm',
    site: 's',
    gateway: 'g',
    device: `d${index}`,
  };
  return table.intern(seriesKey(names)).id;
});
process.stdout.write('started\n');
for (let step = Number(first); ; ) {
  const batch = new ReadingBatch(table);
  for (let more = 0; more < 5; more++, step++) for (const id of ids) batch.push(id, step, step, 0);
  while (!(await isStored(batch))) await new Promise((resolve) => setTimeout(resolve, 20));
  process.stdout.write(`${step}\n`);
}

async function isStored(batch: ReadingBatch): Promise<boolean> {
  try {
    await store.write(batch);
    return true;
  } catch (thrown) {
    const { code, message } = asSluiceError(thrown);
    process.stdout.write(`refused ${code}: ${message}\n`);
    return false;
  }
}
