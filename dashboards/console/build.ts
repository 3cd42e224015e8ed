import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const DIST = join(FOLDER, 'dist');
/** Written last, so that a build that was cut short counts as no build. */
const STAMP = join(DIST, '.built');
/** What the page is made of; core is where the shared types and names come from. */
const SOURCES = [
  'index.html',
  'build.ts',
  'vite.config.ts',
  'src/**/*',
  'public/**/*',
  '../../core/*.ts',
  '../../package-lock.json',
];

/**
 * Builds the console into dist/ when its sources are newer than it, with a .br and a .gz beside each file. Throws
 * what Vite throws; resolves to false where nothing had to be done.
 */
export async function buildConsole(): Promise<boolean> {
  if (isBuilt()) return false;
  const { build } = await import('vite');
  await build({ configFile: join(FOLDER, 'vite.config.ts') });
  for (const file of globSync('**/*.{html,js,css,svg}', { cwd: DIST })) compress(join(DIST, file));
  writeFileSync(STAMP, '');
  return true;
}

function isBuilt(): boolean {
  if (!existsSync(STAMP)) return false;
  const builtMs = statSync(STAMP).mtimeMs;
  const sources = globSync(SOURCES, { cwd: FOLDER, exclude: (path) => path.endsWith('.test.ts') });
  return sources.every((file) => statSync(join(FOLDER, file)).mtimeMs <= builtMs);
}

function compress(file: string): void {
  const bytes = readFileSync(file);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}

/** As npm's `prepare`: an install must not fail because the page could not be built, but has to say so. */
if (import.meta.main) {
  try {
    if (await buildConsole()) process.stdout.write('Sluice: the console is built\n');
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND'
        ? 'vite is not installed (npm ci without --omit=dev brings it)'
        : String(error);
    process.stderr.write(`Sluice: the console was not built: ${reason}. Everything else works without it.\n`);
  }
}
