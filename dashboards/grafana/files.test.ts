import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { generatedFiles } from './source/files.ts';

it('keeps the files as their sources have them; if not: npm run dashboards', () => {
  const files = generatedFiles();
  for (const [path, text] of files) expect(readFileSync(join(import.meta.dirname, path), 'utf8')).toBe(text);
  const folder = join(import.meta.dirname, 'dashboards');
  const kept = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.json'),
  );
  const made = [...files.keys()].filter((path) => path.startsWith('dashboards/'));
  expect(kept.map((name) => `dashboards/${name}`).sort()).toEqual(made.sort());
});
