import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import type { CommandState } from '../../ingest/commands/command-state.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { ZoneBook } from '../../ingest/zones/zone-book.ts';
import { growFarm, SERIES } from '../console-farm.ts';
import { launchBrowser, PHONE, visit } from '../e2e/browser.ts';
import { serve } from './serve.ts';

let browser: Browser;
const seen = async (part: Locator) => (await part.allInnerTexts()).join().replaceAll('\u00a0', ' ');
const south = (page: Page) => page.locator('[data-place="south"]');
const outcome = (page: Page) => seen(south(page).locator('.valve-outcome'));

function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  for (const name of ['li', 'wang'])
    sources.access.put(name, { role: 'administrator', sites: 'all', links: 'all' });
  return sources;
}

async function signedIn(
  url: string,
  name: string,
  where = '',
): Promise<{ page: Page; complaints: string[] }> {
  const { page, complaints } = await visit(browser, `${url}/${where}`, { viewport: PHONE });
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill('right');
  await page.getByRole('button', { name: 'Sign in' }).click();
  return { page, complaints };
}

async function ask(page: Page, button: string, confirm: string): Promise<void> {
  await south(page).getByRole('button', { name: button }).click();
  await page.getByRole('dialog').getByRole('button', { name: confirm }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

/** What the gateway says of the last command. */
function answer(sources: FakeSources, state: CommandState): number {
  const command = sources.commands.find({ limit: 1 })[0]!.record;
  const timeMs = Date.now();
  sources.commands.put({ ...command, state, answer: { outcome: state as 'applied', timeMs } });
  return timeMs;
}

describeWith('chromium')('two people at once', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('each sees what the other asks of a valve, and who it was', async () => {
    const sources = farm();
    const url = await serve(sources, 'required');
    const [{ page: li }, { page: wang }] = [await signedIn(url, 'li'), await signedIn(url, 'wang')];
    await south(wang).waitFor();
    await ask(li, 'Open Valve v2 for 5 min', 'Open for 5 minutes');
    await eventually(async () => /li:\s+open for 5 min\s+Sent\. Waiting/.test(await outcome(wang)));
    const timeMs = answer(sources, 'applied');
    sources.put(SERIES.southValve, timeMs + 1, 1);
    await eventually(async () => /li:\s+open for 5 min\s+Done/.test(await outcome(wang)));
    await ask(wang, 'Open Valve v2 for 20 min', 'Open for 20 minutes');
    answer(sources, 'applied');
    await eventually(async () => /wang:\s+open for 20 min\s+Done/.test(await outcome(li)));
    await ask(li, 'Close Valve v2', 'Close now');
    await eventually(async () => /li:\s+close\s+Sent/.test(await outcome(wang)));
    // The answer is lost: that it is open was read before, and may not hold any more.
    await eventually(async () => (await seen(south(wang).locator('.pill'))) === 'unknown, was open');
    sources.put(SERIES.southValve, answer(sources, 'applied') + 1, 0);
    await eventually(async () => (await seen(south(wang).locator('.pill'))) === 'closed');
    expect(await outcome(li)).toMatch(/^Done/);
  });

  it('neither overwrites what the other has said of a zone', async () => {
    const sources = farm();
    const folder = temporaryFolder();
    const parts = { folder, configFolder: folder, clock: systemClock, log: createLog('silent') };
    const book = new ZoneBook(undefined, { ...parts, audit: { record: () => {} } });
    await book.start();
    onTestFinished(() => book.stop());
    book.add({ site: 'demo-farm', id: 'north', name: '北区' }, { who: 'li' });
    sources.zones = book;
    const url = await serve(sources, 'required');
    const pages = [await signedIn(url, 'li', '#/farm/zones'), await signedIn(url, 'wang', '#/farm/zones')];
    const [li, wang] = pages.map(({ page }) => page) as [Page, Page];
    const rename = async (page: Page, name: string) => {
      await page.getByLabel('Name').fill(name);
      await page.getByRole('button', { name: 'Save' }).click();
    };
    for (const page of [li, wang]) await page.getByRole('button', { name: 'Change 北区' }).click();
    await rename(li, '一号');
    await li.getByRole('dialog').waitFor({ state: 'detached' });
    await rename(wang, '二号');
    await wang.getByRole('dialog').getByText('was changed meanwhile').waitFor();
    await wang.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    await wang.getByRole('button', { name: 'Change 一号' }).click();
    await rename(wang, '二号');
    await wang.getByRole('dialog').waitFor({ state: 'detached' });
    await li.getByRole('rowheader', { name: '二号' }).waitFor();
    expect(book.get('demo-farm', 'north')).toMatchObject({ name: '二号', version: 3, setBy: 'wang' });
  });
});
