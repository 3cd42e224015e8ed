import { systemClock } from '../../../core/clock.ts';
import { createLog } from '../../../core/log.ts';
import { DATA_TYPES } from '../../../core/sparkplug/payload.ts';
import { SafeOutbox } from '../safe-outbox.ts';
import { trustingStampClock } from '../stamp-clock.ts';

/* node outbox-writer.ts FOLDER: adds readings 0, 1, 2 … for ever, and says how it is; `stop` ends it in order. */
const [folder = ''] = process.argv.slice(2);
const metric = { name: 'soil/moisture', dataType: DATA_TYPES.Double, properties: {} };
const outbox = new SafeOutbox({
  folder,
  config: {
    maxBytes: 100_000_000,
    maxAgeH: 100,
    maxMemoryBytes: 50_000_000,
    syncEveryS: 1,
    confirm: 'host',
    backlogPerS: 1_000,
    confirmWithinS: 60,
    window: 1_000,
  },
  clock: { ...systemClock, after: (delayMs, fn) => systemClock.after(delayMs / 20, fn) },
  stamps: trustingStampClock(systemClock),
  log: createLog('silent'),
});
await outbox.open();
let added = 0;
const timer = setInterval(() => {
  for (let left = 100; left > 0; left--) {
    const samples = [{ metric, value: added++, quality: 'good' as const }];
    outbox.add({ device: 'probe', stamp: { timeMs: Date.now(), clock: 'synced' }, samples });
  }
  process.send?.({ added, trouble: outbox.trouble()?.message, waiting: outbox.status().waiting });
}, 20);
process.on('message', async () => {
  clearInterval(timer);
  await outbox.close();
  process.exit();
});
