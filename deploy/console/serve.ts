import { onTestFinished } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { createLog } from '../../core/log.ts';
import { createHttp } from '../../ingest/http/create-http.ts';
import type { FakeSources } from '../../ingest/http/testing/fake-sources.ts';

/** The HTTP side with the console, over sources of the test's own, on a port of its own until the test ends. */
export async function serve(sources: FakeSources): Promise<string> {
  const config = { host: '127.0.0.1', port: 0, allowedHosts: [] };
  const http = createHttp(config, sources, { clock: systemClock, log: createLog('silent') });
  await http.start(new AbortController().signal);
  onTestFinished(() => http.stop());
  return http.url!;
}
