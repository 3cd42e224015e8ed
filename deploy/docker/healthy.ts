import { readFileSync } from 'node:fs';
import type { AliveNote } from '../../core/alive-file.ts';
import { reasonOf } from '../../core/errors.ts';

/** Three writes of the file may be late. */
const OLDEST_MS = 20_000;
const TIMEOUT_MS = 5_000;

/**
 * The health check of a container: `healthy.ts FILE` looks at what `--alive FILE` of a service writes, `healthy.ts http://…` asks
 * for a page. Exit status 0, or 1 with the reason, which `docker inspect` shows.
 */
async function problemOf(target: string): Promise<string> {
  if (/^https?:/.test(target)) {
    const { status } = await fetch(target, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return status < 500 ? '' : `${target} answers ${status}`;
  }
  const { timeMs, notUp } = JSON.parse(readFileSync(target, 'utf8')) as AliveNote;
  const ageMs = Date.now() - timeMs;
  return ageMs > OLDEST_MS ? `no sign of life for ${Math.round(ageMs / 1_000)} s` : notUp.join('\n');
}

const problem = await problemOf(process.argv[2] ?? '').catch(reasonOf);
if (problem !== '') {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
