import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Each says how it is used and ends by itself; between them they load nearly all that a test starts as a process. */
const PROGRAMS = ['deploy/start.ts', 'gateway/main.ts'];

/** For `NODE_COMPILE_CACHE`. Node keys what lies there by its own version and by the text of each file. */
export const COMPILE_CACHE = join(ROOT, 'node_modules/.cache/node-compile');

/**
 * Half of what a process of ours costs to start is that Node reads its 1 000 modules: strips their types and compiles them. With a
 * compile cache it does that once for the whole suite. A process that is killed writes nothing there, so these do it first.
 */
export default async function warmCompileCache(): Promise<void> {
  const folder = process.env.NODE_COMPILE_CACHE;
  if (!folder || existsSync(folder)) return;
  await Promise.all(
    PROGRAMS.map(async (program) => {
      const child = spawn(process.execPath, [program, '--help'], { cwd: ROOT, stdio: 'ignore' });
      await new Promise<void>((resolve) =>
        child.once('error', () => resolve()).once('close', () => resolve()),
      );
    }),
  );
}
