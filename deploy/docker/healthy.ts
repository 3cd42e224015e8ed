import { existsSync, readFileSync } from 'node:fs';
import type { AliveNote } from '../../core/alive-file.ts';
import { reasonOf } from '../../core/errors.ts';

/** Three writes of the file may be late. */
const OLDEST_MS = 20_000;
const TIMEOUT_MS = 5_000;

/**
 * The health check of a container: `healthy.ts FILE` looks at what `--alive FILE` of a service writes, `healthy.ts http://…` asks
 * for a page. Exit status 0, or 1 with the reason, which `docker inspect` shows. With `--hung-only` a service that lives is well, whatever
 * it lacks, and so is one that has not written yet: to start it again would mend neither.
 */
async function problemOf(target: string, isHungOnly: boolean): Promise<string> {
  if (/^https?:/.test(target)) {
    const { status } = await fetch(target, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return status < 500 ? '' : `${target} answers ${status}`;
  }
  if (isHungOnly && !existsSync(target)) return '';
  const { timeMs, notUp } = JSON.parse(readFileSync(target, 'utf8')) as AliveNote;
  const ageMs = Date.now() - timeMs;
  if (ageMs > OLDEST_MS) return `no sign of life for ${Math.round(ageMs / 1_000)} s`;
  return isHungOnly ? '' : notUp.join('\n');
}

const parameters = process.argv.slice(2);
const isHungOnly = parameters.includes('--hung-only');
const target = parameters.find((one) => one !== '--hung-only') ?? '';
const problem = await problemOf(target, isHungOnly).catch(reasonOf);
if (problem !== '') {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
