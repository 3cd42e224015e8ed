import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

const GUIDES = globSync('docs/guides/*.md').filter((file) => !file.endsWith('.zh-CN.md'));
const WORDS = globSync('dashboards/console/src/{pages/*,components}/words.ts');
/** What stands in the console as a figure. */
const FIGURE = '10';

/** What the console says, in English and in Chinese. */
type Pair = readonly [string, string];

function pairs(en: unknown, zh: unknown): Pair[] {
  if (typeof en === 'string' && typeof zh === 'string') return [[en, zh]];
  if (typeof en === 'function' && typeof zh === 'function') {
    const figures = Array(en.length).fill(FIGURE);
    return [[String(en(...figures)), String(zh(...figures))]];
  }
  if (typeof en !== 'object' || en === null) return [];
  const other = zh as Record<string, unknown>;
  return Object.entries(en).flatMap(([name, value]) => pairs(value, other[name]));
}

/** By name and not by an `import` of ours: pages are of another TypeScript project. */
const exportsOf = async (file: string): Promise<readonly unknown[]> =>
  Object.values(await import(resolve(file)));

async function saidByTheConsole(): Promise<readonly Pair[]> {
  const said: Pair[] = [];
  for (const file of [...WORDS, 'dashboards/console/src/pages.ts']) {
    for (const one of (await exportsOf(file)).flat() as { en: unknown; zh: unknown; title: Pair }[]) {
      const { en, zh } = (one.title ?? one) as unknown as { en: unknown; zh: unknown };
      said.push(...pairs(en, zh));
    }
  }
  const [[en], [zh]] = [
    await exportsOf('dashboards/console/src/i18n/en.ts'),
    await exportsOf('dashboards/console/src/i18n/zh.ts'),
  ];
  return [...said, ...pairs(en, zh)];
}

const labels = (text: string, mark: RegExp) => [...text.matchAll(mark)].map(([, label]) => label!);

test.each(GUIDES)('%s and its Chinese twin call everything what the console calls it', async (file) => {
  const said = await saidByTheConsole();
  const en = labels(readFileSync(file, 'utf8'), /(?<!\*)\*([^*\n]+)\*(?!\*)/g);
  const zh = labels(readFileSync(file.replace('.md', '.zh-CN.md'), 'utf8'), /“([^”]+)”/g);
  expect(en.length).toBeGreaterThan(5);
  const found = (label: string, side: 0 | 1, among: readonly string[]) =>
    said.some((pair) => pair[side] === label && among.includes(pair[1 - side]!));
  expect({
    en: en.filter((label) => !found(label, 0, zh)),
    zh: zh.filter((label) => !found(label, 1, en)),
  }).toEqual({ en: [], zh: [] });
});
