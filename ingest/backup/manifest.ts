import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { reasonOf, SluiceError } from '../../core/errors.ts';

export const MANIFEST = 'manifest.json';
export const STORE_FILE = 'store/readings.sqlite';
export const LEDGER_FILE = 'ingest/ledger.db';
const FORMAT = 1;

/** What a backup holds. It is written last: a folder without it is no backup. */
const Manifest = Type.Object({
  format: Type.Integer({ minimum: 1 }),
  /** When the first file was copied, which is what the whole is true of at least. ISO 8601, UTC. */
  startedAt: Type.String(),
  endedAt: Type.String(),
  files: Type.Array(
    Type.Object({
      /** Within the backup and within the data folder; no way out of either. */
      path: Type.String({ pattern: '^(store|ingest)/[A-Za-z0-9_-]+\\.(sqlite|db)$' }),
      bytes: Type.Integer({ minimum: 0 }),
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
      /** `user_version` of the file. */
      dataFormat: Type.Integer({ minimum: 0 }),
      /** Rows of each table. */
      rows: Type.Record(Type.String(), Type.Integer({ minimum: 0 })),
      /** Compressed parts whose checksum was wrong already when they were copied. */
      damaged: Type.Integer({ minimum: 0 }),
    }),
  ),
});
export type Manifest = Type.Static<typeof Manifest>;
export type CopiedFile = Manifest['files'][number];

const manifestCheck = Compile(Manifest);

export function manifestOf(parts: Omit<Manifest, 'format'>): Manifest {
  return { format: FORMAT, ...parts };
}

/** Throws `BACKUP_INVALID`. */
export function readManifest(folder: string): Manifest {
  const file = join(folder, MANIFEST);
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SluiceError('BACKUP_INVALID', { folder, reason: reasonOf(error) }, error);
  }
  if (!manifestCheck.Check(manifest)) {
    throw new SluiceError('BACKUP_INVALID', { folder, reason: `${MANIFEST} is not one of a backup` });
  }
  if (manifest.format > FORMAT) {
    throw new SluiceError('DATA_FORMAT_NEWER', { file, found: manifest.format, known: FORMAT });
  }
  return manifest;
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}
