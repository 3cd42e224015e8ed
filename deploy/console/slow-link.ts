import type { Browser } from 'playwright-core';
import { PHONE } from '../e2e/browser.ts';

export interface FirstLoad {
  /** From the beginning, or from the answer to the sign-in. */
  readonly usableMs: number;
  /** As they came over the link, with their headers. */
  readonly bytes: number;
}

/** A phone on a village link, and a processor a quarter as fast as this one. */
const LINK = { latency: 400, downloadThroughput: 400_000 / 8, uploadThroughput: 400_000 / 8, offline: false };
const CPU_RATE = 4;

/** How long it takes, with nothing kept from before, until `usable` is on the page; where somebody has to sign in first, from then. */
export async function firstLoad(
  browser: Browser,
  url: string,
  usable: string,
  account?: { readonly name: string; readonly password: string },
): Promise<FirstLoad> {
  const context = await browser.newContext({ viewport: PHONE, locale: 'zh-CN', timezoneId: 'Asia/Shanghai' });
  try {
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', LINK);
    await session.send('Emulation.setCPUThrottlingRate', { rate: CPU_RATE });
    let bytes = 0;
    session.on('Network.loadingFinished', ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    let startedMs = performance.now();
    await page.goto(url, { waitUntil: 'commit' });
    if (account) {
      await page.getByLabel('用户名').fill(account.name, { timeout: 60_000 });
      await page.getByLabel('密码').fill(account.password);
      const answered = page.waitForResponse((one) => one.request().method() === 'POST' && one.ok());
      await page.keyboard.press('Enter');
      await answered;
      startedMs = performance.now();
    }
    await page.locator(usable).first().waitFor({ timeout: 60_000 });
    return { usableMs: Math.round(performance.now() - startedMs), bytes };
  } finally {
    await context.close();
  }
}

/** The middle one of several loads: a busy machine slows single ones. */
export async function medianLoad(
  browser: Browser,
  url: string,
  usable: string,
  runs: number,
): Promise<FirstLoad> {
  const loads: FirstLoad[] = [];
  for (let run = 0; run < runs; run++) loads.push(await firstLoad(browser, url, usable));
  loads.sort((a, b) => a.usableMs - b.usableMs);
  return loads[Math.floor(loads.length / 2)]!;
}
