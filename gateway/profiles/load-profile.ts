import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Static, TSchema } from 'typebox';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { parseConfig } from '../../core/config.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';

/** A mistake that a schema cannot see, and where in the file it is. */
export interface ProfileProblem {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/**
 * Loads a device profile: one that comes with Sluice by its name, or any file by its path (`.yaml`), relative to the
 * configuration. `check` finds what the schema cannot. Throws `CONFIG_INVALID` with file and line of every problem.
 */
export function loadProfile<T extends TSchema>(
  schema: T,
  nameOrPath: string,
  configFolder: string,
  check: (profile: Static<T>) => ProfileProblem[],
): Static<T> {
  const file = nameOrPath.endsWith('.yaml')
    ? resolve(configFolder, nameOrPath)
    : join(import.meta.dirname, `${basename(nameOrPath)}.yaml`);
  const text = readProfile(file, nameOrPath);
  const profile = parseConfig(schema, text, basename(file));
  const problems = check(profile);
  if (problems.length > 0) throw invalid(text, basename(file), problems);
  return profile;
}

function readProfile(file: string, nameOrPath: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const known = readdirSync(import.meta.dirname)
      .filter((name) => name.endsWith('.yaml'))
      .map((name) => basename(name, '.yaml'));
    const problems = `  profile "${nameOrPath}" cannot be read: ${reasonOf(error)}. Profiles that come with Sluice: ${known.join(', ')}`;
    throw new SluiceError('CONFIG_INVALID', { problems }, error);
  }
}

function invalid(text: string, name: string, problems: readonly ProfileProblem[]): SluiceError {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const rows = problems.map(({ path, text: problem }) => {
    const { line } = lines.linePos(offsetOf(document, path));
    return `  ${name}:${line}: ${path.join('.')}: ${problem}`;
  });
  return new SluiceError('CONFIG_INVALID', { problems: rows.join('\n') });
}

/** Where the value stands; for one that the schema has filled in, where the nearest group around it begins. */
function offsetOf(document: Document, path: readonly (string | number)[]): number {
  const node = document.getIn(path, true) as { range?: [number] } | undefined;
  if (node?.range) return node.range[0];
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1));
}
