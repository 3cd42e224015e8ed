import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm, key, reportPresence } from '../console-farm.ts';
import { launchBrowser, PHONE, visit } from '../e2e/browser.ts';
import { serve } from './serve.ts';

const SCRIPT = '<img src=x onerror=window.wasRun=1>';
const TURNED = '\u202edesolc';
const LONG = 'M'.repeat(64);
const LETTER = `${SCRIPT}${TURNED} ${'y'.repeat(12_000)}`;

let browser: Browser;

/** A farm as somebody left it who wrote whatever a name or a text may hold. */
function hostileFarm(): FakeSources {
  const sources = new FakeSources();
  const nowMs = Date.now();
  growFarm(sources, nowMs);
  reportPresence(sources, nowMs, []);
  const presence = { online: true, presence: 'online', sinceMs: nowMs, lastSeenMs: nowMs } as const;
  const devices = [{ device: LONG, ...presence }];
  sources.gatewayStatuses.push({ site: 'demo-farm', gateway: LONG, devices, missedMessages: 0, ...presence });
  const foreign = { ...key('soil/moisture', { device: LONG, unit: '' }), measurement: 'foreign' };
  for (const field of [SCRIPT, TURNED, 'javascript:window.wasRun=1', 'x'.repeat(250), '__proto__'])
    sources.put({ ...foreign, field, unit: SCRIPT.slice(0, 32) }, nowMs - 1_000, 1);
  sources.put({ ...foreign, field: 'words' }, nowMs - 1_000, LETTER as never);
  sources.put(key('soil/moisture', { device: LONG, zone: 'north' }), nowMs - 1_000, 33);
  for (const [id, name] of Object.entries({ one: SCRIPT, two: TURNED, three: 'n'.repeat(100) }))
    sources.knownZones.push({
      ...{ site: 'demo-farm', id, name, note: `${SCRIPT}${TURNED}`, version: 1, setBy: TURNED, setMs: nowMs },
    });
  sources.notify.people.push({
    ...{
      id: 'c',
      name: `${SCRIPT}${TURNED}`,
      language: 'en',
      severities: ['critical'],
      sites: 'all',
      links: 'all',
    },
    ...{
      ways: [{ kind: 'webhook', to: `https://x/?${SCRIPT.replaceAll(' ', '+')}` }],
      version: 1,
      setBy: SCRIPT,
      setMs: nowMs,
    },
  });
  sources.notify.kept.push({
    ...{ id: 's', matcher: { key: SCRIPT }, reason: `${TURNED}${SCRIPT}`, who: SCRIPT },
    ...{ fromMs: nowMs, untilMs: nowMs + 60_000 },
  });
  return sources;
}

beforeAll(async () => {
  await buildConsole();
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

const PAGES = [
  ...['farm', 'farm/zones', 'devices', 'devices/demo-farm/pump-house', 'alerts/silences', 'alerts/contacts'],
  ...[
    'thresholds',
    'audit',
    `devices/demo-farm/${encodeURIComponent(SCRIPT)}`,
    'javascript:window.wasRun=1',
    '%',
  ],
];

describeWith('chromium')('names that others made up', () => {
  it('run nothing, break out of no page of a phone and turn no figure round', {
    timeout: 60_000,
  }, async () => {
    const url = await serve(hostileFarm());
    const { page, complaints } = await visit(browser, `${url}/#/farm`, { viewport: PHONE });
    await page.getByText('foreign/javascript').waitFor();
    for (const name of PAGES) {
      await page.evaluate(`location.hash = ${JSON.stringify(`#/${name}`)}`);
      await eventually(async () => (await page.locator('main h1, main h2, main h3, main p').count()) > 0);
      await page.locator('.bone').first().waitFor({ state: 'detached' });
      const [width, made, wasRun] = (await page.evaluate(
        "[document.documentElement.scrollWidth, document.querySelectorAll('main img, [onerror]').length, window.wasRun ?? null]",
      )) as unknown[];
      expect([name, width, made, wasRun]).toEqual([name, PHONE.width, 0, null]);
    }
    await page.evaluate("location.hash = '#/farm'");
    const words = page.getByRole('row').filter({ hasText: 'foreign/words' }).locator('.cell-figure');
    const said = await words.innerText();
    expect([said.length < 260, said.includes('\u202e'), said.includes('�desolc')]).toEqual([
      true,
      false,
      true,
    ]);
    const bidi = "getComputedStyle(document.querySelector('.from')).unicodeBidi";
    expect(await page.evaluate(bidi)).toBe('isolate');
    expect(complaints.filter((one) => !one.includes('404'))).toEqual([]);
  });
});
