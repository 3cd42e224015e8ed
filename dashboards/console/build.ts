import { spawn } from 'node:child_process';
import {
  existsSync,
  globSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const DIST = join(FOLDER, 'dist');
/** Its time is when the build began: a source that was saved during it is newer. */
const STAMP = '.built';
/** What the page is made of; core is where the shared types and names come from. */
const SOURCES = [
  'index.html',
  'build.ts',
  'vite.config.ts',
  'src/**/*',
  'public/**/*',
  '../../core/**/*.ts',
  '../grafana/dashboards/*/*.json',
  '../../package-lock.json',
];

/**
 * Builds the console into dist/ where its sources are newer than it, with a .br and a .gz beside each file. Never
 * throws: an install or a start must not fail because the page could not be built, but one line says so.
 */
export async function buildConsole(): Promise<void> {
  if (isBuilt()) return;
  // Built aside and put in place whole, because a server may be serving dist/ and others may be building it too.
  const aside = join(FOLDER, '../../node_modules', `.console-${process.pid}`);
  try {
    const { build } = await import('vite');
    const startedMs = Date.now();
    await build({ configFile: join(FOLDER, 'vite.config.ts'), build: { outDir: aside } });
    for (const file of globSync('**/*.{html,js,css,svg}', { cwd: aside })) compress(join(aside, file));
    writeFileSync(join(aside, STAMP), '');
    utimesSync(join(aside, STAMP), startedMs / 1000, startedMs / 1000);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(aside, DIST);
  } catch (error) {
    if (!isBuilt()) process.stderr.write(`Sluice: the console was not built: ${reasonOf(error)}\n`);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

/** The same in a process of its own: the bundler takes 130 MB, which one that goes on running would never give back. */
export async function buildConsoleApart(): Promise<void> {
  if (isBuilt()) return;
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url)], { stdio: 'inherit' });
  await new Promise<void>((resolve) => child.once('error', () => resolve()).once('close', () => resolve()));
}

function isBuilt(): boolean {
  const stamp = join(DIST, STAMP);
  if (!existsSync(stamp)) return false;
  const builtMs = statSync(stamp).mtimeMs;
  const sources = globSync(SOURCES, { cwd: FOLDER, exclude: (path) => path.endsWith('.test.ts') });
  return sources.every((file) => statSync(join(FOLDER, file)).mtimeMs <= builtMs);
}

function compress(file: string): void {
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}

function reasonOf(error: unknown): string {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
  return isMissing ? 'vite is not installed; npm ci without --omit=dev brings it' : String(error);
}

if (import.meta.main) await buildConsole();
