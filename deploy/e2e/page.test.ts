import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { DESKTOP, launchBrowser, PHONE, visit } from './browser.ts';
import { lastReading, startFarm } from './farm.ts';

/** `npm run pictures` sets it: then the README's pictures are taken here, of a farm that has lived for some minutes. */
const PICTURES = process.env.SLUICE_PICTURES;
const LIVED_MS = 400_000;

describeWith('chromium')('the page that npm start prints', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  test('shows the simulated farm live, in English on a desk and in Chinese on a phone', async () => {
    const farm = await startFarm();
    await lastReading(farm, 'measurement=irrigation&field=flow');
    if (PICTURES) await new Promise((resolve) => setTimeout(resolve, LIVED_MS));
    const desk = await visit(browser, farm.url, { viewport: DESKTOP });
    const phone = await visit(browser, farm.url, { viewport: PHONE, locale: 'zh-CN', deviceScaleFactor: 2 });
    const words = (page: typeof desk.page) => page.locator('main').innerText();
    for (const expected of [
      /Soil moisture\s+\d+\.\d\s%/,
      /Soil temperature\s+\d+\.\d\s°C/,
      /Flow\s+\d+\.\d\sL\/min/,
    ]) {
      await eventually(async () => expected.test(await words(desk.page)));
    }
    await eventually(async () => /Valve v1\s+[\s\S]*(open|closed)/.test(await words(desk.page)));
    for (const expected of [/土壤含水率\s+\d+\.\d\s%/, /土壤温度\s+\d+\.\d\s°C/, /流量\s+\d+\.\d\sL\/min/]) {
      await eventually(async () => expected.test(await words(phone.page)));
    }
    if (PICTURES) {
      mkdirSync(PICTURES, { recursive: true });
      await desk.page.screenshot({ path: join(PICTURES, 'farm-en.png') });
      await phone.page.screenshot({ path: join(PICTURES, 'farm-zh.png') });
    }
    expect([...desk.complaints, ...phone.complaints]).toEqual([]);
  }, 500_000);
});
