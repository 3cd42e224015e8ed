import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import type { Threshold, ThresholdWish } from '../../core/thresholds/threshold.ts';
import type { Zone } from '../../core/zones/zone.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm, key } from '../console-farm.ts';
import { axe, launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { isFocused, overflow, seen } from './looking.ts';
import { serve } from './serve.ts';

const DRY: ThresholdWish = {
  ...{ measurement: 'soil', field: 'moisture', scope: { site: 'demo-farm', zone: 'north' } },
  rule: { kind: 'bounds', low: { raise: 20, clear: 23 } },
  ...{ forS: 600, severity: 'warning', enabled: true, source: 'FAO-56, table 22' },
};

let browser: Browser;

function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  const zone = (id: string, name: string, more: Partial<Zone>): Zone => ({
    ...{ site: 'demo-farm', id, name, version: 1, setBy: 'li', setMs: 0 },
    ...more,
  });
  const zones = [
    zone('north', 'North field', { crop: 'tomato', stage: 'mid', soil: 'loam' }),
    zone('south', 'South field', { crop: 'maize', stage: 'initial', soil: 'clay' }),
  ];
  sources.zones = { ...sources.zones, find: () => zones };
  const set = (wish: ThresholdWish, why: string) => sources.thresholds.add(wish, { who: 'li', why });
  set(DRY, 'sandy corner');
  const everywhere = { ...DRY, scope: {}, rule: { kind: 'no-data', afterS: 3_600 }, forS: 0 } as const;
  set({ ...everywhere, severity: 'critical' }, 'a silent sensor waters nothing');
  const heat = { ...DRY, measurement: 'weather', field: 'air_temperature', scope: { crop: 'tomato' } };
  set({ ...heat, rule: { kind: 'bounds', high: { raise: 35, clear: 33 } }, severity: 'info' }, 'fruit set');
  return sources;
}

async function open(sources: FakeSources, path: string, options: BrowserContextOptions = {}) {
  const tried: { readonly wish: ThresholdWish; readonly days: number }[] = [];
  const url = await serve(sources);
  const visited = await visitIn(browser, `${url}/#/${path}`, options, async (page) => {
    page.on('request', (request) => {
      if (request.url().endsWith('/thresholds/trial')) tried.push(request.postDataJSON());
    });
  });
  return { ...visited, tried };
}

const current = (sources: FakeSources): Threshold => [...sources.thresholds.all()][0]!;

describeWith('chromium')('the page Thresholds', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });

  afterAll(() => browser.close());

  it('says in plain words what holds where, who set it and why, and finds what holds for a zone', async () => {
    const { page, complaints } = await open(farm(), 'thresholds');
    const soil = page.getByRole('region', { name: 'Soil moisture' });
    await soil.waitFor();
    expect(await seen(soil)).toMatch(
      /Zone North field, site demo-farm\s+▲ warning Warn below 20 %, until 23 %, after 10 min/,
    );
    expect(await seen(soil)).toMatch(/Everywhere\s+■ critical Alarm when nothing has come for 1 h/);
    expect(await seen(soil)).toMatch(/Set by li, .* · sandy corner/);
    expect(await seen(soil)).toMatch(/Figures from: FAO-56, table 22/);
    await axe(page);
    await page.getByLabel('Zone', { exact: true }).selectOption({ label: 'South field' });
    await page.getByText('Thresholds: 1').waitFor();
    expect(await seen(page.locator('main'))).not.toMatch(/North field, site/);
    expect(await page.evaluate('location.hash')).toBe('#/thresholds?zone=demo-farm%2Fsouth');
    expect(await overflow(page)).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('is complete in Chinese on a phone, in the dark, list and form', async () => {
    const { page, complaints } = await open(farm(), 'thresholds', {
      ...{ locale: 'zh-CN', viewport: PHONE, colorScheme: 'dark' },
    });
    const list = page.locator('main');
    await page.getByText('低于 20').waitFor();
    expect(await seen(list)).toMatch(/地块 North field，站点 demo-farm/);
    expect(await seen(list)).toMatch(/低于 20 %（回升至 23 % 解除）时警告，持续 10 分钟后触发/);
    expect(await seen(list)).not.toMatch(/\b(warn|zone|set by|below|after|all|crop)\b/i);
    expect(await overflow(page)).toBe(0);
    await axe(page);
    await page.getByRole('link', { name: '新建阈值' }).click();
    await page.getByRole('button', { name: '保存' }).waitFor();
    expect(await seen(page.locator('main'))).not.toMatch(/\b(warning|why|save|low|high|days|optional)\b/i);
    expect(await overflow(page)).toBe(0);
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('sets a threshold by keyboard alone, with what it would have done shown before', async () => {
    const sources = farm();
    const { page, tried, complaints } = await open(sources, 'thresholds');
    const { keyboard } = page;
    await page.getByText('Thresholds: 3').waitFor();
    const reach = async (
      role: 'link' | 'button' | 'textbox' | 'combobox' | 'radio',
      name: string | RegExp,
    ) => {
      const goal = page.getByRole(role, { name, ...(typeof name === 'string' && { exact: true }) }).first();
      await goal.waitFor();
      for (let presses = 0; presses < 60; presses++) {
        if (await isFocused(goal)) return;
        await keyboard.press('Tab');
      }
      throw new Error(`${name} cannot be reached by Tab`);
    };
    await reach('link', 'New threshold');
    await keyboard.press('Enter');
    await reach('combobox', 'Crop');
    await keyboard.type('Tom');
    await reach('combobox', 'Stage');
    await keyboard.type('mid');
    await reach('textbox', 'Raise below');
    await keyboard.type('22');
    await reach('textbox', 'Well again from');
    await keyboard.type('24.5');
    await reach('textbox', 'How long it must have been wrong');
    await keyboard.press('Control+A');
    await keyboard.type('20');
    const trial = page.getByRole('region', { name: 'What it would have done' });
    await eventually(async () =>
      /Over the last 30 days it would have been raised \d+ times/.test(await seen(trial)),
    );
    await trial
      .getByRole('img', {
        name: /^North field · soil-north: lowest 21\.\d.%, highest 2[78].* raised 2[3-5] times/,
      })
      .waitFor();
    expect(tried.at(-1)).toMatchObject({
      days: 30,
      wish: {
        rule: { low: { raise: 22, clear: 24.5 } },
        forS: 1_200,
        scope: { crop: 'tomato', stage: 'mid' },
      },
    });
    await reach('textbox', 'Why?');
    await keyboard.type('fruit is setting');
    await reach('button', 'Save');
    await keyboard.press('Enter');
    await page.getByText('Threshold saved.').waitFor();
    await page.getByText('Thresholds: 4').waitFor();
    const made = [...sources.thresholds.all()].at(-1)!;
    expect(made).toMatchObject({
      why: 'fruit is setting',
      forS: 1_200,
      scope: { crop: 'tomato', stage: 'mid' },
    });
    expect(await seen(page.locator('main'))).toMatch(
      /Tomato in the mid-season stage\s+▲ warning Warn below 22 %, until 24.5 %, after 20 min/,
    );
    expect(complaints).toEqual([]);
  });

  it('compares with the threshold as it stands, and looks at another time on demand', async () => {
    const { page, tried } = await open(farm(), 'thresholds/threshold-1/change');
    const trial = page.getByRole('region', { name: 'What it would have done' });
    await page.getByRole('textbox', { name: 'Raise below' }).fill('22');
    await eventually(async () =>
      /raised 2[3-5] times, for .* in all\. As it stands: never\./.test(await seen(trial)),
    );
    await trial.getByRole('img', { name: 'As it stands: raised 0 times' }).first().waitFor();
    await trial
      .getByText(/^Events one by one/)
      .first()
      .click();
    expect(await seen(trial.getByRole('table').first())).toMatch(/Worst value[\s\S]*21\.\d %/);
    await page.getByRole('radio', { name: '30 days' }).focus();
    await page.keyboard.press('ArrowRight');
    await eventually(async () => /Over the last 90 days/.test(await seen(trial)));
    expect(tried.at(-1)?.days).toBe(90);
    await axe(page);
  });

  it('tries what goes by neighbours over the past too', async () => {
    const sources = farm();
    const nowMs = Date.now();
    for (let agoMin = 4 * 1_440; agoMin > 0; agoMin -= 20)
      for (const device of ['s1', 's2', 's3', 's4']) {
        const isOdd = device === 's4' && agoMin > 1_440 && agoMin < 2_880;
        const series = key('soil/moisture', { device, zone: 'west' });
        sources.put(series, nowMs - agoMin * 60_000, isOdd ? 35 : 25);
      }
    const { page, complaints } = await open(sources, 'thresholds/new');
    await page.getByLabel('Zone', { exact: true }).selectOption('west');
    await page.getByRole('radio', { name: /^Unlike its neighbours/ }).check();
    await page.getByRole('textbox', { name: 'Differs from the median by' }).fill('8');
    await page.getByText(/Over the last 30 days it would have been raised once, for (1 d|2[34] h)/).waitFor();
    await page.getByRole('img', { name: /^west · s4: .* raised 1 times/ }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('puts what is wrong at its field, before it is sent and after', async () => {
    const { page } = await open(farm(), 'thresholds/new');
    const low = page.getByRole('textbox', { name: 'Raise below' });
    await low.fill('30');
    await page.getByRole('button', { name: 'Save' }).click();
    const clear = page.getByRole('textbox', { name: 'Well again from' });
    await eventually(async () => (await clear.getAttribute('aria-invalid')) === 'true');
    expect(await isFocused(clear)).toBe(true);
    await clear.fill('400');
    await page.getByRole('textbox', { name: 'Why?' }).fill('to see');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('is within 0 … 100 %').first().waitFor();
    const described = await clear.getAttribute('aria-describedby');
    const error = page.locator(`[id="${described!.split(' ').at(-1)}"]`);
    expect(await seen(error)).toMatch(/Soil moisture .* is within 0 … 100 %/);
  });

  it('shows theirs where somebody else was quicker, and saves over it only when told to', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, 'thresholds/threshold-1/change');
    await page.getByRole('textbox', { name: 'Raise below' }).fill('21');
    await page.getByRole('textbox', { name: 'Why?' }).fill('drier');
    const theirs = { ...DRY, rule: { kind: 'bounds', low: { raise: 25, clear: 26 } } } as const;
    sources.thresholds.change('threshold-1', 1, theirs, { who: 'wang', why: 'sowing' });
    await page.getByRole('button', { name: 'Save' }).click();
    const conflict = page.getByRole('alert');
    await conflict.waitFor();
    expect(await seen(conflict)).toMatch(
      /wang changed it[\s\S]*Warn below 25 %, until 26 %[\s\S]*Why: sowing/,
    );
    expect(await seen(conflict)).toMatch(/Yours:\s+Zone North field[\s\S]*below 21 %/);
    await axe(page);
    await page.getByRole('button', { name: 'Save mine over it' }).click();
    await page.getByText('Threshold saved.').waitFor();
    expect(current(sources)).toMatchObject({ version: 3, rule: { low: { raise: 21 } }, setBy: 'open' });
    expect(complaints.filter((one) => !one.includes('409'))).toEqual([]);
  });

  it('switches off and deletes for a reason, gives the focus back, and keeps the history', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, 'thresholds');
    const off = page.getByRole('button', { name: /^Switch off: Warn below 20/ });
    await off.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Switch this threshold off?' });
    await dialog.waitFor();
    await axe(page);
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(await isFocused(off)).toBe(true);
    await page.keyboard.press('Enter');
    await dialog.waitFor();
    await page.keyboard.type('harvest');
    await dialog.getByRole('button', { name: 'Switch off' }).click();
    await page.getByText('Threshold switched off.').waitFor();
    expect(current(sources)).toMatchObject({ enabled: false, why: 'harvest' });
    // Then the page has the newer version: the older one may not be deleted.
    await page.getByRole('button', { name: /^Switch on: Warn below 20/ }).waitFor();
    await page.getByRole('button', { name: /^Delete: Warn below 20/ }).click();
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('Not saved yet:').waitFor();
    await page.getByRole('textbox', { name: 'Why?' }).fill('field is sold');
    await page.getByRole('button', { name: 'Delete', exact: true }).click();
    await page.getByText('Thresholds: 2').waitFor();
    await page.goto(`${page.url().split('#')[0]}#/thresholds/threshold-1`);
    const history = page.getByRole('region', { name: 'History' });
    await history.waitFor();
    await eventually(async () =>
      /Why: field is sold[\s\S]*Why: harvest[\s\S]*Why: sandy corner/.test(await seen(history)),
    );
    expect(await seen(history)).toMatch(/before: .*below 20 %[\s\S]*after: .*\(switched off\)/);
    expect(complaints).toEqual([]);
  });

  it('applies a template to a zone in two steps, with its source and what it would do', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, 'thresholds/templates');
    await page.getByRole('heading', { name: 'Templates by crop and stage' }).waitFor();
    await page.getByLabel('Crop', { exact: true }).selectOption('tomato');
    await page.getByLabel('Soil', { exact: true }).selectOption('loam');
    expect(await seen(page.locator('.templates'))).toMatch(/Figures from: .*FAO/);
    await axe(page);
    await page
      .getByRole('link', { name: /^Apply to a zone: .*moisture/i })
      .first()
      .click();
    await page.getByText('Step 1 of 2').waitFor();
    await page.getByLabel('Which zone?').selectOption({ label: 'North field (demo-farm)' });
    await page.getByRole('button', { name: 'Look at it first' }).click();
    await page.getByText('Step 2 of 2').waitFor();
    await page
      .getByText(/Over the last 30 days it would/)
      .first()
      .waitFor();
    await axe(page);
    await page.getByRole('button', { name: 'Set them' }).click();
    await page.getByText(/^Thresholds set: /).waitFor();
    const made = [...sources.thresholds.all()].filter(({ template }) => template !== undefined);
    expect(made[0]).toMatchObject({ scope: { site: 'demo-farm', zone: 'north', crop: 'tomato' } });
    expect(made[0]?.source).toMatch(/FAO/);
    expect(complaints).toEqual([]);
  });

  it('says what is missing and what is old: nothing set, the server gone', async () => {
    const empty = new FakeSources();
    const { page } = await open(empty, 'thresholds');
    await page.getByText('No thresholds yet').waitFor();
    await page.route('**/api/v1/thresholds', (route) => route.abort());
    await page.evaluate(
      "dispatchEvent(new Event('online')); document.dispatchEvent(new Event('visibilitychange'))",
    );
    await page.getByText(/No connection to Sluice since \d\d:\d\d/).waitFor();
    expect(await page.getByText('No thresholds yet').isVisible()).toBe(true);
    await page.reload();
    await page.getByRole('alert').waitFor();
    await page.unroute('**/api/v1/thresholds');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByText('No thresholds yet').waitFor();
  });
});
