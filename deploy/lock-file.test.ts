import { spawnSync } from 'node:child_process';
import { copyFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';

// Node-RED brings npm 10, which also comes with Node 20 and 22. Where a peer does not fit, optional ones included, its
// `npm ci` refuses the whole lock file; npm 11 lets it pass, so nobody who has 11 would notice.
const npm10 = join(dirname(createRequire(import.meta.url).resolve('npm/package.json')), 'bin/npm-cli.js');

test('the lock file holds together for npm 10 too', () => {
  const folder = temporaryFolder();
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) copyFileSync(file, join(folder, file));
  const list = ['ls', '--all', '--package-lock-only', '--offline', '--cache', join(folder, 'cache')];
  const { stdout } = spawnSync(process.execPath, [npm10, ...list], { cwd: folder, encoding: 'utf8' });
  expect(stdout).toContain('typescript@');
  expect(stdout.split('\n').filter((line) => / (invalid|extraneous)\b/.test(line))).toEqual([]);
});
