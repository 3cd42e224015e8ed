import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../../../core/testing/temporary-folder.ts';
import { signingKey } from '../signing-key.ts';
import { statedMonth } from '../testing/stated-month.ts';
import { putVerifier } from './build-verifier.ts';

/** The runtime of ours, and that of the machine where it has one of its own: other parties have whatever they have. */
const NODES = [process.execPath, '/usr/bin/node'].filter(
  (file) =>
    existsSync(file) && /^v(2\d|[3-9]\d)/.test(execFileSync(file, ['--version'], { encoding: 'utf8' })),
);

test.each(NODES)(
  'the one file checks a statement in a folder that has nothing else, with %s',
  async (node) => {
    const folder = temporaryFolder();
    const key = signingKey(temporaryFolder());
    const text = await statedMonth(key);
    await putVerifier(join(folder, 'verify-statement.mjs'));
    writeFileSync(join(folder, 'whole.json'), text);
    writeFileSync(join(folder, 'altered.json'), text.replace('wang.li', 'wang.ii'));
    const run = (...args: string[]) => {
      const env = { LANG: 'C', NODE_PATH: '' };
      const { status, stdout, stderr } = spawnSync(node, ['verify-statement.mjs', ...args], {
        cwd: folder,
        env,
        encoding: 'utf8',
      });
      return { status, said: stdout + stderr };
    };
    expect(readdirSync(folder).sort()).toEqual(['altered.json', 'verify-statement.mjs', 'whole.json']);
    const pinned = run('whole.json', '--key', key.fingerprint);
    expect(pinned).toMatchObject({
      status: 0,
      said: expect.stringMatching(/✓ it is the key[\s\S]*✓ whole\.json: all \d+ figures/),
    });
    expect(run('whole.json')).toMatchObject({ status: 0, said: expect.stringContaining('and NOT by whom') });
    const altered = run('altered.json', '--key', key.fingerprint);
    expect(altered).toMatchObject({
      status: 1,
      said: expect.stringContaining('altered after it was signed'),
    });
    expect(run('whole.json', '--key', '0'.repeat(64))).toMatchObject({ status: 1 });
    expect(run('whole.json', '--key', 'none.pem')).toMatchObject({ status: 2 });
    expect(run('nothing.json')).toMatchObject({ status: 2, said: expect.stringContaining('nothing.json') });
  },
);
