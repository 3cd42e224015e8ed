import { onTestFinished } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { HttpConfig } from '../../ingest/http/config.ts';
import { createHttp } from '../../ingest/http/create-http.ts';
import type { FakeSources } from '../../ingest/http/testing/fake-sources.ts';

/** The HTTP side with the console, over sources of the test's own, on a port of its own until the test ends. */
export async function serve(sources: FakeSources, signIn: HttpConfig['signIn'] = 'off'): Promise<string> {
  const http = createHttp(checkConfig(HttpConfig, { port: 0, signIn }), sources, serviceContext());
  await http.start(new AbortController().signal);
  onTestFinished(() => http.stop());
  return http.url!;
}
