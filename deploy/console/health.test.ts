import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm } from '../console-farm.ts';
import { axe, launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { serve } from './serve.ts';

let browser: Browser;

async function open(sources: FakeSources, options: BrowserContextOptions = {}) {
  const url = await serve(sources);
  return visitIn(browser, `${url}#/health`, options);
}

function well(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  Object.assign(sources, {
    room: async () => ({ freeBytes: 40e9, totalBytes: 100e9 }),
    upkeep: () => ({ rolledUpHours: 7, waitingHours: 0, expired: { readings: 3, minutes: 0, hours: 0 } }),
  });
  return sources;
}

const seen = async (page: Page) => (await page.locator('main').innerText()).replaceAll('\u00a0', ' ');
const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describeWith('chromium')('the page Health', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('says that all is well, and that every reading is accounted for', async () => {
    const { page, complaints } = await open(well());
    await page.getByText('Everything works').waitFor();
    const text = await seen(page);
    for (const part of [
      'nothing is unaccounted for',
      '40 of 100 GB free (40 %)',
      '7 h done since the start',
      'Node.js 24',
    ])
      expect(text).toContain(part);
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('says in words what is down and what to do, also where the whole answers 503; in Chinese on a phone', async () => {
    const sources = well();
    const error = new SluiceError('STORE_UNAVAILABLE', { store: 'InfluxDB', reason: 'refused' });
    sources.components = [
      { name: 'store', state: 'down', essential: true, error },
      { name: 'subscriber', state: 'up', essential: true },
    ];
    sources.gatewayCounters = sources.gatewayCounters.map((one) => ({ ...one, stored: one.stored - 5 }));
    Object.assign(sources, { room: async () => ({ freeBytes: 1e9, totalBytes: 100e9 }) });
    const { page, complaints } = await open(sources, { locale: 'zh-CN', viewport: PHONE });
    await page.getByText('无法接收数据或无法显示').waitFor();
    const text = await seen(page);
    for (const part of ['只要仍有空间就不会丢失', '有 5 条读数去向不明', '磁盘将满', error.text('zh')])
      expect(text).toContain(part);
    expect(await overflow(page)).toBe(0);
    await axe(page);
    expect(complaints).toEqual([]);
  });
});
