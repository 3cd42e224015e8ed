import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';

/**
 * Its standard input is a pipe of ours, which ends with us, however we end. `cat` notices, and takes the whole group along.
 */
const TETHER = '"$@" </dev/null & cat >/dev/null; kill -KILL 0';

/**
 * A foreign program that does not outlive this process, not even one that is killed with -9. It is the leader of a process
 * group with all that it starts: `process.kill(-child.pid)` ends it.
 */
export function spawnTethered(
  program: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'env' | 'cwd'> = {},
): ChildProcess {
  const words = ['-c', TETHER, 'sh', program, ...args];
  return spawn('sh', words, { ...options, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
}
