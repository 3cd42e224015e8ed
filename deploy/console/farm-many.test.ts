import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { ZoneBook } from '../../ingest/zones/zone-book.ts';
import { growFarm } from '../console-farm.ts';
import { launchBrowser, PHONE, visit } from '../e2e/browser.ts';
import { serve } from './serve.ts';

let browser: Browser;
const ZONES = 200;
const POINTS = 500;

/** As people name fields: in Chinese, in Arabic beside figures, and at length. */
function nameOf(at: number): string {
  if (at % 4 === 0) return `${at} 号地块`;
  if (at % 4 === 1) return `حقل الشمال ${at}`;
  if (at % 4 === 2)
    return `Lower terrace behind the old pump house, third row counted from the road in the east, ${at}`;
  return `地`.repeat(60) + at;
}

function feature(at: number) {
  const [lon, lat] = [113.3 + (at % 20) * 0.003, 22.4 + Math.floor(at / 20) * 0.003];
  const ring = Array.from({ length: POINTS }, (_, n) => {
    const turn = (2 * Math.PI * n) / POINTS;
    return [lon + 0.0013 * Math.cos(turn), lat + 0.0013 * Math.sin(turn)];
  });
  return {
    ...{ type: 'Feature', properties: { id: `z${at}`, name: nameOf(at) } },
    geometry: { type: 'Polygon', coordinates: [[...ring, ring[0]]] },
  };
}

async function book(): Promise<ZoneBook> {
  const folder = temporaryFolder();
  const parts = { folder, configFolder: folder, clock: systemClock, log: createLog('silent') };
  const zones = new ZoneBook(undefined, { ...parts, audit: { record: () => {} } });
  await zones.start();
  onTestFinished(() => zones.stop());
  return zones;
}

/** What sticks out of the page, and how far; what scrolls by itself does not. */
const cut = (page: Page): Promise<string[]> =>
  page.evaluate(`[...document.querySelectorAll('main *')]
    .filter((one) => !one.closest('.hidden, svg, .table-holder') && one.getBoundingClientRect().right > document.documentElement.clientWidth)
    .map((one) => one.tagName + ' ' + one.className + ' ' + one.textContent.slice(0, 40))
    .concat(document.documentElement.scrollWidth > document.documentElement.clientWidth ? ['the page itself'] : [])`);

describeWith('chromium')('a farm of many zones', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('is imported, listed and drawn at any size of text, and its outlines come once', async () => {
    const sources = new FakeSources();
    growFarm(sources, Date.now());
    sources.zones = await book();
    const url = await serve(sources);
    const { page, complaints } = await visit(browser, `${url}/#/farm/zones`, { viewport: PHONE });
    const features = Array.from({ length: ZONES }, (_, at) => feature(at));
    const buffer = Buffer.from(JSON.stringify({ type: 'FeatureCollection', features }));
    await page
      .getByLabel('GeoJSON file')
      .setInputFiles({ name: 'fields.geojson', mimeType: 'application/json', buffer });
    await page.getByRole('button', { name: 'Import outlines' }).click();
    await page.getByText(`${ZONES} added`).waitFor();
    await page.getByRole('rowheader', { name: nameOf(ZONES - 1) }).waitFor();
    expect(await cut(page)).toEqual([]);
    const statuses: number[] = [];
    page.on('response', (response) => {
      if (response.url().endsWith('/api/v1/zones')) statuses.push(response.status());
    });
    await page.getByRole('link', { name: 'Back to the farm' }).click();
    await eventually(async () => (await page.locator('.map-zone').count()) === ZONES);
    expect(statuses).toEqual([304]);
    // Of 501 points those that a phone can tell apart.
    expect((await page.locator('.map-edge').first().getAttribute('d'))!.length).toBeLessThan(1_000);
    expect(await cut(page)).toEqual([]);
    await page.evaluate(`document.documentElement.style.fontSize = '200%'`);
    expect(await cut(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('lets a finger scroll on over map and charts, and move the map once it is zoomed', async () => {
    const sources = new FakeSources();
    growFarm(sources, Date.now());
    sources.zones = await book();
    sources.zones.importGeoJson({ type: 'FeatureCollection', features: [feature(0)] }, 'demo-farm', {
      who: 'li',
    });
    const url = await serve(sources);
    const { page } = await visit(browser, url, { viewport: PHONE, hasTouch: true, isMobile: true });
    const finger = await page.context().newCDPSession(page);
    const map = page.locator('.map-holder');
    const chart = page.locator('[data-place="north"] canvas').first();
    const scrollY = () => page.evaluate('Math.round(scrollY)') as Promise<number>;
    const swipe = async (part: Locator, yDistance: number) => {
      await part.scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await part.boundingBox())!;
      const at = (share: number) => [{ x: x + width / 2, y: y + height / 2 + share * yDistance }];
      const touch = (
        type: 'touchStart' | 'touchMove' | 'touchEnd',
        touchPoints: { x: number; y: number }[],
      ) => finger.send('Input.dispatchTouchEvent', { type, touchPoints });
      await touch('touchStart', at(0));
      for (let n = 1; n <= 10; n++) await touch('touchMove', at(n / 10));
      await touch('touchEnd', []);
    };
    /** Whether the page goes along with a finger that moves up on `part`. */
    const scrolls = async (part: Locator) => {
      // A chart is drawn anew when its readings have come.
      await eventually(() =>
        part.scrollIntoViewIfNeeded({ timeout: 2_000 }).then(
          () => true,
          () => false,
        ),
      );
      const before = await scrollY();
      await swipe(part, -120);
      await eventually(async () => (await scrollY()) - before > 50, { withinMs: 10_000 });
    };
    const edge = page.locator('.map-edge').first();
    await edge.waitFor();
    await chart.waitFor();
    const drawn = await edge.getAttribute('d');
    await scrolls(map);
    await scrolls(chart);
    expect(await edge.getAttribute('d')).toBe(drawn);
    await page.getByRole('button', { name: 'Zoom in' }).tap();
    const zoomed = await edge.getAttribute('d');
    await map.scrollIntoViewIfNeeded();
    const before = await scrollY();
    await swipe(map, -80);
    await eventually(async () => (await edge.getAttribute('d')) !== zoomed);
    expect(await scrollY()).toBe(before);
    // A tap right behind a swipe only ends the swipe's momentum: the browser makes no click of it, and a person taps again.
    await eventually(
      async () => {
        await page.getByRole('button', { name: 'Show all' }).tap();
        return (await edge.getAttribute('d')) === drawn;
      },
      { everyMs: 500 },
    );
    await scrolls(map);
  });
});
