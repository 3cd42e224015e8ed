import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { checkConfig } from '../core/config.ts';
import { Supervisor } from '../core/lifecycle.ts';
import { createLog } from '../core/log.ts';
import type { ReadingBatch } from '../core/reading-batch.ts';
import { type Measurement, medianOfThree } from '../core/testing/median-of-three.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { IngestConfig } from './config.ts';
import { createIngest } from './service.ts';
import type { Store } from './stores/store.ts';
import { createStore } from './stores/stores.ts';
import type { Load } from './testing/load-process.ts';

const LOAD: Load = { gateways: 100, readingsPerMessage: 20, messagesPerGateway: 500, isNumbered: false };

/**
 * Readings per second from the moment in which gateways begin to publish to the one in which the embedded store has
 * the last of them: 100 gateways, 20 readings in a message, 2 000 series. Broker and gateways run in one other
 * process on the same machine. A run in which a reading is missing fails.
 */
export async function benchIngest(load: Load = LOAD): Promise<Measurement[]> {
  const what = `MQTT to stored, ${load.readingsPerMessage} readings in a message`;
  const numbered = { ...load, isNumbered: true };
  return [
    await medianOfThree(what, 'readings/s', () => runOnce(load)),
    await medianOfThree(`${what}, numbered and confirmed`, 'readings/s', () => runOnce(numbered)),
  ];
}

async function runOnce(load: Load): Promise<number> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const other = fork(join(import.meta.dirname, 'testing/load-process.ts'));
  try {
    const [{ url }] = (await once(other, 'message')) as [{ url: string }];
    return await measure(load, other, url, dataFolder);
  } finally {
    other.kill();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

async function measure(load: Load, other: ChildProcess, url: string, dataFolder: string): Promise<number> {
  const config = checkConfig(IngestConfig, { broker: { url }, http: { port: 0 } });
  const context = serviceContext({ dataFolder });
  const store = createStore(config.store, context);
  const stored = countStored(store);
  const supervisor = new Supervisor(createIngest(config, context, store), systemClock, createLog('silent'));
  await supervisor.start();
  try {
    other.send(load);
    await once(other, 'message');
    const births = load.gateways * load.readingsPerMessage;
    await stored(births);
    const startMs = performance.now();
    other.send('go');
    const readings = births * load.messagesPerGateway;
    await stored(births + readings);
    return Math.round((readings * 1000) / (performance.now() - startMs));
  } finally {
    await supervisor.stop();
  }
}

/** Looks over the store's shoulder; the function it returns resolves when so many readings are stored in all. */
function countStored(store: Store): (readings: number) => Promise<void> {
  const STALL_MS = 20_000;
  const write = store.write.bind(store);
  let stored = 0;
  let look = () => {};
  store.write = async (batch: ReadingBatch) => {
    const result = await write(batch);
    stored += result.stored;
    look();
    return result;
  };
  return (readings) =>
    new Promise((resolve, reject) => {
      const stalled = () => reject(new Error(`${readings - stored} of ${readings} readings did not arrive`));
      let timer = setTimeout(stalled, STALL_MS);
      look = () => {
        clearTimeout(timer);
        if (stored >= readings) resolve();
        else timer = setTimeout(stalled, STALL_MS);
      };
      look();
    });
}
