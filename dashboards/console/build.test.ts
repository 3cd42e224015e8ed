import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from './build.ts';

const DIST = fileURLToPath(new URL('dist', import.meta.url));
const FIRST_LOAD_BUDGET_BYTES = 200_000;
/** With all pages and all dashboards in both languages, which nobody fetches in one go. */
const TOTAL_BUDGET_BYTES = 400_000;
const CHUNK_BUDGET_BYTES = 45_000;

/** Entry, its styles, the page of that name, and what they import; styles of a page lie in chunks of the same names. */
function firstLoad(page: string): string[] {
  const found = new Set<string>();
  const add = (file: string) => {
    if (found.has(file) || !existsSync(join(DIST, file))) return;
    found.add(file);
    const text = readFileSync(join(DIST, file), 'utf8');
    if (!file.endsWith('.js')) return;
    for (const [, other] of text.matchAll(/(?:from|import)\s*"\.\/([\w.-]+\.js)"/g)) add(`assets/${other}`);
  };
  const html = readFileSync(join(DIST, 'index.html'), 'utf8');
  for (const [, file] of html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)) add(file!);
  for (const file of globSync(`assets/${page}-*.{js,css}`, { cwd: DIST })) add(file);
  const names = [...found].map((file) => file.replace(/-[\w-]{8}\.js$/, ''));
  for (const file of globSync('assets/*.css', { cwd: DIST })) {
    if (names.some((name) => file.replace(/-[\w-]{8}\.css$/, '') === name)) add(file);
  }
  return [...found];
}

function gzippedBytes(files: readonly string[]): number {
  return files.reduce((sum, file) => sum + statSync(join(DIST, `${file}.gz`)).size, 0);
}

describe('the built console', () => {
  beforeAll(async () => {
    await buildConsole();
  });

  it('is built only when something has changed', async () => {
    const builtMs = statSync(DIST).ctimeMs;
    await buildConsole();
    expect(statSync(DIST).ctimeMs).toBe(builtMs);
  });

  it('has everything compressed beside it', () => {
    const files = globSync('**/*.{html,js,css,svg}', { cwd: DIST });
    expect(files.length).toBeGreaterThanOrEqual(4);
    for (const file of files) {
      const bytes = readFileSync(join(DIST, file));
      expect(brotliDecompressSync(readFileSync(join(DIST, `${file}.br`))).equals(bytes)).toBe(true);
      expect(gunzipSync(readFileSync(join(DIST, `${file}.gz`))).equals(bytes)).toBe(true);
    }
  });

  it('keeps what is fetched until the first page can be used within the budget, even by gzip', () => {
    const first = ['index.html', ...firstLoad('farm')];
    expect(first.length).toBeGreaterThanOrEqual(5);
    expect(gzippedBytes(first)).toBeLessThan(FIRST_LOAD_BUDGET_BYTES);
  });

  it('names all of that in the page itself, so that a slow link waits once, and in few files', () => {
    const html = readFileSync(join(DIST, 'index.html'), 'utf8');
    const first = firstLoad('farm');
    expect(first.filter((file) => !html.includes(file))).toEqual([]);
    expect(first.length).toBeLessThanOrEqual(9);
    expect(first.some((file) => file.includes('uPlot'))).toBe(false);
  });

  it('stays small with all of its pages, and each of them too', () => {
    const scripts = globSync('assets/*.{js,css}', { cwd: DIST });
    expect(gzippedBytes(scripts)).toBeLessThan(TOTAL_BUDGET_BYTES);
    for (const script of scripts)
      expect([script, gzippedBytes([script]) < CHUNK_BUDGET_BYTES]).toEqual([script, true]);
  });

  it('names no other place, and has no inline script or style', () => {
    const page = readFileSync(join(DIST, 'index.html'), 'utf8');
    expect(page).not.toMatch(/https?:|<style|style=|<script(?![^>]*\bsrc=)/);
  });
});
