import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import type { AlertEvent, AlertMember } from '../../ingest/alerts/alert-event.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import type { Delivery } from '../../ingest/notify/delivery.ts';
import { contact, gatewayAlert } from '../../ingest/notify/testing/alerts.ts';
import { growFarm } from '../console-farm.ts';
import { axe, launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { isFocused, overflow, seen } from './looking.ts';
import { serve } from './serve.ts';

const MINUTE_MS = 60_000;

let browser: Browser;

function silent(gateway: string, ageMin: number, more: Partial<AlertMember> = {}): AlertMember {
  return {
    ...{ key: `silent:farm/${gateway}`, kind: 'silent', subject: `farm/${gateway}`, severity: 'critical' },
    sinceMs: Date.now() - ageMin * MINUTE_MS,
    words: { en: `Gateway farm/${gateway} is silent`, zh: `网关 farm/${gateway} 失联` },
    ...more,
  };
}

function alert(id: string, ageMin: number, more: Partial<AlertEvent> = {}): AlertEvent {
  const sinceMs = Date.now() - ageMin * MINUTE_MS;
  const plain = gatewayAlert(id);
  const timeline = [{ timeMs: sinceMs, step: 'raised' as const, words: plain.words }];
  return { ...plain, sinceMs, raisedMs: sinceMs, causing: [silent(id, ageMin)], timeline, ...more };
}

/** A dry zone, a dead gateway with another behind it, and one that is over. */
function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  const dry = {
    en: 'North field: soil moisture 18.2 %, below 20 %',
    zh: '北地块：土壤含水率 18.2 %，低于 20 %',
  };
  const member = silent('soil-north', 130, {
    words: dry,
    severity: 'warning',
    place: { site: 'farm', zone: 'north' },
  });
  // The kind of a rule reaches the page as such; the judge that raises it is tested with ingest.
  const judged = {
    ...member,
    kind: 'bounds',
    key: 'bounds:t-1:farm/pump/soil-north',
    threshold: 't-1',
  } as unknown as AlertMember;
  const events = [
    alert('dry', 130, { words: dry, causing: [judged] }),
    alert('pump', 42, { severity: 'critical', silent: [silent('pump-2', 40)] }),
    alert('old', 600, { clearedMs: Date.now() - 500 * MINUTE_MS }),
  ];
  const found = events.map((event, seq) => ({ event, place: { timeMs: event.raisedMs, seq } }));
  sources.alertEvents = found;
  sources.alerts.open = () =>
    found.map(({ event }) => event).filter(({ clearedMs }) => clearedMs === undefined);
  const asked = sources.alerts as {
    find: (filter: { isOpen?: boolean; after?: unknown; limit: number }) => typeof found;
  };
  asked.find = ({ isOpen, after, limit }) => {
    const all = found.filter(({ event }) => !isOpen || event.clearedMs === undefined);
    return after ? [{ ...found[2]!, event: alert('older', 2_000, { clearedMs: 1 }) }] : all.slice(0, limit);
  };
  sources.notify.people = [contact('li', { name: '李明' }), contact('wang', { severities: [] })];
  return sources;
}

function told(id: string, state: Delivery['state'], more: Partial<Delivery> = {}): Delivery {
  const timeMs = Date.now() - 41 * MINUTE_MS;
  return {
    ...{
      id,
      contact: 'li',
      way: { kind: 'mail', to: 'li@farm.example' },
      lane: 'li',
      more: 0,
      state,
      tries: 1,
    },
    items: [{ alert: 'pump', what: 'raised', severity: 'critical', timeMs }],
    ...{ createdMs: timeMs, dueMs: timeMs, doneMs: timeMs, ...more },
  };
}

async function open(sources: FakeSources, path: string, options: BrowserContextOptions = {}) {
  const url = await serve(sources);
  return visitIn(browser, `${url}/#/${path}`, options);
}

describeWith('chromium')('the page Alerts', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });

  afterAll(() => browser.close());

  it('says one thing for each cause, what is worst first, with its members inside and ways to where it can be mended', async () => {
    const { page, complaints } = await open(farm(), 'alerts');
    const cards = page.getByRole('article');
    await cards.first().waitFor();
    expect(await cards.count()).toBe(2);
    expect(await seen(cards.nth(0))).toMatch(
      /■ critical\s+since .*, for 42 min\s+Gateway farm\/pump is silent/,
    );
    expect(await seen(cards.nth(1))).toMatch(
      /▲ warning\s+since .*, for 2 h 10 min\s+North field: soil moisture 18\.2 %, below 20 %/,
    );
    await cards.nth(0).getByText('Silent because of it (1)').click();
    expect(await seen(cards.nth(0))).toMatch(/Gateway farm\/pump-2 is silent/);
    const hrefs = cards.nth(1).locator('.alert-links a');
    expect(
      await hrefs.evaluateAll(
        new Function('all', 'return all.map((one) => one.getAttribute("href"))') as () => string[],
      ),
    ).toEqual(['#/farm?zone=farm%2Fnorth', '#/thresholds/t-1']);
    expect(await seen(page.getByRole('link', { name: /^Alerts/ }))).toMatch(/Alerts\s*1/);
    await axe(page);
    await page.getByLabel('Severity').selectOption('warning');
    await page.getByText('Events: 1', { exact: true }).waitFor();
    expect(await page.evaluate('location.hash')).toBe('#/alerts?severity=warning');
    expect(complaints).toEqual([]);
  });

  it('is acknowledged by keyboard alone, with a note, and says so to everybody', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, 'alerts');
    const { keyboard } = page;
    const take = page.getByRole('button', { name: 'Acknowledge: Gateway farm/pump is silent.' });
    await take.waitFor();
    for (let presses = 0; presses < 40 && !(await isFocused(take)); presses++) await keyboard.press('Tab');
    await keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Acknowledge this event?' }).waitFor();
    await axe(page);
    await keyboard.type('on my way');
    await keyboard.press('Tab');
    await keyboard.press('Enter');
    await page.getByText('Acknowledged. Nobody else is called.').waitFor();
    await page.getByText(/Acknowledged by open, \d\d:\d\d: on my way/).waitFor();
    expect(sources.notify.acknowledged).toEqual([{ id: 'pump', who: 'open', note: 'on my way' }]);
    expect(
      await isFocused(page.getByRole('button', { name: 'Add a note: Gateway farm/pump is silent.' })),
    ).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('is silenced from the event with a reason and an end, which can be ended from the list', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, 'alerts');
    await page.getByRole('button', { name: 'Silence: Gateway farm/pump is silent.' }).click();
    const dialog = page.getByRole('dialog', { name: 'Silence this event' });
    await dialog.getByRole('button', { name: 'Silence' }).click();
    const reason = dialog.getByRole('textbox', { name: 'Reason' });
    await eventually(async () => (await reason.getAttribute('aria-invalid')) === 'true');
    await reason.fill('battery is being changed');
    await dialog.getByRole('textbox', { name: 'For', exact: true }).fill('3');
    await dialog.getByRole('button', { name: 'Silence' }).click();
    await page.getByText(/Silenced by open until .*\d\d:\d\d: battery is being changed/).waitFor();
    const [kept] = sources.notify.kept;
    expect(kept!.untilMs - kept!.fromMs).toBe(3 * 3_600_000);
    await page.getByRole('link', { name: 'Silences' }).click();
    await page.getByRole('button', { name: 'End it: battery is being changed' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click();
    await page.getByText('Nothing is silenced').waitFor();
    await page.getByRole('button', { name: 'New silence' }).click();
    const free = page.getByRole('dialog', { name: 'New silence' });
    const zone = free.getByRole('combobox', { name: /^Zone/ });
    await zone.fill('nor');
    await free.getByRole('button', { name: 'Silence' }).click();
    await free.getByText('“nor” is not chosen yet').waitFor();
    await axe(page);
    await page.keyboard.press('Escape');
    expect(await zone.inputValue()).toBe('');
    await page.keyboard.type('NOR');
    await page.keyboard.press('Enter');
    await free.getByRole('list', { name: 'Site: chosen' }).getByText('demo-farm').waitFor();
    await free.getByRole('textbox', { name: 'Reason' }).fill('ploughing');
    await free.getByRole('button', { name: 'Silence' }).click();
    await page.getByText('Zone north').waitFor();
    await axe(page);
    expect(sources.notify.kept.at(-1)).toMatchObject({
      matcher: { site: 'demo-farm', zone: 'north' },
      reason: 'ploughing',
    });
    expect(complaints).toEqual([]);
  });

  it('tells what happened to an event, and who was told of it by which way, with what went wrong', async () => {
    const sources = farm();
    const error = { code: 'MAIL_REFUSED', message: 'mail.example answers 550' };
    sources.notify.delivered = [told('a', 'sent'), told('b', 'failed', { contact: 'wang', tries: 5, error })];
    const { page, complaints } = await open(sources, 'alerts/pump');
    const happened = page.getByRole('region', { name: 'What happened' });
    await eventually(async () => /Told 李明 by Mail/.test(await seen(happened)));
    expect(await seen(happened)).toMatch(
      /Raised: Gateway farm\/pump is silent[\s\S]*Could not tell wang by Mail \(tries: 5\): mail\.example answers 550/,
    );
    await axe(page);
    await page.getByRole('link', { name: 'Messages' }).click();
    await page.getByRole('table').waitFor();
    await page.getByRole('button', { name: /^To/ }).click();
    expect(await page.getByRole('columnheader', { name: /^To/ }).getAttribute('aria-sort')).toBe('ascending');
    expect(await seen(page.getByRole('table'))).toMatch(
      /failed \(tries: 5\)[\s\S]*mail\.example answers 550/,
    );
    await axe(page);
    await page.goto(`${page.url().split('#')[0]}#/alerts/nothing`);
    await page.getByText('There is no such thing here').waitFor();
    expect(complaints.filter((one) => !one.includes('404'))).toEqual([]);
  });

  it('shows what is over on demand, and older ones page by page', async () => {
    const { page } = await open(farm(), 'alerts');
    await page.getByLabel('State').selectOption('all');
    await page.getByText('Events: 3', { exact: true }).waitFor();
    expect(await seen(page.getByRole('article').nth(2))).toMatch(/over: .* to .*, 1 h 40 min/);
    expect(await page.getByRole('button', { name: 'Show older ones' }).count()).toBe(0);
    await page.route(/\/api\/v1\/alerts\?(?!.*after)/, async (route) => {
      const reply = await (await route.fetch()).json();
      await route.fulfill({ json: { ...reply, next: '1-1' } });
    });
    await page.getByLabel('State').selectOption('week');
    await page.getByRole('button', { name: 'Show older ones' }).click();
    await page.getByText('Events: 4', { exact: true }).waitFor();
  });

  it('is complete in Chinese on a phone, in the dark: events, silences, messages, contacts', async () => {
    const sources = farm();
    sources.notify.delivered = [told('a', 'sent')];
    sources.notify.kept = [
      {
        id: 's',
        matcher: { zone: 'north' },
        reason: '犁地',
        untilMs: Date.now() + 3_600_000,
        who: 'li',
        fromMs: 0,
      },
    ];
    const { page, complaints } = await open(sources, 'alerts', {
      ...{ locale: 'zh-CN', viewport: PHONE, colorScheme: 'dark' },
    });
    const english = /\b(since|critical|warning|silence|told|events?|contacts?|from|until|state|mail)\b/i;
    for (const [part, word] of [
      ['alerts', '确认'],
      ['alerts/pump', '经过'],
      ['alerts/silences', '犁地'],
      ['alerts/deliveries', '✓ 已发送'],
      ['alerts/contacts', '李明'],
      ['alerts/contacts/li', '修改联系人'],
    ] as const) {
      await page.goto(`${page.url().split('#')[0]}#/${part}`);
      await page.getByText(word).first().waitFor();
      const said = (await seen(page.locator('main'))).replace(/English|\S+@\S+/g, '');
      expect([part, said.match(english)?.[0]]).toEqual([part, undefined]);
      expect([part, await overflow(page)]).toEqual([part, 0]);
      await axe(page);
    }
    expect(complaints).toEqual([]);
  });

  it('keeps who is told, how and when, and sends a test', async () => {
    const sources = farm();
    const { page, complaints } = await open(sources, 'alerts/contacts/new');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Zhang');
    await page.getByRole('textbox', { name: 'Mail address' }).fill('zhang@farm.example');
    await page.getByRole('button', { name: 'Add a way' }).click();
    await page.getByLabel('Way', { exact: true }).nth(1).selectOption('sms');
    await page.getByRole('textbox', { name: 'Number (+86…)' }).fill('13800000000');
    await page.getByLabel('Has quiet hours').check();
    await page.getByLabel('Tell', { exact: true }).selectOption({ label: '李明' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').waitFor();
    expect(await seen(page.getByRole('alert'))).toMatch(/ways/);
    await page.getByRole('textbox', { name: 'Number (+86…)' }).fill('+8613800000000');
    await axe(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Contact saved.').waitFor();
    expect(sources.notify.people.at(-1)).toMatchObject({
      ...{ name: 'Zhang', language: 'en', escalateTo: 'li', escalateAfterS: 900, sites: 'all' },
      ways: [
        { kind: 'mail', to: 'zhang@farm.example' },
        { kind: 'sms', to: '+8613800000000' },
      ],
      quiet: { from: '22:00', to: '06:00', zone: 'Asia/Shanghai', exceptCritical: true },
    });
    await axe(page);
    await page.getByRole('button', { name: 'Send a test: Zhang' }).click();
    await page.getByText('Test on its way.').waitFor();
    await page.getByRole('button', { name: 'Delete: wang' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByText('Contact deleted.').waitFor();
    expect(sources.notify.people.map(({ name }) => name)).toEqual(['李明', 'Zhang']);
    expect(complaints.filter((one) => !one.includes('400'))).toEqual([]);
  });

  it('says that all is well, and how old that is once the server is gone', async () => {
    const { page } = await open(new FakeSources(), 'alerts');
    await page.getByText('Nothing is wrong').waitFor();
    expect(await page.locator('.alert-badge').count()).toBe(0);
    await page.route('**/api/v1/alerts**', (route) => route.abort());
    await page.getByText(/No connection to Sluice since \d\d:\d\d\. What is shown is from/).waitFor();
    await page.unroute('**/api/v1/alerts**');
    await page.getByText(/No connection to Sluice since/).waitFor({ state: 'detached' });
  });
});
