import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { buildConsole } from '../../dashboards/console/build.ts';
import { FakeSources } from '../../ingest/http/testing/fake-sources.ts';
import { growFarm } from '../console-farm.ts';
import { axe, launchBrowser, PHONE, visit } from '../e2e/browser.ts';
import { serve } from './serve.ts';

let browser: Browser;

const ALL = { sites: 'all', links: 'all' } as const;

function farm(): FakeSources {
  const sources = new FakeSources();
  growFarm(sources, Date.now());
  sources.access.put('admin', { role: 'administrator', ...ALL });
  sources.access.put('wang', { role: 'operator', sites: ['demo-farm'], links: [] });
  return sources;
}

async function signedIn(sources: FakeSources, name: string, hash = '', language = 'en-GB') {
  const url = await serve(sources, 'required');
  const { page, complaints } = await visit(browser, `${url}/${hash}`, { locale: language });
  const [named, password] = language === 'zh-CN' ? ['用户名', '密码'] : ['Name', 'Password'];
  await page.getByLabel(named).fill(name);
  await page.getByLabel(password).fill('right');
  await page.keyboard.press('Enter');
  await page.locator('nav.pages').waitFor();
  return { page, complaints, url };
}

describeWith('chromium')('the console with sign-in', () => {
  beforeAll(async () => {
    await buildConsole();
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  describe('signing in', () => {
    it('comes before anything else, on a phone, by keyboard, and leads to where one was going', async () => {
      const sources = farm();
      const url = await serve(sources, 'required');
      const { page, complaints } = await visit(browser, `${url}/#/audit`, { viewport: PHONE });
      const asked: string[] = [];
      page.on('request', (request) => asked.push(new URL(request.url()).pathname));
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(await page.evaluate('document.activeElement.autocomplete')).toBe('username');
      await axe(page);
      expect(asked.filter((path) => /farm|audit|dashboards|v1\/(?!session)/.test(path))).toEqual([]);
      await page.keyboard.type('admin');
      await page.keyboard.press('Tab');
      await page.keyboard.type('right');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Who changed what' }).waitFor();
      await axe(page);
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      expect(complaints).toEqual([]);
    });

    it('says what is wrong, and keeps the name', async () => {
      const url = await serve(farm(), 'required');
      const { page } = await visit(browser, url);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('Needed').first().waitFor();
      await page.getByLabel('Name').fill('admin');
      await page.getByLabel('Password').fill('wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('the name or the password is not right').waitFor();
      expect(await page.getByLabel('Name').inputValue()).toBe('admin');
      await axe(page);
    });

    it('is asked for again when the session has ended, and leads back', async () => {
      const sources = farm();
      const { page } = await signedIn(sources, 'admin', '#/accounts');
      await page.getByRole('button', { name: 'Change wang' }).waitFor();
      sources.access.sessions.clear();
      await page.getByRole('link', { name: 'Audit' }).click();
      await page.getByText('You are signed out').waitFor();
      await page.locator('.curtain').getByLabel('Name').fill('admin');
      await page.locator('.curtain').getByLabel('Password').fill('right');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Who changed what' }).waitFor();
    });

    it('ends in the middle of a form without losing a word of it, and goes on where it was', async () => {
      const sources = farm();
      const { page } = await signedIn(sources, 'admin', '#/accounts');
      await page.getByRole('button', { name: 'Add an account' }).click();
      const dialog = page.getByRole('dialog').filter({ hasText: 'Add an account' });
      await dialog.getByLabel('Name').fill('王芳');
      sources.access.sessions.clear();
      // Not by a click: the page may have noticed by itself, and covers the button.
      await dialog.getByRole('button', { name: 'Add an account' }).dispatchEvent('click');
      await page.getByText('You are signed out').waitFor();
      await axe(page);
      // As fast as a thumb does: without a pause in which the curtain could come back.
      await Promise.all(Array.from({ length: 5 }, () => page.keyboard.press('Escape')));
      const signIn = page.locator('.curtain');
      await signIn.getByLabel('Name').fill('admin');
      await signIn.getByLabel('Password').fill('right');
      await page.keyboard.press('Enter');
      await signIn.waitFor({ state: 'detached' });
      expect(await dialog.getByLabel('Name').inputValue()).toBe('王芳');
      await dialog.getByRole('button', { name: 'Add an account' }).click();
      await page.getByText('Password of 王芳').waitFor();
    });

    it('shows nothing of whoever went before to another person', async () => {
      const sources = farm();
      const { page } = await signedIn(sources, 'admin', '#/accounts');
      await page.getByRole('button', { name: 'Add an account' }).click();
      sources.access.sessions.clear();
      await page.evaluate("location.hash = '#/audit'");
      await page.getByText('You are signed out').waitFor();
      await page.locator('.curtain').getByLabel('Name').fill('wang');
      await page.locator('.curtain').getByLabel('Password').fill('right');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'Farm', level: 1 }).waitFor();
      expect(await page.getByRole('dialog').count()).toBe(0);
      expect(await page.getByText('Who changed what').count()).toBe(0);
    });

    it('shows only the pages that the role may open', async () => {
      const { page } = await signedIn(farm(), 'wang', '#/accounts');
      await page.getByRole('heading', { name: 'Farm', level: 1 }).waitFor();
      expect(await page.getByRole('link', { name: 'Accounts' }).count()).toBe(0);
    });

    it('stays over a reload, until signing out', async () => {
      const { page, complaints } = await signedIn(farm(), 'wang');
      await page.reload();
      await page.getByRole('link', { name: 'Signed in as wang' }).click();
      await page.getByRole('heading', { name: 'Who you are' }).waitFor();
      await axe(page);
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await page.reload();
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      expect(complaints).toEqual([]);
    });

    it('changes the own password', async () => {
      const sources = farm();
      await sources.access.resetPassword('admin', 'wang', 'right');
      const { page, complaints } = await signedIn(sources, 'wang');
      await page.getByRole('link', { name: 'Change it' }).click();
      await page.getByLabel('Password now').fill('right');
      await page.getByLabel('New password', { exact: true }).fill('four-cows-under-a-bridge');
      await page.getByLabel('New password once more').fill('four-cows');
      await page.getByRole('button', { name: 'Change it' }).click();
      await page.getByText('The two are not the same').first().waitFor();
      await page.getByLabel('New password once more').fill('four-cows-under-a-bridge');
      await page.getByRole('button', { name: 'Change it' }).click();
      await page.getByText('The password is changed').waitFor();
      expect(await page.getByText('set by somebody else').count()).toBe(0);
      expect(sources.access.passwords.get('wang')).toBe('four-cows-under-a-bridge');
      expect(complaints).toEqual([]);
    });
  });

  describe('accounts', () => {
    it('are added, changed, given a new password, disabled and removed', async () => {
      const sources = farm();
      const { page, complaints } = await signedIn(sources, 'admin', '#/accounts');
      await page.getByRole('button', { name: 'Add an account' }).click();
      await page.getByLabel('Name').fill('王芳');
      await page.getByLabel('Role').selectOption('agronomist');
      const sites = page.getByRole('combobox', { name: 'Sites' });
      await sites.click();
      await page.getByRole('option', { name: 'demo-farm' }).click();
      await page.keyboard.type('other');
      await page.keyboard.press('Enter');
      const chosen = page.getByRole('list', { name: 'Sites: chosen' });
      await chosen.getByText('nothing of that name here now').waitFor();
      expect(await chosen.getByRole('listitem').allInnerTexts()).toEqual([
        expect.stringMatching(/^demo-farm\s*×$/),
        expect.stringMatching(/^other\s+nothing/),
      ]);
      await page.keyboard.press('Escape');
      await axe(page);
      await page.getByRole('dialog').getByRole('button', { name: 'Add an account' }).click();
      await page.getByText('Password of 王芳').waitFor();
      expect(await page.locator('.secret-once').innerText()).toBe('made');
      await page.getByRole('button', { name: 'Done' }).click();
      expect(sources.access.accounts().at(-1)).toMatchObject({
        ...{ name: '王芳', role: 'agronomist', sites: ['demo-farm', 'other'], links: [] },
      });
      await page.getByRole('button', { name: 'Change 王芳' }).click();
      await page.getByLabel('All links').check();
      await page.getByLabel('Disabled').check();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('sites: demo-farm, other; links: all').waitFor();
      expect(sources.access.accounts().at(-1)).toMatchObject({ links: 'all', disabled: true });
      await page.getByRole('button', { name: 'New password for wang' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'New password' }).click();
      await page.getByText('Password of wang').waitFor();
      await page.getByRole('button', { name: 'Done' }).click();
      await page.getByRole('button', { name: 'Remove wang' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await page.getByRole('button', { name: 'Remove wang' }).waitFor({ state: 'detached' });
      await axe(page);
      expect(complaints).toEqual([]);
    });

    it('have tokens beside them, shown once', async () => {
      const sources = farm();
      const { page, complaints } = await signedIn(sources, 'admin', '#/accounts');
      await page.getByRole('button', { name: 'Make a token' }).click();
      await page.getByLabel('Name').fill('grafana');
      await page.getByLabel('All sites').check();
      await page.getByRole('dialog').getByRole('button', { name: 'Make a token' }).click();
      await page.getByText('Token grafana:').waitFor();
      const secret = await page.locator('.secret-once').innerText();
      await page.keyboard.press('Escape');
      expect(sources.access.ofToken(secret)?.identity).toMatchObject({
        name: 'grafana',
        sites: 'all',
        links: [],
      });
      await page.getByRole('button', { name: 'Remove grafana' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
      await page.getByText('No token yet').waitFor();
      expect(complaints).toEqual([]);
    });

    it('say in Chinese what they say in English', async () => {
      const { page } = await signedIn(farm(), 'admin', '#/accounts', 'zh-CN');
      await page.getByRole('heading', { name: '程序令牌' }).waitFor();
      await page.getByRole('link', { name: '审计' }).click();
      await page.getByRole('heading', { name: '操作记录' }).waitFor();
      await axe(page);
    });
  });

  describe('the audit trail', () => {
    it('is listed, found in, and says when it is not whole', async () => {
      const sources = farm();
      for (let i = 0; i < 60; i++)
        sources.audit.record({
          who: i % 2 ? 'wang' : 'li',
          action: 'command.submitted',
          subject: `c${i}`,
          after: { value: true },
        });
      const { page, complaints } = await signedIn(sources, 'admin', '#/audit');
      await page.getByText('Whole: all 60 entries').waitFor();
      await eventually(async () => (await page.locator('tbody tr').count()) === 50);
      await page.getByRole('button', { name: 'Older' }).click();
      await page.getByText('c0', { exact: true }).waitFor();
      await page.getByLabel('Who').fill('wang');
      await page.getByRole('button', { name: 'Find' }).click();
      await page.getByText('c59', { exact: true }).waitFor();
      await eventually(async () => (await page.locator('tbody tr').count()) === 30);
      await page.locator('tbody summary').first().click();
      await page.getByText('"value": true').first().waitFor();
      await axe(page);
      sources.audit.checked = { entries: 59, isWhole: false, brokenAt: 17, head: { n: 60, hash: 'x' } };
      await page.getByRole('button', { name: 'Check again' }).click();
      await page.getByText('entry 17 is missing').waitFor();
      await axe(page);
      expect(complaints).toEqual([]);
    });
  });
});
