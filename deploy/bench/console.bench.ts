import { checkConfig } from '../../core/config.ts';
import { type Measurement, medianOfThree } from '../../core/testing/median-of-three.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { HttpConfig } from '../../ingest/http/config.ts';
import { createHttp } from '../../ingest/http/create-http.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { firstLoad } from '../console/slow-link.ts';
import { growFarm } from '../console-farm.ts';
import { launchBrowser } from '../e2e/browser.ts';

/** The first look at the farm on a phone over 400 kbit/s with a round trip of 400 ms and a quarter of this processor. */
export async function benchConsole(): Promise<Measurement[]> {
  await buildConsole();
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  const http = createHttp(checkConfig(HttpConfig, { port: 0, signIn: 'off' }), sources, serviceContext());
  await http.start(new AbortController().signal);
  const browser = await launchBrowser();
  const bytes: number[] = [];
  try {
    const measured = await medianOfThree(
      'console: first page usable on a slow phone link',
      'ms',
      async () => {
        const load = await firstLoad(browser, http.url!, 'main [data-place], main [data-zone], main h2');
        bytes.push(load.bytes);
        return load.usableMs;
      },
    );
    return [
      {
        ...measured,
        notes: [
          `${bytes.map((one) => `${Math.round(one / 1000)} kB`).join(', ')} fetched until then; the aim is 3000 ms`,
        ],
      },
    ];
  } finally {
    await browser.close();
    await http.stop();
  }
}
