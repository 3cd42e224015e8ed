import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Role } from '../../core/access.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { Program } from '../../core/testing/program.ts';
import { axe, launchBrowser, PHONE, visit } from './browser.ts';
import { copyOfBackbone } from './copy-of-backbone.ts';
import { demoSettings, writeSettings } from './farm.ts';

/** A folder: then a picture of each page is left there, in both languages, light and dark, on a desk and on a phone. */
const PICTURES = process.env.SLUICE_ROLE_PICTURES;
const IN_CHINESE = { locale: 'zh-CN', viewport: PHONE } as const;
/** Loses so much that little evidence is enough. */
const OFTEN_LOST = 'share: 0.3';
const WITHIN = { withinMs: 60_000 };

interface Place {
  readonly program: Program;
  readonly url: string;
  readonly password: string;
}

let browser: Browser;
let farm: Place;
let backbone: Place;
const folders: string[] = [];
const people = new Map<Role, { readonly name: string; readonly password: string }>();

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-roles-'));
  folders.push(made);
  return made;
}

async function started(file: string, data: string): Promise<Place> {
  const program = new Program('deploy/start.ts', ['--config', file, '--data', data]);
  const [, password] = await program.prints(/admin, password (\S+)/);
  const [, url] = await program.prints(/(http:\/\/\S+)\/\s/);
  return { program, url: url!, password: password! };
}

async function startFarm(): Promise<Place> {
  const { settings } = await demoSettings(folder());
  settings.ingest.http.signIn = 'required';
  // Nothing opens but what is asked for.
  const [{ devices }] = settings.simulator.buses;
  delete devices.find(({ kind }: { kind: string }) => kind === 'valve-controller-8').programme;
  const place = folder();
  return started(writeSettings(settings, place), join(place, 'data'));
}

async function startBackbone(): Promise<Place> {
  const place = folder();
  await copyOfBackbone(place, 'required', (text) => text.replace('share: 0.02', OFTEN_LOST));
  return started(join(place, 'backbone.yaml'), join(place, 'data'));
}

/** Opens an address that only somebody signed in may see, and signs in by keyboard. */
async function signIn(
  url: string,
  hash: string,
  { name, password }: { readonly name: string; readonly password: string },
  options: BrowserContextOptions = {},
) {
  const { page, complaints } = await visit(browser, `${url}/${hash}`, options);
  await page.locator('.sign-in input').first().waitFor();
  await eventually(() => page.evaluate("document.activeElement.autocomplete === 'username'"));
  await page.keyboard.type(name);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await page.locator('nav.pages').waitFor();
  return { page, complaints };
}

/** Presses Tab until `goal` has the focus. */
async function reach(page: Page, goal: Locator): Promise<void> {
  await goal.waitFor();
  const isThere = new Function('one', 'return one === document.activeElement') as () => boolean;
  for (let presses = 0; presses < 80; presses++) {
    if (await goal.evaluate(isThere)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${goal} cannot be reached by Tab`);
}

const seen = async (part: Locator) => (await part.allInnerTexts()).join().replaceAll('\u00a0', ' ');

async function addAccount(
  page: Page,
  role: Role,
  field: 'Sites' | 'Links',
  reachOf: readonly string[],
): Promise<void> {
  const name = `${role}-${people.size}`;
  await page.getByRole('button', { name: 'Add an account' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill(name);
  await dialog.getByLabel('Role').selectOption(role);
  await dialog.getByRole('combobox', { name: field }).click();
  for (const id of reachOf) {
    await page.keyboard.type(id);
    await page.keyboard.press('Enter');
    await dialog
      .getByRole('list', { name: `${field}: chosen` })
      .getByText(id)
      .first()
      .waitFor();
  }
  await page.keyboard.press('Escape');
  await dialog.getByRole('button', { name: 'Add an account' }).click();
  await page.getByText(`Password of ${name}`).waitFor();
  people.set(role, { name, password: await page.locator('.secret-once').innerText() });
  await page.getByRole('button', { name: 'Done' }).click();
}

/** What a Chinese page may say in Latin letters: names of things, of formats, and of whoever is signed in. */
const NAMES =
  /^(?:English|[Ss]luice|NB-IoT|JSON|HTML|page-.*|admin|demo-farm|backbone|pump-house|north|south|valves|weather|tank|main|field-bus|soil-north|soil-south|flow-main|GeoJSON|QGIS|MQTT|Grafana|Node\.js|ingest|SenML|InfluxDB|Webhook|mqtt|json|csv|html|STAMP|command|\S+\.\S+|\S+_\S+|\S+-\d+)$/;
/** Ids and hashes: what letters they have is chance. */
const HEX = /\bpage-[\w-]+|\b(?=[\da-f-]*\d)[\da-f]{4,}(?:-[\da-f]{4,})*/g;
const LATIN = /[A-Za-z][A-Za-z._-]*[A-Za-z](?:-\d+)?/g;
const SAID = `(() => {
  const own = 'code, pre, [lang=en], .soft, .audit-head, table.data th[scope=row], .source';
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const said = [];
  while (walker.nextNode()) {
    const { parentElement: parent, data } = walker.currentNode;
    if (parent.checkVisibility() && !parent.closest(own)) said.push(data);
  }
  for (const name of ['aria-label', 'title', 'placeholder'])
    for (const one of document.querySelectorAll('[' + name + ']')) said.push(one.getAttribute(name));
  return said;
})()`;

async function latinWords(page: Page): Promise<string[]> {
  const said = (await page.evaluate(SAID)) as string[];
  const words = said.flatMap((one) => one.replace(HEX, ' ').match(LATIN) ?? []);
  return [...new Set(words)].filter((one) => one.length > 3 && !NAMES.test(one));
}

/** Looks a page over as somebody with either language, in the light and in the dark. */
async function look(page: Page, hash: string): Promise<string[]> {
  const foreign: string[] = [];
  await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  for (const language of ['en', 'zh-Hans']) {
    if ((await page.evaluate('document.documentElement.lang')) !== language)
      await page.locator('button.language').click();
    await page.locator('main:not([aria-busy])').waitFor();
    await eventually(async () => (await page.locator('main [aria-busy=true]:visible').count()) === 0, WITHIN);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await axe(page);
      if (PICTURES) await pictures(page, `${hash.slice(2).replaceAll('/', '-')}-${language}-${colorScheme}`);
    }
    if (language === 'zh-Hans') foreign.push(...(await latinWords(page)).map((word) => `${hash}: ${word}`));
  }
  await page.locator('button.language').click();
  return foreign;
}

async function pictures(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES!, { recursive: true });
  const before = page.viewportSize()!;
  for (const [kind, size] of [['desk', before] as const, ['phone', PHONE] as const]) {
    await page.setViewportSize(size);
    await page.screenshot({ path: join(PICTURES!, `${name}-${kind}.png`), fullPage: true });
  }
  await page.setViewportSize(before);
}

async function isNarrow(page: Page): Promise<void> {
  expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
}

// One after another: the administrator lets the others in.
describeWith('chromium')('from sign-in to result, on real processes', () => {
  beforeAll(async () => {
    [browser, farm, backbone] = await Promise.all([launchBrowser(), startFarm(), startBackbone()]);
  });

  afterAll(async () => {
    await browser?.close();
    await Promise.all([farm, backbone].map((place) => place?.program.signal('SIGKILL')));
    for (const one of folders) rmSync(one, { recursive: true, force: true });
  });

  it('an administrator comes in with the printed password and lets the others in', async () => {
    const me = { name: 'admin', password: farm.password };
    const { page, complaints } = await signIn(farm.url, '#/accounts', me);
    await page.getByText('Your password was set by somebody else').waitFor();
    for (const role of ['operator', 'agronomist', 'viewer'] as const)
      await addAccount(page, role, 'Sites', ['demo-farm']);
    await page.getByText('sites: demo-farm; links: none').first().waitFor();
    const other = await signIn(backbone.url, '#/accounts', { name: 'admin', password: backbone.password });
    await addAccount(other.page, 'carrier', 'Links', ['cq1_sh1', 'cq2_sh1']);
    expect([...complaints, ...other.complaints]).toEqual([]);
  });

  it('an operator opens a valve on a phone, by keyboard, sees the water answer, and closes it', async () => {
    const { page, complaints } = await signIn(farm.url, '', people.get('operator')!, IN_CHINESE);
    const south = page.locator('[data-place="south"]');
    await page.locator('.well', { hasText: '全部设备上报正常' }).waitFor({ timeout: 60_000 });
    await reach(page, south.getByRole('button', { name: '打开阀门 v2 5 分钟' }));
    await page.keyboard.press('Enter');
    await reach(page, page.getByRole('dialog').getByRole('button', { name: '打开 5 分钟' }));
    await page.keyboard.press('Enter');
    const outcome = south.locator('.valve-outcome');
    await eventually(async () => /已执行[\s\S]*\d 秒后流量 \d+\.\d L\/min/.test(await seen(outcome)), WITHIN);
    await eventually(async () => /[45] 分钟后自动关闭/.test(await seen(south)), WITHIN);
    await axe(page);
    await isNarrow(page);
    await south.getByRole('button', { name: '关闭阀门 v2' }).click();
    await page.getByRole('dialog').getByRole('button', { name: '立即关闭' }).click();
    await eventually(async () => (await seen(south.locator('.pill'))) === '关闭', WITHIN);
    expect(complaints).toEqual([]);
  });

  it('an agronomist sees what a bound would have done, sets it, and silences its event with a reason', async () => {
    const { page, complaints } = await signIn(farm.url, '#/thresholds/new', people.get('agronomist')!);
    const trial = page.getByRole('region', { name: 'What it would have done' });
    await page.getByRole('textbox', { name: 'Raise below' }).fill('90');
    await page.getByRole('textbox', { name: 'Well again from' }).fill('95');
    await page.getByRole('textbox', { name: 'How long it must have been wrong' }).fill('0');
    await eventually(async () => /Over the last 30 days it would/.test(await seen(trial)), WITHIN);
    await axe(page);
    await page.getByRole('textbox', { name: 'Why?' }).fill('试一次');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Threshold saved.').waitFor();
    await page.getByRole('link', { name: /^Alerts/ }).click();
    await page.getByRole('button', { name: /^Silence: / }).first().click({ timeout: 60_000 }); // biome-ignore format: one deed
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('传感器移位');
    await dialog.getByRole('button', { name: 'Silence' }).click();
    await page.getByText(/Silenced by .*: 传感器移位/).first().waitFor(); // biome-ignore format: one deed
    await page.goBack();
    await page.getByText('Thresholds: 1').waitFor();
    await page.reload();
    await page.getByText('Thresholds: 1').waitFor();
    expect(complaints).toEqual([]);
  });

  it('a viewer may look and change nothing, on the page and at the API', async () => {
    const { page, complaints } = await signIn(farm.url, '#/audit', people.get('viewer')!);
    await page.locator('[data-place="south"]').waitFor();
    expect(await page.getByRole('button', { name: /^(Open|Close|Keep)/ }).count()).toBe(0);
    expect(await seen(page.locator('nav.pages'))).not.toMatch(/Accounts|Audit/);
    for (const hash of ['#/alerts', '#/thresholds', '#/farm/zones', '#/devices']) {
      await page.evaluate(`location.hash = '${hash}'`);
      await page.locator('main:not([aria-busy])').waitFor();
      await eventually(async () => (await page.locator('main').innerText()).length > 20, WITHIN);
      const deeds = /^(Acknowledge|Silence|New|Change|Delete|Remove|Add|Save|Import|Try again)/;
      expect(await page.locator('main').getByRole('button', { name: deeds }).count(), hash).toBe(0);
    }
    const asked = { headers: { origin: farm.url }, data: {} };
    const paths = ['commands', 'thresholds', 'zones', 'silences', 'contacts', 'maintenance', 'accounts'];
    for (const path of paths) {
      const answer = await page.request.post(`${farm.url}/api/v1/${path}`, asked);
      expect([path, answer.status()]).toEqual([path, 403]);
    }
    for (const path of ['audit', 'accounts', 'tokens'])
      expect((await page.request.get(`${farm.url}/api/v1/${path}`)).status(), path).toBe(403);
    expect(complaints).toEqual([]);
  });

  it('a carrier finds the link in breach, why, and hands over a statement that the command verifies', async () => {
    const { page, complaints } = await signIn(backbone.url, '', people.get('carrier')!);
    const cell = page.locator('.cell[data-link="cq1_sh1"]');
    await eventually(async () => (await cell.getAttribute('data-verdict')) === 'breach', {
      withinMs: 90_000,
    });
    expect(await page.locator('a.cell').count()).toBe(2);
    await reach(page, cell);
    await page.keyboard.press('Enter');
    const evidence = page.locator('.evidence');
    await eventually(async () => /Loss.*not met[\s\S]*between \d.* %/.test(await seen(evidence)), WITHIN);
    await axe(page);
    const part = page.getByRole('region', { name: 'Monthly statement' });
    await part.getByLabel('Month').selectOption({ index: 0 });
    const file = join(folder(), 'statement.json');
    const coming = page.waitForEvent('download');
    await part.getByRole('link', { name: 'Download JSON' }).click();
    await (await coming).saveAs(file);
    const verified = spawnSync(process.execPath, ['ingest/sla/main.ts', 'verify', file], {
      encoding: 'utf8',
    });
    expect(verified.status, verified.stdout + verified.stderr).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('the trail tells the administrator who did what', async () => {
    const me = { name: 'admin', password: farm.password };
    const { page, complaints } = await signIn(farm.url, '#/audit', me, IN_CHINESE);
    await page.getByText(/^完整：全部 \d+ 条/).waitFor();
    await page.locator('table.data tbody tr').first().waitFor();
    const trail = await seen(page.locator('table.data'));
    for (const [role, deed] of [
      ['operator', '命令: 下发'],
      ['agronomist', '阈值: 新增'],
      ['agronomist', '静默: 设定'],
    ] as const)
      expect(trail).toMatch(new RegExp(`${people.get(role)!.name}[\\s\\S]{0,40}${deed}`));
    await isNarrow(page);
    expect(complaints).toEqual([]);
  });

  it('every page is fit for all, in both languages, light and dark', async () => {
    const me = { name: 'admin', password: farm.password };
    const { page, complaints } = await signIn(farm.url, '', me);
    const foreign: string[] = [];
    const hashes = ['farm', 'farm/zones', 'alerts', 'thresholds', 'thresholds/new'];
    for (const hash of [...hashes, 'dashboards', 'devices', 'health', 'accounts', 'audit', 'account'])
      foreign.push(...(await look(page, `#/${hash}`)));
    const other = await signIn(backbone.url, '', { name: 'admin', password: backbone.password });
    for (const hash of ['links', 'links/cq1_sh1']) foreign.push(...(await look(other.page, `#/${hash}`)));
    expect(foreign).toEqual([]);
    expect([...complaints, ...other.complaints]).toEqual([]);
  });
});
