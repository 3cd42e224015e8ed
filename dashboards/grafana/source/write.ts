import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles } from './files.ts';

/** Writes what is made from the sources, and removes dashboards that are made no longer. */
const root = join(import.meta.dirname, '..');
const files = generatedFiles();
for (const [path, text] of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
for (const name of readdirSync(join(root, 'dashboards'), { recursive: true, encoding: 'utf8' })) {
  const path = `dashboards/${name}`;
  if (name.endsWith('.json') && !files.has(path)) rmSync(join(root, path));
}
