import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm, reportPresence, SERIES } from '../console-farm.ts';
import { launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { serve } from './serve.ts';

let browser: Browser;

const visit = (url: string, options: BrowserContextOptions = {}) => visitIn(browser, url, options);

function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  return sources;
}

const place = (page: Page, name: string) => page.locator(`[data-place="${name}"]`);
/** The words as a person sees them, no-break spaces as spaces. */
const seen = async (part: Locator) => (await part.allInnerTexts()).join().replaceAll('\u00a0', ' ');
/** As text, because it runs in the page: the types here are those of Node. */
const styleOf = (part: Locator, property: string) =>
  part.evaluate(new Function('element', `return getComputedStyle(element).${property}`) as () => string);
const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describeWith('chromium')('the console in a browser', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });

  afterAll(() => browser.close());

  it('shows every zone, device, valve and gateway with units, and asks nothing of anyone else', async () => {
    const url = await serve(farm());
    const { page, complaints } = await visit(url);
    const north = place(page, 'north');
    await north.waitFor();
    const text = (name: string) => seen(place(page, name));
    expect(await text('north')).toMatch(/Soil moisture\s+24\.\d %/);
    expect(await text('north')).toMatch(/Soil temperature\s+\d\d\.\d °C/);
    await eventually(async () => /Valve v1\s+open\s+since \d\d:\d\d \(1[23] min\)/.test(await text('north')));
    await eventually(async () => /Valve v2\s+closed\s+since .* \(11 h \d+ min\)/.test(await text('south')));
    expect(await text('flow-main')).toMatch(/Flow\s+\d\d\.\d L\/min/);
    expect(await seen(page.getByRole('region', { name: 'Weather' }))).toMatch(/228° SW/);
    expect(await seen(page.getByRole('region', { name: 'Gateways' }))).toMatch(/48,201 stored/);
    expect(await seen(page.getByRole('region', { name: 'Other readings' }))).toMatch(/1480 rpm/);
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('speaks Chinese to a Chinese browser on a phone, switches on demand, and remembers', async () => {
    const url = await serve(farm());
    const { page, complaints } = await visit(url, { locale: 'zh-CN', viewport: PHONE });
    await place(page, 'north').waitFor();
    expect(await page.title()).toBe('农场 · Sluice');
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-Hans');
    const body = await seen(page.locator('main'));
    for (const word of [
      '土壤含水率',
      '土壤温度',
      '阀门 v1',
      '打开',
      '流量',
      '气象',
      '网关',
      '全部设备上报正常',
    ]) {
      expect(body).toContain(word);
    }
    // Names and units are the same in both languages; nothing else may be left in English.
    expect(body.match(/\b(since|open|closed|ago|online|updated|zone|device|valve|of)\b/i)).toBeNull();
    expect(await overflow(page)).toBe(0);
    await page.getByRole('button', { name: 'English' }).click();
    expect(await seen(page.locator('h1'))).toBe('Farm');
    expect(await overflow(page)).toBe(0);
    await page.reload();
    await place(page, 'north').waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(complaints).toEqual([]);
  });

  it('shows when a valve closes by itself, that a line is locked, and how a gateway fares on demand', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page, complaints } = await visit(url, { viewport: PHONE });
    await place(page, 'north').waitFor();
    await eventually(async () => /closes in 2[45] min/.test(await seen(place(page, 'north'))));
    expect(await seen(page.locator('main'))).not.toMatch(/Stays open for|Latitude|bus load/);
    const gateways = page.getByRole('region', { name: 'Gateways' });
    expect(await seen(gateways)).toMatch(/Safety lock main\s+free/);
    await gateways.getByText('Health and position').click();
    await eventually(async () =>
      /Serial bus load\s+pump-house \/ field-bus\s+8 %/.test(await seen(gateways)),
    );
    expect(await seen(gateways)).toMatch(/22\.499997 °/);
    expect(await overflow(page)).toBe(0);
    sources.put(SERIES.lock, Date.now(), 1);
    await eventually(async () => /main: locked for safety/.test(await seen(page.locator('.problems'))), {
      withinMs: 60_000,
    });
    expect(complaints).toEqual([]);
  });

  it('follows a value and a valve within seconds', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    const south = place(page, 'south');
    await south.waitFor();
    sources.put(SERIES.southMoisture, Date.now(), 77.7);
    sources.put(SERIES.southValve, Date.now(), 1);
    await eventually(async () => (await seen(south)).includes('77.7'), { withinMs: 60_000 });
    expect(await seen(south.locator('.pill'))).toBe('open');
    expect(await seen(south.locator('.state .age'))).toMatch(/under a minute/);
    expect(await seen(page.locator('.count').first())).toMatch(/2 of 2/);
  });

  it('draws what happened, tells it to those who cannot see it, and changes the time shown by keyboard', async () => {
    const url = await serve(farm());
    const { page } = await visit(url);
    const chart = place(page, 'north').getByRole('img', { name: /^Soil moisture, last hour: lowest 21\.\d/ });
    await chart.waitFor();
    expect(await chart.locator('canvas').count()).toBe(1);
    await place(page, 'north')
      .getByRole('img', { name: /^Valve v1, last hour: open 2\d.% of the time/ })
      .waitFor();
    await page.getByRole('radio', { name: '1 h' }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await place(page, 'north')
      .getByRole('img', { name: /^Soil moisture, last 24 hours: lowest/ })
      .waitFor();
  });

  it('never shows a value of a silent or implausible sensor as if it were current', async () => {
    const sources = farm();
    reportPresence(sources, Date.now(), ['soil-south']);
    sources.put(SERIES.northEc, Date.now(), 640, { quality: 'bad' });
    const url = await serve(sources);
    const { page } = await visit(url);
    const moisture = place(page, 'south').locator('[data-quantity="moisture"].tile');
    await moisture.waitFor();
    expect(await moisture.getAttribute('data-condition')).toBe('offline');
    expect(await seen(moisture)).toMatch(/offline/);
    const current = await styleOf(place(page, 'north').locator('.tile-main .number'), 'color');
    expect(await styleOf(moisture.locator('.number'), 'color')).not.toBe(current);
    expect(await seen(place(page, 'north').locator('[data-quantity="ec"]'))).toMatch(/not plausible/);
    const problems = await seen(page.locator('.problems'));
    expect(problems).toMatch(/soil-south: offline since/);
    expect(problems).toMatch(/north: Soil electrical conductivity is not plausible/);
  });

  it('claims nothing of a time in which nothing was heard, in charts, bands and counts', async () => {
    const sources = new FakeSources();
    const nowMs = Date.now();
    reportPresence(sources, nowMs, ['valves']);
    for (let ageMs = 50 * 60_000; ageMs >= 0; ageMs -= 10_000) {
      const isSilent = ageMs > 10 * 60_000 && ageMs < 40 * 60_000;
      if (isSilent) continue;
      sources.put(SERIES.northMoisture, nowMs - ageMs, 25);
      sources.put(SERIES.northValve, nowMs - ageMs, 1);
    }
    const url = await serve(sources);
    const { page } = await visit(url);
    const north = place(page, 'north');
    // Ten and ten minutes of fifty; half an hour between them is neither open nor closed.
    await north
      .getByRole('img', { name: /^Valve v1, last hour: open [34]\d.% of the time, closed 0.%/ })
      .waitFor();
    expect(await north.locator('.band-on').count()).toBe(2);
    expect(await north.locator('.band-off').count()).toBe(0);
    expect(await seen(page.locator('.count').first())).toMatch(/0 of 1 \(1 unknown\)/);
    expect(await seen(page.locator('.foot'))).toBe('Times are in China Standard Time (UTC+8).');
  });

  it('says what it waits for while nothing has been read, and fills by itself', async () => {
    const sources = new FakeSources();
    const url = await serve(sources);
    const { page, complaints } = await visit(url, { viewport: PHONE });
    await page.getByText('No readings yet').waitFor();
    expect(await seen(page.getByRole('status'))).toMatch(/Waiting for the first gateway/);
    growFarm(sources, Date.now());
    await place(page, 'north').waitFor();
    expect(complaints).toEqual([]);
  });

  it('says since when the server is gone, greys what it has, and goes on by itself', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    await place(page, 'north').waitFor();
    sources.storeError = new SluiceError('STORE_UNAVAILABLE', { store: 'influx', reason: 'x', mend: 'y' });
    await page.getByRole('alert').waitFor();
    expect(await seen(page.getByRole('alert'))).toMatch(/No connection to Sluice since \d\d:\d\d/);
    expect(await seen(page.locator('.banner-retry'))).toMatch(/Next try in \d+ s|Trying now/);
    expect(await seen(place(page, 'north'))).toMatch(/24\.\d/);
    expect(await page.locator('.well').isVisible()).toBe(false);
    const weight = await styleOf(place(page, 'north').locator('.tile-main .number'), 'fontWeight');
    expect(weight).toBe('400');
    sources.storeError = undefined;
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  it('works with the server gone from the start, in the dark, with animations off and storage forbidden', async () => {
    const sources = farm();
    sources.storeError = new Error('down');
    const url = await serve(sources);
    const { page, complaints } = await visit(url, { colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.addInitScript(
      'Object.defineProperty(window, "localStorage", { get() { throw new Error("no"); } })',
    );
    await page.reload();
    await page.getByRole('alert').waitFor();
    const moving = 'document.getAnimations().length';
    expect(await page.evaluate(moving)).toBe(0);
    sources.storeError = undefined;
    await place(page, 'north').waitFor();
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(background).toBe('rgb(12, 20, 17)');
    expect(complaints.filter((one) => !one.includes('500'))).toEqual([]);
  });
});
