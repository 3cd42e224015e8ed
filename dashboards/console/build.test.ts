import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildConsole } from './build.ts';

const DIST = fileURLToPath(new URL('dist', import.meta.url));
const FIRST_LOAD_BUDGET_BYTES = 200_000;

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

  it('keeps its first load within the budget, even by gzip', () => {
    const sizes = globSync('**/*.gz', { cwd: DIST }).map((file) => statSync(join(DIST, file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(FIRST_LOAD_BUDGET_BYTES);
  });

  it('names no other place, and has no inline script or style', () => {
    const page = readFileSync(join(DIST, 'index.html'), 'utf8');
    expect(page).not.toMatch(/https?:|<style|style=|<script(?![^>]*\bsrc=)/);
  });
});
