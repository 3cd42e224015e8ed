import { copyFileSync, existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf, SluiceError } from '../../../../core/errors.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ROOT = join(FOLDER, '../../../..');
const BUILT = join(FOLDER, 'dist/verify-statement.mjs');
/** What it may be made of; older than it, they need no look. */
const SOURCES = ['core/**/*.ts', 'ingest/sla/**/*.ts', 'package-lock.json'];

export const VERIFIER_NAME = 'verify-statement.mjs';

const BANNER = `#!/usr/bin/env node
// Checks statements on links that Sluice makes: node ${VERIFIER_NAME} FILE.json [--key FINGERPRINT|FILE.pem]
// It needs Node.js 20 or later and nothing else, and neither writes nor sends anything.`;

/**
 * Writes `file`, which runs by itself: bundled from the sources that ingest makes its figures with, and not minified, so that the other
 * party may read what they run. Throws `VERIFIER_NOT_BUILT`, `STATEMENT_NOT_WRITTEN`.
 */
export async function putVerifier(file: string): Promise<void> {
  if (!isBuilt()) await build();
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true });
    copyFileSync(BUILT, file);
  } catch (error) {
    throw new SluiceError('STATEMENT_NOT_WRITTEN', { folder, reason: reasonOf(error) }, error);
  }
}

async function build(): Promise<void> {
  const aside = join(ROOT, 'node_modules', `.verifier-${process.pid}`);
  try {
    // A development dependency, which builds the console too: loaded only where there is something to build.
    const vite = await import('vite');
    await vite.build({
      configFile: false,
      root: ROOT,
      logLevel: 'error',
      ssr: { noExternal: true },
      build: {
        ssr: join(FOLDER, 'main.ts'),
        outDir: aside,
        target: 'node20',
        minify: false,
        rolldownOptions: { output: { entryFileNames: VERIFIER_NAME, codeSplitting: false, banner: BANNER } },
      },
    });
    mkdirSync(join(FOLDER, 'dist'), { recursive: true });
    renameSync(join(aside, VERIFIER_NAME), BUILT);
  } catch (error) {
    throw new SluiceError('VERIFIER_NOT_BUILT', { reason: reasonOf(error) }, error);
  } finally {
    rmSync(aside, { recursive: true, force: true });
  }
}

function isBuilt(): boolean {
  if (!existsSync(BUILT)) return false;
  const builtMs = statSync(BUILT).mtimeMs;
  const sources = globSync(SOURCES, { cwd: ROOT, exclude: (path) => path.endsWith('.test.ts') });
  return sources.every((file) => statSync(join(ROOT, file)).mtimeMs <= builtMs);
}

/** Built with the console when packages are installed; an install must not fail because it could not be. */
if (import.meta.main) {
  try {
    if (!isBuilt()) await build();
  } catch (error) {
    process.stderr.write(`Sluice: ${reasonOf(error)}\n`);
  }
}
