import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, sep } from 'node:path';
import { expect, test } from 'vitest';

/** The four services meet only on the wire; core knows none of them; the console knows only core. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  'firmware-sim': ['core'],
  gateway: ['core'],
  broker: ['core'],
  ingest: ['core'],
  dashboards: ['core'],
  deploy: ['core', 'firmware-sim', 'gateway', 'broker', 'ingest', 'dashboards'],
};

const folders = Object.keys(MAY_IMPORT);
const sources = globSync(`{${folders.join(',')}}/**/*.{ts,tsx}`, {
  exclude: (path) => path.includes('node_modules') || path.includes(`${sep}dist${sep}`),
});

test('imports run one way: core ← services ← deploy', () => {
  const wrong: string[] = [];
  for (const file of sources) {
    const from = file.split(sep)[0]!;
    for (const [, target] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)) {
      const to = normalize(join(dirname(file), target!)).split(sep)[0]!;
      if (to !== from && !MAY_IMPORT[from]!.includes(to)) wrong.push(`${file} imports ${target}`);
    }
  }
  expect(sources.length).toBeGreaterThan(50);
  expect(wrong).toEqual([]);
});
