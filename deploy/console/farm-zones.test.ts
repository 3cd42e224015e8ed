import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { Zone } from '../../core/zones/zone.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import type { AlertEvent } from '../../ingest/alerts/alert-event.ts';
import type { CommandState } from '../../ingest/commands/command-state.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { ZoneBook } from '../../ingest/zones/zone-book.ts';
import { growFarm, SERIES } from '../console-farm.ts';
import { axe, launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { serve } from './serve.ts';

let browser: Browser;
const IN_CHINESE = { locale: 'zh-CN', viewport: PHONE };
const box = (west: number, south: number) => [
  [west, south],
  [west + 0.002, south],
  [west + 0.002, south + 0.001],
  [west, south + 0.001],
  [west, south],
];
const zone = (id: string, name: string, south: number): Zone => ({
  ...{ site: 'demo-farm', id, name, crop: 'tomato', stage: 'mid', version: 1, setBy: 'x', setMs: 0 },
  ...{ geometry: { type: 'Polygon', coordinates: [box(113.399, south)] }, areaM2: 22_800 },
});

function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  sources.knownZones = [
    zone('north', '北区', 22.501),
    zone('south', '南区', 22.4985),
    zone('east', '东区', 22.4995),
  ];
  const said = {
    measurement: 'soil',
    field: 'moisture',
    forS: 0,
    severity: 'warning',
    enabled: true,
  } as const;
  const rule = { kind: 'bounds', low: { raise: 22, clear: 24 }, high: { raise: 30, clear: 28 } } as const;
  sources.thresholds.add({ ...said, scope: { crop: 'tomato' }, rule }, { who: 'x', why: 'test' });
  sources.waters = [
    {
      ...{ site: 'demo-farm', m3: 2.5, unassignedM3: 0.25, rainMm: 12, restarts: 0 },
      zones: [{ zone: 'north', m3: 2.25, how: 'estimated' }],
    },
  ];
  return sources;
}

const place = (page: Page, name: string) => page.locator(`[data-place="${name}"]`);
const seen = async (part: Locator) => (await part.allInnerTexts()).join().replaceAll('\u00a0', ' ');
const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
const visit = (url: string, options = {}) => visitIn(browser, url, options);
const picture = (page: Page, name: string) =>
  process.env.SLUICE_SHOTS
    ? page.screenshot({ path: join(process.env.SLUICE_SHOTS, `${name}.png`), fullPage: true })
    : undefined;

/** What the gateway says of the last command that was sent. */
function answer(sources: FakeSources, state: CommandState, reason?: { en: string; zh: string }): number {
  const command = sources.commands.find({ limit: 1 })[0]!.record;
  const timeMs = Date.now();
  const outcome = state as 'applied';
  sources.commands.put({ ...command, state, answer: { outcome, timeMs, ...(reason && { reason }) } });
  return timeMs;
}

describeWith('chromium')('zones and valves on the page Farm', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('says of each zone in a word how it stands, on the map and in the list, with its water', async () => {
    const url = await serve(farm());
    const { page, complaints } = await visit(url, IN_CHINESE);
    await place(page, 'north').waitFor();
    const word = (name: string) => seen(place(page, name).locator('.zone-word'));
    await eventually(async () => (await word('south')) === '偏湿');
    expect([await word('north'), await word('east')]).toEqual(['灌溉中', '未知']);
    const onMap = await page.locator('.map-zone').evaluateAll((all) => all.map((one) => one.textContent));
    expect(onMap).toEqual(['北区灌溉中', '南区偏湿', '东区未知']);
    expect(await seen(place(page, 'north'))).toMatch(
      /地块 north\s+北区[\s\S]*今日用水 2\.25 m³\s+按开阀时间估算/,
    );
    expect(await seen(place(page, 'south'))).toMatch(/范围 22\.0 % 至 30\.0 %/);
    expect(await seen(page.locator('main'))).toMatch(
      /今日用水\s+2\.50 m³\s+其中 0\.25 m³[\s\S]*今日降雨\s+12\.0 mm/,
    );
    expect(await overflow(page)).toBe(0);
    await axe(page);
    await picture(page, 'farm-zh');
    await page.getByRole('button', { name: 'English' }).click();
    expect(await seen(page.locator('main'))).toMatch(/watering[\s\S]*wet/);
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('moves and zooms the map by keys, and shows all again', async () => {
    const url = await serve(farm());
    const { page } = await visit(url);
    const map = page.getByRole('application');
    await map.waitFor();
    const north = page.locator('[data-zone="north"] .map-edge');
    const pathOf = () => north.getAttribute('d');
    await eventually(async () => (await map.boundingBox())!.width > 500);
    const before = await pathOf();
    await map.focus();
    await page.keyboard.press('ArrowLeft');
    const moved = await pathOf();
    await page.keyboard.press('+');
    const zoomed = await pathOf();
    expect(new Set([before, moved, zoomed]).size).toBe(3);
    await page.keyboard.press('0');
    expect(await pathOf()).toBe(before);
    expect(await page.locator('.map-scale').textContent()).toMatch(/\d+ m/);
  });

  it('opens a valve for as long as was asked and confirmed, and shows what came of it and the flow', async () => {
    const sources = farm();
    sources.put(SERIES.flow, Date.now(), 0);
    const url = await serve(sources);
    const { page, complaints } = await visit(url, IN_CHINESE);
    const south = place(page, 'south');
    await south.waitFor();
    await south.getByRole('button', { name: '打开阀门 v2 10 分钟' }).click();
    const dialog = page.getByRole('dialog');
    expect(await seen(dialog)).toMatch(/打开阀门 v2 10 分钟？[\s\S]*南区。10 分钟后自动关闭/);
    await axe(page);
    await picture(page, 'farm-confirm');
    expect(sources.commands.wishes).toEqual([]);
    await dialog.getByRole('button', { name: '打开 10 分钟' }).click();
    await dialog.waitFor({ state: 'detached' });
    expect(sources.commands.wishes).toMatchObject([
      { site: 'demo-farm', gateway: 'pump-house', device: 'valves', metric: 'irrigation/valve_state/v2', value: true, leaseS: 600 }, // biome-ignore format: one command
    ]);
    const outcome = south.locator('.valve-outcome');
    expect(await seen(outcome)).toMatch(/已下发，等待网关应答/);
    // Nothing is pretended: the state is the one that was read.
    expect(await seen(south.locator('.pill'))).toBe('关闭');
    const timeMs = answer(sources, 'applied');
    await eventually(async () => /已执行，网关已回读确认[\s\S]*等待流量响应/.test(await seen(outcome)), {
      withinMs: 20_000,
    });
    sources.put(SERIES.southValve, timeMs + 1_000, 1);
    sources.put(SERIES.southLease, timeMs + 1_000, 599);
    sources.put(SERIES.flow, timeMs + 3_000, 32);
    await eventually(async () => /3 秒后流量 32\.0 L\/min/.test(await seen(outcome)), { withinMs: 10_000 });
    // The flow goes on to be that of now; how soon it came stays.
    sources.put(SERIES.flow, timeMs + 9_000, 33);
    await eventually(async () => /3 秒后流量 33\.0 L\/min/.test(await seen(outcome)), { withinMs: 10_000 });
    expect(await seen(south.locator('.pill'))).toBe('打开');
    expect(await seen(south)).toMatch(/9 分钟后自动关闭[\s\S]*回读状态：打开/);
    await picture(page, 'farm-open');
    await south.getByRole('button', { name: '关闭阀门 v2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '立即关闭' }).click();
    await eventually(() => sources.commands.wishes.length === 2);
    expect(sources.commands.wishes[1]).toMatchObject({ value: false, leaseS: 0 });
    expect(complaints).toEqual([]);
  });

  it('says why a valve was refused, in words of the language', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    const south = place(page, 'south');
    await south.getByRole('button', { name: 'Open Valve v2 for 5 min' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Open for 5 minutes' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    answer(sources, 'refused', { en: 'the line is locked', zh: '管线已锁定' });
    const outcome = south.locator('.valve-outcome');
    await eventually(async () => /Refused: the line is locked/.test(await seen(outcome)), {
      withinMs: 20_000,
    });
    expect(await outcome.getAttribute('data-bad')).toBe('true');
    expect(await seen(south.locator('.pill'))).toBe('closed');
  });

  it('sends nothing while it is offline, and says so at the buttons', async () => {
    const sources = farm();
    const url = await serve(sources);
    const { page } = await visit(url);
    const open = place(page, 'south').getByRole('button', { name: 'Open Valve v2 for 5 min' });
    await open.waitFor();
    sources.storeError = new SluiceError('STORE_UNAVAILABLE', { store: 'influx', reason: 'x', mend: 'y' });
    await place(page, 'south').getByText('Not connected: the state is not known').waitFor();
    expect(await open.getAttribute('aria-disabled')).toBe('true');
    await open.click({ force: true });
    expect(await page.getByRole('dialog').count()).toBe(0);
  });

  it('shows open alerts first, acknowledged by one touch', async () => {
    const sources = farm();
    const words = { en: 'north is too dry', zh: '北区土壤偏干' };
    const event: AlertEvent = {
      ...{
        id: 'a1',
        key: 'k',
        kind: 'gateway',
        subject: 'demo-farm/pump-house',
        severity: 'warning' as never,
      },
      ...{ sinceMs: Date.now() - 600_000, raisedMs: Date.now() - 600_000, words },
      ...{ causing: [], silent: [], timeline: [], timelineLeftOut: 0 },
    };
    const ofLink = { ...event, id: 'a2', kind: 'link' as const, words: { en: 'link', zh: '链路' } };
    sources.alertEvents = [event, ofLink].map((one, seq) => ({ event: one, place: { timeMs: 0, seq } }));
    const url = await serve(sources);
    const { page, complaints } = await visit(url, IN_CHINESE);
    const alerts = page.locator('.alerts');
    await alerts.waitFor();
    expect(await seen(alerts)).toMatch(/北区土壤偏干/);
    expect(await seen(alerts)).not.toMatch(/链路/);
    expect(await alerts.getByRole('link', { name: '北区土壤偏干' }).getAttribute('href')).toBe('#/alerts/a1');
    await alerts.getByRole('button', { name: '确认' }).click();
    await eventually(async () => /open 已确认/.test(await seen(alerts)));
    expect(sources.notify.acknowledged).toMatchObject([{ id: 'a1' }]);
    expect(complaints).toEqual([]);
  });

  it('says how to get outlines where no zone has one', async () => {
    const sources = farm();
    sources.knownZones = [];
    const url = await serve(sources);
    const { page } = await visit(url);
    await page.getByText('No zone has an outline yet').waitFor();
    await page.getByRole('link', { name: 'Zones and devices: edit, import' }).first().click();
    await page.getByRole('heading', { name: 'Import outlines' }).waitFor();
  });

  it('imports a file, says what of it was refused, and changes names, crops and where devices stand', async () => {
    const sources = farm();
    const folder = temporaryFolder();
    const audit = { record: () => {} };
    const book = new ZoneBook(undefined, {
      ...{ folder, configFolder: folder, clock: systemClock, log: createLog('silent'), audit },
    });
    await book.start();
    onTestFinished(() => book.stop());
    sources.zones = book;
    const placed: unknown[] = [];
    sources.placements = {
      list: async () => [
        { site: 'demo-farm', gateway: 'pump-house', device: 'soil-north', zone: 'north', by: 'gateway' },
      ],
      place: async (where, zone) => {
        placed.push({ ...where, zone });
        return { ...where, zone, by: 'hand' };
      },
      unplace: () => {},
    };
    const url = await serve(sources);
    const { page, complaints } = await visit(`${url}/#/farm/zones`, IN_CHINESE);
    const feature = (properties: object, ring: number[][]) => ({
      ...{ type: 'Feature', properties },
      geometry: { type: 'Polygon', coordinates: [ring] },
    });
    const file = {
      type: 'FeatureCollection',
      features: [
        feature({ id: 'north', 名称: '北区' }, box(113.399, 22.5)),
        feature(
          { name: '反了' },
          box(113.399, 22.5).map(([lon, lat]) => [lat!, lon!]),
        ),
      ],
    };
    await page.getByLabel('GeoJSON 文件').setInputFiles({
      name: 'fields.geojson',
      mimeType: 'application/geo+json',
      buffer: Buffer.from(JSON.stringify(file)),
    });
    await page.getByRole('button', { name: '导入边界' }).click();
    await page.getByText('新增 1 个，修改 0 个').waitFor();
    expect(await seen(page.locator('.import-report'))).toMatch(/第 2 个要素: .*纬度在前/);
    await eventually(
      async () => /北区[\s\S]*34\.\d\d 亩（22,7\d\d 平方米）/.test(await seen(page.locator('main'))),
      { withinMs: 5_000 },
    );
    await page.getByRole('button', { name: '修改北区' }).click();
    await page.getByLabel('名称').fill('一号大棚');
    await page.getByLabel('作物').selectOption('tomato');
    await page.getByLabel('生育期').selectOption('mid');
    await axe(page);
    await picture(page, 'zones-form');
    await page.getByRole('button', { name: '保存' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('rowheader', { name: '一号大棚' }).waitFor();
    expect(book.get('demo-farm', 'north')).toMatchObject({
      name: '一号大棚',
      crop: 'tomato',
      stage: 'mid',
      version: 2,
    });
    expect(book.get('demo-farm', 'north').geometry).toBeDefined();
    await page.getByLabel('weather 所在地块').selectOption('north');
    await eventually(() => placed.length === 1);
    expect(placed).toEqual([{ site: 'demo-farm', gateway: 'pump-house', device: 'weather', zone: 'north' }]);
    expect(await overflow(page)).toBe(0);
    await axe(page);
    await picture(page, 'zones-zh');
    expect(complaints).toEqual([]);
  });
});
