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

const USABLE = 'main [data-place], main [data-zone], main h2';
const ACCOUNT = { name: 'admin', password: 'right' };

/**
 * The first look at the farm on a phone over 400 kbit/s with a round trip of 400 ms and a quarter of this processor: from the address,
 * and from the answer to the sign-in, which is the first thing that somebody without a session sees.
 */
export async function benchConsole(): Promise<Measurement[]> {
  await buildConsole();
  return [
    await benchLoad('console: first page usable on a slow phone link', 'off'),
    await benchLoad('console: the same, from the answer to the sign-in', 'required'),
  ];
}

async function benchLoad(what: string, signIn: HttpConfig['signIn']): Promise<Measurement> {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  sources.access.put(ACCOUNT.name, { role: 'administrator', sites: 'all', links: 'all' }, ACCOUNT.password);
  const http = createHttp(checkConfig(HttpConfig, { port: 0, signIn }), sources, serviceContext());
  await http.start(new AbortController().signal);
  const browser = await launchBrowser();
  const bytes: number[] = [];
  try {
    const measured = await medianOfThree(what, 'ms', async () => {
      const account = signIn === 'required' ? ACCOUNT : undefined;
      const load = await firstLoad(browser, http.url!, USABLE, account);
      bytes.push(load.bytes);
      return load.usableMs;
    });
    const fetched = bytes.map((one) => `${Math.round(one / 1000)} kB`).join(', ');
    return { ...measured, notes: [`${fetched} fetched until then; the aim is 3000 ms`] };
  } finally {
    await browser.close();
    await http.stop();
  }
}
