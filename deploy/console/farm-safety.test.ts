import type { Browser, Locator, Page } from 'playwright-core';
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

function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  return sources;
}

const visit = (url: string, options = {}) => visitIn(browser, url, options);
const place = (page: Page, name: string) => page.locator(`[data-place="${name}"]`);
const pill = (page: Page, name: string) => place(page, name).locator('[data-quantity="valve_state"] .pill');
const seen = async (part: Locator) => (await part.allInnerTexts()).join().replaceAll('\u00a0', ' ');
const dialog = (page: Page) => page.getByRole('dialog');

async function askToOpen(page: Page): Promise<void> {
  await place(page, 'south').getByRole('button', { name: 'Open Valve v2 for 5 min' }).click();
  await dialog(page).getByRole('button', { name: 'Open for 5 minutes' }).click();
}

describeWith('chromium')('what is said and done of valves where something is wrong', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('calls a valve unknown whose device is offline, and lets it be closed all the same', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url, { viewport: PHONE });
    await eventually(async () => (await seen(pill(page, 'north'))) === 'open');
    reportPresence(sources, Date.now(), ['valves']);
    await eventually(async () => (await seen(pill(page, 'north'))) === 'unknown, was open', {
      withinMs: 60_000,
    });
    expect(await seen(place(page, 'north'))).toMatch(/Its device is offline: the state is not known/);
    expect(await seen(place(page, 'north').locator('.zone-word'))).not.toBe('watering');
    const open = place(page, 'north').getByRole('button', { name: 'Open Valve v1 for 5 min' });
    expect(await open.getAttribute('aria-disabled')).toBe('true');
    await place(page, 'north').getByRole('button', { name: 'Close Valve v1' }).click();
    await dialog(page).getByRole('button', { name: 'Close now' }).click();
    await eventually(() => sources.commands.wishes.length === 1);
    expect(sources.commands.wishes[0]).toMatchObject({ value: false, metric: 'irrigation/valve_state/v1' });
  });

  it('calls every valve and zone unknown while answers do not come, and what they were once they come again', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url, { viewport: PHONE, locale: 'zh-CN' });
    await eventually(async () => (await seen(pill(page, 'north'))) === '打开');
    sources.storeError = new SluiceError('STORE_UNAVAILABLE', { store: 'influx', reason: 'x', mend: 'y' });
    await eventually(async () => (await seen(pill(page, 'north'))) === '未知（此前打开）', {
      withinMs: 60_000,
    });
    expect(await seen(place(page, 'north').locator('.zone-word'))).toBe('未知');
    expect(await seen(page.locator('.count').first())).toMatch(/2 个未知/);
    sources.storeError = undefined;
    await eventually(async () => (await seen(pill(page, 'north'))) === '打开', { withinMs: 60_000 });
  });

  it('sends a tap that got no answer again as the same command, and follows it by itself', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    await place(page, 'south').waitFor();
    let isTaken = false;
    const asked: string[] = [];
    await page.route('**/api/v1/commands', async (route) => {
      asked.push(route.request().postDataJSON().id);
      if (isTaken) return route.continue();
      return route.abort('timedout');
    });
    await askToOpen(page);
    await dialog(page).getByRole('alert').waitFor();
    await eventually(async () =>
      /has not reached the server/.test(await seen(place(page, 'south').locator('.valve-outcome'))),
    );
    isTaken = true;
    await dialog(page).getByRole('button', { name: 'Open for 5 minutes' }).click();
    await dialog(page).waitFor({ state: 'detached' });
    expect(asked).toHaveLength(2);
    expect(new Set(asked).size).toBe(1);
    expect(sources.commands.wishes).toMatchObject([{ id: asked[0] }]);
    expect(asked[0]).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });

  it('finds that a tap without an answer was taken, and asks nobody to tap again', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    await place(page, 'south').waitFor();
    await page.route('**/api/v1/commands', async (route) => {
      await route.fetch();
      return route.abort('timedout');
    });
    await askToOpen(page);
    await dialog(page).waitFor({ state: 'detached' });
    expect(await seen(place(page, 'south').locator('.valve-outcome'))).toMatch(/Waiting for the gateway/);
    expect(sources.commands.wishes).toHaveLength(1);
  });

  it('sends one command for a double tap', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    const open = place(page, 'south').getByRole('button', { name: 'Open Valve v2 for 5 min' });
    await open.dblclick();
    expect(sources.commands.wishes).toEqual([]);
    expect(await dialog(page).count()).toBe(1);
    await dialog(page).getByRole('button', { name: 'Open for 5 minutes' }).dblclick({ noWaitAfter: true });
    await eventually(() => sources.commands.wishes.length > 0);
    await dialog(page).waitFor({ state: 'detached' });
    expect(new Set(sources.commands.wishes.map(({ id }) => id)).size).toBe(1);
  });

  it('takes the second touch of a double tap for nothing, where the button that confirms appears under the finger', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url, { viewport: PHONE, hasTouch: true, isMobile: true });
    const open = place(page, 'south').getByRole('button', { name: 'Open Valve v2 for 5 min' });
    const confirm = dialog(page).getByRole('button', { name: 'Open for 5 minutes' });
    const middleOf = async (part: Locator) => {
      const { x, y, width, height } = (await part.boundingBox())!;
      return [x + width / 2, y + height / 2] as const;
    };
    await open.tap();
    const [, confirmY] = await middleOf(confirm);
    await dialog(page).getByRole('button', { name: 'Cancel' }).tap();
    await dialog(page).waitFor({ state: 'detached' });
    const [, openY] = await middleOf(open);
    await page.evaluate(`scrollBy(0, ${openY - confirmY})`);
    const [x, y] = await middleOf(open);
    await page.touchscreen.tap(x, y);
    await page.touchscreen.tap(x, y);
    const box = (await confirm.boundingBox())!;
    expect(x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height).toBe(true);
    await page.locator('dialog[data-new]').waitFor({ state: 'detached' });
    expect(await dialog(page).count()).toBe(1);
    expect(sources.commands.wishes).toEqual([]);
    // The one that is meant is taken.
    await page.touchscreen.tap(x, y);
    await dialog(page).waitFor({ state: 'detached' });
    expect(sources.commands.wishes).toMatchObject([{ value: true, leaseS: 300 }]);
  });

  it('asks a key that is still held down for another press, and takes that at once', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    await place(page, 'south').getByRole('button', { name: 'Open Valve v2 for 5 min' }).focus();
    // Pressed, and repeated by the keyboard as long as it is held.
    await page.keyboard.down('Enter');
    await dialog(page).waitFor();
    await page.keyboard.down('Enter');
    await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    expect(await dialog(page).count()).toBe(1);
    expect(sources.commands.wishes).toEqual([]);
    await page.keyboard.press('Enter');
    await dialog(page).waitFor({ state: 'detached' });
    expect(sources.commands.wishes).toHaveLength(1);
  });

  it('goes by the clock of the server where that of the phone is an hour wrong', async () => {
    const sources = farm();
    sources.put(SERIES.flow, Date.now(), 0);
    const url = await serve(sources);
    const wrong = `{ const now = Date.now; Date.now = () => now() + 3600000; }`;
    const { page } = await visitIn(browser, url, { viewport: PHONE }, (one) => one.addInitScript(wrong));
    await eventually(async () => /closes in 2[45] min/.test(await seen(place(page, 'north'))));
    expect(await seen(pill(page, 'north'))).toBe('open');
    await askToOpen(page);
    await dialog(page).waitFor({ state: 'detached' });
    const timeMs = Date.now();
    const command = sources.commands.find({ limit: 1 })[0]!.record;
    sources.commands.put({
      ...command,
      state: 'applied',
      answer: { outcome: 'applied', timeMs },
    });
    const outcome = place(page, 'south').locator('.valve-outcome');
    await eventually(async () => /Waiting for the flow/.test(await seen(outcome)), { withinMs: 20_000 });
    sources.put(SERIES.flow, timeMs + 3_000, 30);
    await eventually(async () => /Flow 30\.0 L\/min after 3 s/.test(await seen(outcome)), {
      withinMs: 20_000,
    });
  });

  it('offers nothing to whoever may only look', async () => {
    const sources = farm();
    sources.access.put('li', { role: 'viewer', sites: ['demo-farm'], links: [] });
    const url = await serve(sources, 'required');
    const { page } = await visit(url);
    await page.getByLabel('Name').fill('li');
    await page.getByLabel('Password').fill('right');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await eventually(async () => (await seen(pill(page, 'north'))) === 'open');
    expect(await page.locator('fieldset.valve').count()).toBe(0);
    expect(await page.getByRole('button', { name: /^(Open|Close) Valve/ }).count()).toBe(0);
    const status = await page.evaluate(
      `fetch('/api/v1/commands', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ site: 'demo-farm', gateway: 'pump-house', device: 'valves',
          metric: 'irrigation/valve_state/v1', value: false }) }).then(({ status }) => status)`,
    );
    expect(status).toBe(403);
    expect(sources.commands.wishes).toEqual([]);
  });
});
