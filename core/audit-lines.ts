import { createHash } from 'node:crypto';

/** Before the first line of all. */
export const NO_LINE = '0'.repeat(64);
const HASH = /^(.*),"hash":"([0-9a-f]{64})"\}$/;
const AFTER = /,"after":"([0-9a-f]{64})"\}$/;

/** What `chained` adds to a line at most, in bytes. */
export const CHAIN_BYTES = 160;

/**
 * A line of JSON with the SHA-256 of the hash before it and of itself, so that one that was removed, altered or moved shows. The
 * first of a file names the hash before it too (`after`): older files may have been cleared away.
 */
export function chained(entry: object, before: string, isFirst: boolean): { text: string; hash: string } {
  const body = JSON.stringify(isFirst ? { ...entry, after: before } : entry);
  const hash = hashOf(before, body);
  return { text: `${body.slice(0, -1)},"hash":"${hash}"}\n`, hash };
}

/** The hash of the last whole line; undefined where it has none, as those of older versions. */
export function lastHash(text: string): string | undefined {
  return HASH.exec(text.slice(0, text.lastIndexOf('\n')).split('\n').at(-1) ?? '')?.[2];
}

/** `brokenAt`: file and line, from 1, of the first that is not what was written or that lines are missing before. */
export interface LinesCheck {
  readonly lines: number;
  /** Of versions that wrote no hashes: nothing can be said of them. */
  readonly unchained: number;
  readonly brokenAt?: string;
  readonly head: string;
}

/** `files`: their names and texts, oldest first. */
export function checkLines(files: Iterable<{ readonly name: string; readonly text: string }>): LinesCheck {
  let [lines, unchained] = [0, 0];
  let brokenAt: string | undefined;
  let head: string | undefined;
  for (const { name, text } of files) {
    // What has no end is being written just now.
    for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
      lines++;
      const found = HASH.exec(line);
      if (!found && head === undefined) {
        unchained++;
        continue;
      }
      const body = `${found?.[1]}}`;
      const before = head ?? AFTER.exec(body)?.[1] ?? NO_LINE;
      if (!found || found[2] !== hashOf(before, body)) brokenAt ??= `${name}:${index + 1}`;
      head = found?.[2] ?? before;
    }
  }
  return { lines, unchained, ...(brokenAt === undefined ? {} : { brokenAt }), head: head ?? NO_LINE };
}

function hashOf(before: string, body: string): string {
  return createHash('sha256').update(`${before}\n${body}`).digest('hex');
}
