import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { ThresholdWish } from '../../core/thresholds/threshold.ts';
import type { Zone } from '../../core/zones/zone.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm, key } from '../console-farm.ts';
import { launchBrowser, PHONE, visit } from '../e2e/browser.ts';
import { backbone } from './backbone.ts';
import { serve } from './serve.ts';

/** `npm run pictures` sets it: then the pictures of docs/guides are taken here. Without it the same pages are only looked at. */
const PICTURES = process.env.SLUICE_PICTURES;
const DESK = { width: 1100, height: 760 };

const GUIDES = [
  {
    name: 'farm',
    hash: '#/farm',
    viewport: PHONE,
    scale: 2,
    ready: { en: /Soil moisture/, zh: /土壤含水率/ },
  },
  {
    name: 'thresholds',
    hash: '#/thresholds',
    viewport: DESK,
    scale: 1,
    ready: { en: /below 20/, zh: /低于/ },
  },
  { name: 'links', hash: '#/links', viewport: DESK, scale: 1, ready: { en: /not met/, zh: /未达标|不达标/ } },
  {
    name: 'devices',
    hash: '#/devices/demo-farm/pump-house',
    viewport: DESK,
    scale: 1,
    ready: { en: /Nothing is missing/, zh: /没有缺失/ },
  },
  {
    name: 'health',
    hash: '#/health',
    viewport: DESK,
    scale: 1,
    ready: { en: /unaccounted/, zh: /都有去向/ },
  },
] as const;

let browser: Browser;

function rectangle(id: string, name: string, west: number, more: Partial<Zone>): Zone {
  const [east, south, north] = [west + 0.0009, 22.4996, 22.5003];
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ] as [number, number][];
  const geometry = { type: 'Polygon', coordinates: [ring] } as NonNullable<Zone['geometry']>;
  return { site: 'demo-farm', id, name, geometry, version: 1, setBy: 'li', setMs: 0, ...more };
}

function farm(): FakeSources {
  const sources = new FakeSources();
  const nowMs = Date.now();
  growFarm(sources, nowMs);
  sources.put(key('gateway/clock_synced', {}), nowMs - 1_000, 1);
  const account = { ledger: 'a1', produced: 48_213, stored: 48_213, rejected: 0, dropped: 0, inFlight: 0 };
  sources.account = { ...sources.account, ...account, share: 1 };
  sources.gatewayCounters = sources.gatewayCounters.map((one) => ({
    ...one,
    received: one.stored,
    rejected: 0,
  }));
  sources.components = [
    'store',
    'subscriber',
    'pipeline',
    'ledger',
    'commands',
    'alerts',
    'notify',
    'audit',
  ].map((name) => ({ name, state: 'up', essential: true }));
  Object.assign(sources, { room: async () => ({ freeBytes: 40e9, totalBytes: 64e9 }) });
  sources.knownZones = [
    rectangle('north', '北区 North', 113.3992, { crop: 'tomato', stage: 'mid', soil: 'loam' }),
    rectangle('south', '南区 South', 113.4003, { crop: 'maize', stage: 'initial', soil: 'clay' }),
  ];
  const dry: ThresholdWish = {
    ...{ measurement: 'soil', field: 'moisture', scope: { site: 'demo-farm', zone: 'north' } },
    rule: { kind: 'bounds', low: { raise: 20, clear: 23 } },
    ...{ forS: 600, severity: 'warning', enabled: true, source: 'FAO-56, table 22' },
  };
  sources.thresholds.nowMs = () => nowMs - 5 * 86_400_000;
  sources.thresholds.add(dry, { who: 'li', why: 'sandy corner' });
  const silent = { ...dry, scope: {}, rule: { kind: 'no-data', afterS: 3_600 }, forS: 0 } as const;
  sources.thresholds.add({ ...silent, severity: 'critical' }, { who: 'li', why: 'silence is not dryness' });
  return sources;
}

describeWith('chromium')('the pictures of the guides', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it.each(GUIDES)('$name, in both languages', async ({ name, hash, viewport, scale, ready }) => {
    const url = await serve(name === 'links' ? await backbone(5, temporaryFolder()) : farm());
    for (const language of ['en', 'zh'] as const) {
      const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
      const options = { locale, viewport, deviceScaleFactor: PICTURES ? scale : 1 };
      const { page, complaints } = await visit(browser, `${url}${hash}`, options);
      await eventually(async () => ready[language].test(await page.locator('main').innerText()));
      if (PICTURES) {
        mkdirSync(PICTURES, { recursive: true });
        await page.screenshot({ path: join(PICTURES, `guide-${name}-${language}.png`) });
      }
      expect(complaints).toEqual([]);
    }
  });
});
