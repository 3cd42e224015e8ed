import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { axe, launchBrowser, PHONE, visit as visitIn } from '../e2e/browser.ts';
import { backbone } from './backbone.ts';
import { overflow, seen } from './looking.ts';
import { serve } from './serve.ts';

let browser: Browser;

async function open(points: number, path: string, options: BrowserContextOptions = {}) {
  const url = await serve(await backbone(points, temporaryFolder()));
  return visitIn(browser, `${url}/#/links${path}`, options);
}

const cell = (page: Page, id: string) => page.locator(`.cell[data-link="${id}"]`);

describeWith('chromium')('the page Links', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });

  afterAll(() => browser.close());

  it('shows thirty by thirty links at once, each with its verdict, and moves among them by keyboard', async () => {
    const { page, complaints } = await open(30, '');
    await cell(page, 'cq1_sh2').waitFor();
    expect(await page.locator('a.cell').count()).toBe(870);
    expect(await cell(page, 'cq1_sh2').getAttribute('data-verdict')).toBe('breach');
    expect(await cell(page, 'cq1_bj3').getAttribute('data-verdict')).toBe('insufficient');
    expect(await cell(page, 'cq1_bj3').locator('.hidden').textContent()).toMatch(
      /Chongqing 1 to Beijing 3: not enough evidence, p95 8\.\d+.ms, loss 0\.0.%/,
    );
    expect(await seen(page.getByRole('region', { name: 'between networks' }))).toMatch(
      /Links: 360 · \d+ met, \d+ not met/,
    );
    const startedMs = Date.now();
    await cell(page, 'cq1_bj3').focus();
    await page.locator('[data-glance="cq1_bj3"]').waitFor();
    expect(await seen(page.locator('.glance'))).toMatch(
      /8,[45]\d\d more probes without loss needed, about \d d/,
    );
    for (const key of ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp']) await page.keyboard.press(key);
    await page.locator('[data-glance="cq1_bj3"]').waitFor();
    expect(Date.now() - startedMs).toBeLessThan(5_000);
    expect(await overflow(page)).toBe(0);
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('is filtered by class and network, and lists the worst first on a Chinese phone', async () => {
    const options = { locale: 'zh-CN', viewport: PHONE, colorScheme: 'dark' } as const;
    const { page, complaints } = await open(6, '', options);
    await page.locator('.list-holder').first().waitFor();
    expect(await seen(page.locator('.list-holder tbody tr').first())).toMatch(/重庆1 → 上海2\s+✗ 未达标/);
    await page.getByLabel('类别', { exact: true }).selectOption('intra');
    await eventually(async () =>
      /重庆1 → 北京3\s+\? 证据不足\s+还需/.test(await seen(page.locator('.list-holder tbody tr').first())),
    );
    const text = await seen(page.locator('main'));
    expect(
      text.replaceAll(/p50|p95|json|html|csv|\w+_\w+/gi, '').match(/\b(met|loss|probes|links|window)\b/i),
    ).toBeNull();
    expect(await overflow(page)).toBe(0);
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('tells of one link why, what of its budget is left, when it was down and why', async () => {
    const { page, complaints } = await open(6, '/cq1_gz4');
    await page.locator('.evidence').waitFor();
    expect(await seen(page.locator('.link-title'))).toMatch(
      /Chongqing 1 → Guangzhou 4.*not enough evidence/s,
    );
    expect(await seen(page.locator('.evidence'))).toMatch(
      /between \d.* % and \d.* % \(each bound at 95 %\) · Limit 0\.3 %/,
    );
    const outages = page.getByRole('region', { name: 'Outages' });
    await outages.locator('tbody tr').waitFor();
    expect(await seen(outages)).toMatch(/Available 97\.9\d? %|Available 98\.\d %/);
    expect(await seen(outages.locator('tbody'))).toMatch(/(29|30|35) min/);
    expect(await seen(page.getByRole('region', { name: 'Budget' }))).toMatch(/Lost probes < 0\.3 %/);
    await page.getByRole('img', { name: /Round trip: 3 series/ }).waitFor();
    expect(await overflow(page)).toBe(0);
    await axe(page);
    expect(complaints).toEqual([]);
  });

  it('says of a link in breach on which way it loses, and of one that was down that nobody can tell', async () => {
    const { page } = await open(6, '/cq1_sh2');
    const there = page.locator('.judgement', { hasText: 'Loss on the way there' });
    await there.waitFor();
    expect(await seen(there)).toMatch(/there ✓ met\s+0\.0.% 0 \/ \d+,\d+ probes\s+between 0\.0/);
    const back = page.locator('.judgement', { hasText: 'Loss on the way back' });
    expect(await seen(back)).toMatch(/back ✗ not met\s+1\.\d+ % 9\d\d \//);
    await page.goto(page.url().replace('cq1_sh2', 'cq1_gz4'));
    await page.getByText('Nothing tells on which way probes were lost').waitFor();
    expect(await seen(there)).toMatch(/0\.0.% – \d\.\d+.% 0 – 1,800 \//);
  });

  it('takes maintenance in after the fact, marks it, gives the verdict both ways, and withdraws it', async () => {
    const { page, complaints } = await open(4, '/cq1_sh2');
    await page.getByRole('button', { name: 'Enter a window' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Enter a window' }).click();
    expect(await seen(dialog)).toMatch(/Needed/);
    const local = (agoMs: number) => new Date(Date.now() - agoMs + 8 * 3_600_000).toISOString().slice(0, 16);
    await dialog.getByLabel('Start').fill(local(7_200_000));
    await dialog.getByLabel('End').fill(local(3_600_000));
    await dialog.getByLabel('Why').fill('fibre moved');
    await dialog.getByText('It has begun already').waitFor();
    await axe(page);
    await dialog.getByRole('button', { name: 'Enter a window' }).click();
    const windows = page.getByRole('region', { name: 'Maintenance' });
    await eventually(async () =>
      /fibre moved.*over after the fact/s.test(await seen(windows.locator('tbody'))),
    );
    await windows.getByRole('button', { name: 'Withdraw' }).click();
    await dialog.getByLabel('Why').fill('was not needed');
    await dialog.getByRole('button', { name: 'Withdraw' }).click();
    await eventually(async () =>
      /withdrawn by .*: was not needed/.test(await seen(windows.locator('tbody'))),
    );
    expect(complaints).toEqual([]);
  });

  it('hands over a signed statement as file, page and table', async () => {
    const { page } = await open(3, '/cq1_bj3');
    const part = page.getByRole('region', { name: 'Monthly statement' });
    await part.getByLabel('Month').selectOption({ index: 0 });
    for (const [format, start] of [
      ['JSON', '{"statement":'],
      ['HTML', '<!doctype html>'],
      ['CSV', '\uFEFFmonth,'],
    ]) {
      const href = await part.getByRole('link', { name: `Download ${format}` }).getAttribute('href');
      const reply = await page.request.get(new URL(href!, page.url()).href);
      expect([reply.status(), (await reply.text()).slice(0, start!.length)]).toEqual([200, start]);
    }
    await part.getByText('How the other party checks it').click();
    await eventually(async () => /Fingerprint of the key: [0-9a-f]{8}-/.test(await seen(part)));
  });
});
