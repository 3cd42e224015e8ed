import { expect, it, onTestFinished } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { packStatus, seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { Rule, Threshold } from '../../core/thresholds/threshold.ts';
import type { Store } from '../stores/store.ts';
import { AlertDesk } from './alert-desk.ts';
import type { OwnTrouble } from './own-trouble.ts';

const S = 1_000;
const SENSORS = 50;

/** A desk that judges soil moisture of many sensors by one rule, and what it may be told: readings, time and trouble. */
async function desk(rule: Rule, forS = 0) {
  const clock = new FakeClock();
  const threshold: Threshold = {
    ...{ id: 't', rule, scope: {}, measurement: 'soil', field: 'moisture', version: 1, setBy: 'li', why: '' },
    ...{ setMs: clock.nowMs(), forS, severity: 'warning', enabled: true },
  };
  const own: OwnTrouble[] = [];
  const store: Pick<Store, 'scan' | 'last' | 'query'> = {
    last: async () => [],
    query: async () => [],
    scan: async function* () {},
  };
  const config = { everyS: 5, silentAfterS: 60, outageAfterS: 10, settleS: 20, joinS: 180 };
  const one = new AlertDesk(
    { ...config, keepDays: 400, most: 100_000 },
    {
      ...{ folder: temporaryFolder(), clock, log: createLog('silent'), store },
      mesh: () => ({ version: '', recordS: 10, pops: new Map(), links: new Map() }),
      gateways: () => [],
      maintenance: { find: () => [] },
      judging: {
        ...{ book: { all: () => [threshold], revision: 1 }, liveWithinS: 900 },
        ...{ cropOf: () => ({}), zoneName: () => undefined },
      },
      own: () => own,
    },
  );
  await one.start();
  onTestFinished(() => one.stop());
  const table = new SeriesTable();
  const put = (value: number) => {
    const batch = new ReadingBatch(table, SENSORS);
    for (let n = 0; n < SENSORS; n++) {
      const tags = { site: 'farm', gateway: 'pump', device: `s${n}`, zone: 'north' };
      const key = seriesKey({ ...tags, measurement: 'soil', field: 'moisture', unit: '%' });
      batch.push(table.intern(key).id, clock.nowMs(), value, packStatus('good', 'synced'));
    }
    one.stored(batch, false);
  };
  const told = () => one.find({ limit: 100 }).map(({ event }) => event.key);
  return { clock, own, put, told };
}

it.each([
  ['its clock was set forward', 3_600 * S],
  ['its clock was set back', -3_600 * S],
])('calls nobody silent because %s', async (_what, stepMs) => {
  const { clock, put, told } = await desk({ kind: 'no-data', afterS: 60 });
  put(25);
  await clock.advance(30 * S);
  clock.stepWall(stepMs);
  await clock.advance(59 * S);
  expect(told()).toEqual([]);
  // Who says nothing for the whole time from then on is told, and as one.
  await clock.advance(10 * S);
  expect(told()).toEqual(['gateway:farm/pump']);
});

it('tells its own outage once, and nobody silent in it or within their time after it', async () => {
  const { clock, own, put, told } = await desk({ kind: 'no-data', afterS: 60 });
  put(25);
  own.push({ name: 'store', error: new SluiceError('STORE_UNAVAILABLE', { url: 'x', reason: 'down' }) });
  await clock.advance(600 * S);
  expect(told()).toEqual(['own:sluice']);
  own.pop();
  await clock.advance(55 * S);
  put(25);
  await clock.advance(30 * S);
  expect(told()).toEqual(['own:sluice']);
});
