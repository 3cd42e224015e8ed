import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse } from 'yaml';
import { verifyPassword } from '../../core/passwords/password-hash.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import type { CareRecord } from '../../ingest/care/care-file.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm, key, reportPresence } from '../console-farm.ts';
import { axe, launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { serve } from './serve.ts';

const CONFIG = `site: demo-farm
gateway: pump-house
broker: { url: "mqtt://127.0.0.1:1883", username: pump-7 }
drivers:
  - driver: modbus-rtu
    id: field-bus
    devices: [{ id: soil-north }, { id: valves }]
`;

let browser: Browser;

/** A farm whose gateway answers whatever is asked of it at once. */
function farm(): FakeSources {
  const sources = new FakeSources();
  const nowMs = Date.now();
  growFarm(sources, nowMs);
  reportPresence(sources, nowMs, ['weather']);
  sources.put(key('gateway/clock_synced', {}), nowMs - 1_000, 1);
  sources.put(key('gateway/cpu', { unit: '%' }), nowMs - 1_000, 12);
  sources.account = {
    ...{ ledger: 'a1', produced: 10_000, stored: 9_990, rejected: 2, dropped: 3, inFlight: 5 },
    ...{ share: 0.999, rejectedByCode: { VALUE_OUT_OF_RANGE: 2 }, missingLeftOut: 0 },
    missing: [
      {
        ledger: 'a1',
        first: 7,
        last: 9,
        readings: 5,
        afterMs: nowMs - 60_000,
        beforeMs: nowMs,
        reason: 'awaited',
      },
    ],
  };
  sources.letterCounts = [
    {
      site: 'demo-farm',
      gateway: 'pump-house',
      code: 'VALUE_OUT_OF_RANGE',
      waiting: 2,
      replayed: 1,
      more: 0,
      gone: 0,
    },
  ];
  sources.replay = async (request) => {
    sources.replays.push(request);
    return { lookedAt: 2, replayed: 1, refused: { VALUE_OUT_OF_RANGE: 1 }, notReplayable: 0, unanswered: 0 };
  };
  const submit = sources.care.submit;
  let n = 0;
  sources.care.submit = (wish) => {
    const record = submit(wish);
    const answered = {
      ...record,
      request: { ...record.request, id: `care-${++n}` },
      answer: answerTo(record),
    };
    sources.cared[sources.cared.length - 1] = answered;
    return answered;
  };
  return sources;
}

function answerTo({ request }: CareRecord): NonNullable<CareRecord['answer']> {
  const timeMs = Date.now();
  if (request.action === 'read-config')
    return { isDone: true, timeMs, result: { version: 'local', config: CONFIG, profiles: {} } };
  if (request.action === 'check-config' && request.config.includes('nonsense'))
    return {
      isDone: false,
      timeMs,
      reason: { en: 'line 9: nonsense is not known', zh: '第 9 行：未知的 nonsense' },
    };
  if (request.action === 'probe')
    return { isDone: true, timeMs, result: { sent: '01 03 00 00', took: '12 ms' } };
  return { isDone: true, timeMs, result: {} };
}

async function open(sources: FakeSources, hash: string, options: BrowserContextOptions = {}) {
  const url = await serve(sources);
  return visitIn(browser, `${url}${hash}`, options);
}

const seen = async (page: Page) => (await page.locator('main').innerText()).replaceAll('\u00a0', ' ');
const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describeWith('chromium')('the page Devices', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  it('shows each gateway with presence, completeness, backlog and clock, and tries refused readings again', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, '#/devices');
    await page.getByRole('link', { name: 'pump-house' }).waitFor();
    await eventually(
      async () => /Clock|set/.test(await seen(page)) && (await seen(page)).includes('VALUE_OUT_OF_RANGE'),
    );
    const text = await seen(page);
    for (const part of ['pump-house', 'online', '4 of 5 online', '99.90 %', 'set', '5'])
      expect(text).toContain(part);
    await axe(page);
    await page.getByRole('button', { name: /Try again: VALUE_OUT_OF_RANGE/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click();
    await page.getByText('1 are in the store now, 1 were refused again.').waitFor();
    expect(sources.replays).toHaveLength(1);
    expect(sources.replays[0]).toMatchObject({
      sites: ['demo-farm'],
      gateways: ['pump-house'],
      isDryRun: false,
    });
    expect(complaints).toEqual([]);
  });

  it('reads the settings of a gateway, has them checked with its words, and tries them only after a question', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, '#/devices/demo-farm/pump-house');
    await page.getByText('Missing ranges').first().waitFor();
    expect(await seen(page)).toContain('its gateway still has it');
    // By its id, until the catalogue has come.
    await eventually(async () => /Processor[^\n]*\n+12/.test(await seen(page)));
    await page.getByRole('button', { name: 'Read settings' }).click();
    const settings = page.getByLabel('Settings (YAML)');
    await settings.waitFor();
    await eventually(async () => (await seen(page)).includes('modbus-rtu (field-bus)'));
    expect(await seen(page)).toContain('It signs in as pump-7.');

    await settings.fill(`${CONFIG}nonsense: 1\n`);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('line 9: nonsense is not known').first().waitFor();
    await settings.fill(CONFIG);
    await page.getByRole('button', { name: 'Check' }).click();
    await page.getByText('The settings are right.').waitFor();
    expect(sources.cared.map(({ request }) => request.action)).not.toContain('apply-config');
    await page.getByRole('button', { name: 'Try these settings' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Try these settings' }).click();
    await eventually(() => sources.cared.some(({ request }) => request.action === 'apply-config'));
    await page.getByRole('button', { name: 'Probe valves' }).click();
    await page.getByText('01 03 00 00').waitFor();
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('makes a password that is shown once, in Chinese on a phone', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, '#/devices/demo-farm/pump-house', {
      locale: 'zh-CN',
      viewport: PHONE,
    });
    await page.getByRole('button', { name: '新密码' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: '生成' }).click();
    const password = await dialog.getByLabel(/^密码/).inputValue();
    const line = await dialog.getByLabel(/^代理用户文件/).inputValue();
    const [user] = parse(line);
    expect(user).toMatchObject({ name: 'pump-house', role: 'gateway', site: 'demo-farm' });
    expect(await verifyPassword(Buffer.from(password), user.passwordHash)).toBe(true);
    await axe(page);
    await dialog.getByRole('button', { name: '关闭' }).click();
    await eventually(async () => !(await page.content()).includes(password));
    expect(await overflow(page)).toBe(0);
    expect((await seen(page)).match(/\b(online|since|Why|Stored|Clock)\b/)).toBeNull();
    await axe(page);
    expect(complaints).toEqual([]);
  });
});
