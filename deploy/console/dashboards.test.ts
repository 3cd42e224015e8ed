import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm, SERIES } from '../console-farm.ts';
import { axe, launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { EVERY_KIND } from './every-kind.ts';
import { overflow, seen } from './looking.ts';
import { serve } from './serve.ts';

let browser: Browser;

function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  return sources;
}

/** Opens a dashboard; with `json`, that one in the place of the farm's. */
async function open(sources: FakeSources, path: string, options: BrowserContextOptions = {}, json?: object) {
  const url = await serve(sources);
  const replace = async (page: Page) => {
    if (!json) return;
    const body = `export default ${JSON.stringify(json)}`;
    await page.route(/assets\/sluice-farm-[\w-]+\.js$/, (route) =>
      route.fulfill({ contentType: 'text/javascript', body }),
    );
  };
  return visitIn(browser, `${url}/#/dashboards/${path}`, options, replace);
}

const panel = (page: Page, title: string) => page.locator(`[data-panel="${title}"]`);
const ready = (page: Page, title: string) =>
  page.locator(`[data-panel="${title}"][data-state="ready"]`).waitFor();
const hash = (page: Page) => page.evaluate('location.hash') as Promise<string>;

describeWith('chromium')('the page Dashboards', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });

  afterAll(() => browser.close());

  it('lists what Grafana has, and draws the farm from the same file', async () => {
    const { page, complaints } = await open(farm(), '');
    await page.locator('.dashboard-list a').first().waitFor();
    expect(await page.locator('.dashboard-list li').count()).toBeGreaterThanOrEqual(8);
    await axe(page);
    await page.locator('.dashboard-list').getByRole('link', { name: 'Farm' }).click();
    await ready(page, 'Which valves are open?');
    expect(await seen(panel(page, 'Which valves are open?'))).toMatch(
      /north valves\/v1\s+open\s+south valves\/v2\s+closed/,
    );
    await ready(page, 'Which zone is getting dry?');
    const chart = panel(page, 'Which zone is getting dry?').getByRole('img');
    expect(await chart.getAttribute('aria-label')).toMatch(/north soil-north: latest 2\d\.\d.%/);
    expect(await overflow(page)).toBe(0);
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('draws every kind of panel, and says in its place what it does not know', async () => {
    const { page, complaints } = await open(
      farm(),
      'sluice-farm',
      { viewport: { width: 1280, height: 2400 } },
      EVERY_KIND,
    );
    for (const title of ['lines', 'figures', 'arc', 'bars', 'rows', 'states', 'heat', 'places', 'partly'])
      await ready(page, title);
    expect(await seen(panel(page, 'figures'))).toMatch(/24\.\d %\s*attention/);
    expect(await seen(panel(page, 'arc'))).toMatch(/\d+ kPa\s*good/);
    expect(await seen(panel(page, 'bars'))).toMatch(/north\s+24\.\d %/);
    expect(await seen(panel(page, 'states'))).toMatch(/v1\s+(closed|open)/);
    expect(await panel(page, 'places').locator('circle').count()).toBe(1);
    expect(await panel(page, 'heat').locator('canvas').count()).toBe(1);
    expect(await seen(panel(page, 'words'))).toMatch(/Hello\s+one two/);
    expect(await seen(panel(page, 'nothing'))).toMatch(/No data in this time/);
    expect(await seen(panel(page, 'unheard'))).toMatch(/“flamegraph” is not drawn here/);
    // What is wrong in one costs that one, and says nothing of whether the server is heard.
    expect(await seen(panel(page, 'no pattern'))).toMatch(/Not known here: \/\(\//);
    expect(await seen(panel(page, 'torn'))).toMatch(/could not be loaded: .*not iterable/);
    expect(await seen(panel(page, 'bent'))).toMatch(/could not be loaded: /);
    expect(await page.getByRole('alert').count()).toBe(0);
    const links = panel(page, 'rows').locator('tbody tr').first().locator('a');
    expect(
      await links.evaluateAll((all) => all.map((one) => `${one.textContent} ${one.getAttribute('href')}`)),
    ).toEqual([
      expect.stringMatching(/^2\d.* #\/dashboards\/sluice-zone\?var-zone=north$/),
      'Its device #/dashboards/sluice-gateway?var-device=soil-north',
    ]);
    expect(await panel(page, 'words').locator('a, script').count()).toBe(0);
    expect(await seen(panel(page, 'partly'))).toMatch(/not understood here: holt_winters.*\d\d\.\d/s);
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('sorts a table, and gives a chart in figures, by keyboard', async () => {
    const { page } = await open(farm(), 'sluice-farm', {}, EVERY_KIND);
    await ready(page, 'rows');
    const rows = panel(page, 'rows');
    const first = () => seen(rows.locator('tbody tr').first());
    await rows.getByRole('button', { name: 'moisture' }).press('Enter');
    expect(await first()).toMatch(/north/);
    await rows.getByRole('button', { name: 'moisture' }).press('Enter');
    expect(await first()).toMatch(/south/);
    await panel(page, 'lines').getByText('Figures as a table').press('Enter');
    await eventually(async () =>
      /north\s+2\d\.\d %\s+2\d\.\d %/.test(await seen(panel(page, 'lines').locator('tbody'))),
    );
    const chart = panel(page, 'lines').getByRole('img');
    await chart.focus();
    await page.keyboard.press('ArrowLeft');
    expect(await seen(panel(page, 'lines').locator('.ts-readout'))).toMatch(/\d\d:\d\d.*north 2\d\.\d %/s);
    await page.keyboard.press('+');
    await eventually(async () => /from=\d+&to=\d+/.test(await hash(page)));
  });

  it('zooms where it is dragged over, and asks for what is chosen', async () => {
    const sources = farm();
    const { page } = await open(sources, 'sluice-farm', {}, EVERY_KIND);
    await ready(page, 'lines');
    const box = (await panel(page, 'lines').locator('.u-over').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.25, box.y + 20);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.5, box.y + 30, { steps: 4 });
    await page.mouse.up();
    await eventually(async () => /from=\d+&to=\d+/.test(await hash(page)));
    const asked = new URLSearchParams((await hash(page)).split('?')[1]);
    expect((Number(asked.get('to')) - Number(asked.get('from'))) / 21_600_000).toBeCloseTo(0.25, 1);
    await page.locator('.several summary').click();
    await page.getByRole('checkbox', { name: 'south' }).click();
    await eventually(async () => (await hash(page)).includes('var-zone=south'));
    await eventually(async () => !(await seen(panel(page, 'lines').locator('.legend'))).includes('north'));
    expect(sources.queries.at(-1)).toBeDefined();
  });

  it('keeps what it shows while nothing is heard, says of when it is, and goes on by itself', async () => {
    const sources = farm();
    const { page } = await open(sources, 'sluice-farm', {}, { ...EVERY_KIND, refresh: '5s' });
    await ready(page, 'figures');
    sources.storeError = new SluiceError('STORE_UNAVAILABLE', { store: 'influx', reason: 'x', mend: 'y' });
    await page.getByRole('alert').waitFor();
    expect(await seen(page.getByRole('alert'))).toMatch(/What is shown is of \d\d:\d\d/);
    expect(await seen(panel(page, 'figures'))).toMatch(/24\.\d %/);
    sources.storeError = undefined;
    sources.put(SERIES.northMoisture, Date.now(), 55.5);
    await eventually(async () => (await seen(panel(page, 'figures'))).includes('55.5'), { withinMs: 30_000 });
    await page.getByRole('alert').waitFor({ state: 'detached' });
  });

  it('speaks Chinese on a phone in the dark, one panel below the other', async () => {
    const options = { locale: 'zh-CN', viewport: PHONE, colorScheme: 'dark' } as const;
    const { page, complaints } = await open(farm(), 'sluice-farm', options);
    await ready(page, '哪些阀门开着？');
    expect(await seen(panel(page, '哪些阀门开着？'))).toMatch(/打开/);
    const lefts = await page
      .locator('.panel')
      .evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().left)));
    expect(new Set(lefts).size).toBe(1);
    expect(await overflow(page)).toBe(0);
    await axe(page);
    expect(complaints).toEqual([]);
  });
});
