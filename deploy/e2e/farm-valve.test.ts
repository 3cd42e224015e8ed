import type { Browser, Locator } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { axe, launchBrowser, PHONE, visit } from './browser.ts';
import { lastReading, startFarm } from './farm.ts';

/** What becomes of the five minutes that the page asks for at least, so that the end can be waited for. */
const LEASE_S = 20;

describeWith('chromium')('a valve from the page', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  const title = 'opens on a phone in Chinese, the flow answers, and it closes by itself when its lease ends';
  // Safety gets no second try.
  test(title, { retry: 0, timeout: 300_000 }, async () => {
    const farm = await startFarm((settings) => {
      // Nothing opens but what is asked for.
      const controller = settings.simulator.buses[0].devices.find(
        (device: { kind: string }) => device.kind === 'valve-controller-8',
      );
      delete controller.programme;
    });
    await lastReading(farm, 'measurement=irrigation&field=valve_state&point=v2', ({ value }) => value === 0);
    const { page, complaints } = await visit(browser, farm.url, { viewport: PHONE, locale: 'zh-CN' });
    await page.route('**/api/v1/commands', (route) => {
      const asked = route.request().postDataJSON();
      expect(asked).toMatchObject({ leaseS: 300, value: true });
      return route.continue({ postData: JSON.stringify({ ...asked, leaseS: LEASE_S }) });
    });
    const south = page.locator('[data-place="south"]');
    const seen = async (part: Locator) => (await part.innerText()).replaceAll('\u00a0', ' ');
    await eventually(async () => /地块 south\s+南区/.test(await seen(south)));
    await south.getByRole('button', { name: '打开阀门 v2 5 分钟' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '打开 5 分钟' }).click();
    const outcome = south.locator('.valve-outcome');
    await eventually(async () => /已执行[\s\S]*\d 秒后流量 \d+\.\d L\/min/.test(await seen(outcome)), {
      withinMs: 30_000,
    });
    process.stdout.write(`${await seen(outcome)}\n`);
    await eventually(async () => (await seen(south.locator('.pill'))) === '打开');
    // While an answer is late, on a machine that is busy, it is unknown.
    await eventually(async () => /灌溉中/.test(await seen(south)));
    await axe(page);
    await eventually(async () => (await seen(south.locator('.pill'))) === '关闭', { withinMs: 60_000 });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
    expect(complaints).toEqual([]);
  });
});
