import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkConfig } from '../../core/config.ts';
import type { FakeClock } from '../../core/testing/fake-clock.ts';
import { type Influxd, startInfluxd } from '../../core/testing/influxd.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { InfluxConfig } from '../../ingest/stores/influx/config.ts';
import { InfluxStore } from '../../ingest/stores/influx/influx-store.ts';

export const DATABASE = 'sluice';

/** A real InfluxDB, and the store that ingest would write to it with. */
export async function openStore(
  clock: FakeClock,
): Promise<{ influxd: Influxd; store: InfluxStore; close(): Promise<void> }> {
  const influxd = await startInfluxd();
  const dataFolder = mkdtempSync(join(tmpdir(), 'sluice-test-'));
  const config = checkConfig(InfluxConfig, { kind: 'influx', url: influxd.url, database: DATABASE });
  const store = new InfluxStore(config, { ...serviceContext({ clock }), dataFolder });
  await store.start(new AbortController().signal);
  return {
    influxd,
    store,
    async close() {
      await store.stop();
      await influxd.stop();
      rmSync(dataFolder, { recursive: true, force: true });
    },
  };
}
