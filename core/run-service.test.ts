import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const PROGRAM = `
  import { Type } from 'typebox';
  import { runService } from './core/run-service.ts';
  await runService({ name: 'pump', schema: Type.Object({}), create: () => [] });
`;

function run(args: readonly string[], locale: Record<string, string>) {
  return spawnSync(process.execPath, ['--input-type=module-typescript', '--eval', PROGRAM, '--', ...args], {
    cwd: new URL('..', import.meta.url).pathname,
    env: { PATH: process.env.PATH, ...locale },
    encoding: 'utf8',
  });
}

it.each([
  [{ LANG: 'C.UTF-8' }, 'pump: cannot read the configuration nowhere.yaml'],
  [{ LANG: 'zh_CN.UTF-8' }, 'pump: 无法读取配置文件 nowhere.yaml'],
  [{ LANG: 'zh_CN.UTF-8', LC_ALL: 'en_GB.UTF-8' }, 'pump: cannot read the configuration nowhere.yaml'],
])(
  'tells what ends it in the language of the terminal, and that settings have to be changed (%o)',
  (locale, told) => {
    const { stderr, status } = run(['--config', 'nowhere.yaml'], locale);
    expect(stderr).toContain(told);
    expect(status).toBe(78);
  },
);
