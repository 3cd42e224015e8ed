import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { Cancel, Clock } from '../../core/clock.ts';
import { loadConfig } from '../../core/config.ts';
import { asSluiceError, SluiceError, type Words } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Mesh } from '../../core/links/mesh.ts';
import type { Log } from '../../core/log.ts';
import { watchFiles } from '../../core/watch-files.ts';
import { writeDurably } from '../../core/write-durably.ts';
import { type ExpandedMesh, expandMesh } from './expand-mesh.ts';
import { MeshFile } from './mesh-file.ts';

const LOOK_EVERY_MS = 5_000;

/** Where no file is named: no links. */
export const NO_MESH: ExpandedMesh = {
  mesh: { version: '', recordS: 60, pops: new Map(), links: new Map() },
  networks: new Map(),
  places: new Map(),
  plans: new Map(),
};

interface MeshBookParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly configFolder: string;
  /** Of ingest's own data. */
  readonly folder: string;
  /** As many series as the pipeline takes of one gateway. */
  readonly maxSeriesOfAgent: number;
}

/**
 * The mesh that is in force. A changed file is taken while this runs; one that is not valid changes nothing, also over a restart, and is
 * told in the log and as trouble until it is mended.
 */
export class MeshBook implements Service {
  readonly name = 'mesh';
  readonly #file: string | undefined;
  readonly #parts: MeshBookParts;
  readonly #listeners: (() => void)[] = [];
  #expanded: ExpandedMesh | undefined;
  #trouble: SluiceError | undefined;
  #cancelWatch: Cancel | undefined;

  constructor(file: string | undefined, parts: MeshBookParts) {
    this.#file = file === undefined ? undefined : resolve(parts.configFolder, file);
    this.#parts = parts;
  }

  /** Whether settings name a mesh at all. */
  get isNamed(): boolean {
    return this.#file !== undefined;
  }

  /** As long as no file could be read it has no links. */
  get mesh(): Mesh {
    return (this.#expanded ?? NO_MESH).mesh;
  }

  /** `undefined` as long as nothing is known of what the file asks for: that is not the same as no links. */
  get expanded(): ExpandedMesh | undefined {
    return this.#expanded;
  }

  /** Called after another mesh has come into force. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** A file that is not valid is no failure to start: what measures and stores goes on without it. */
  async start(): Promise<void> {
    if (this.#file === undefined || this.#cancelWatch) return;
    this.#cancelWatch = watchFiles([this.#file], LOOK_EVERY_MS, this.#parts.clock, () => this.#read());
    this.#read();
    if (this.#trouble) this.#takeUp();
  }

  async stop(): Promise<void> {
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
  }

  trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  #read(): void {
    const { log } = this.#parts;
    const file = this.#file!;
    try {
      const read = loadConfig(MeshFile, file);
      const expanded = this.#expand(read);
      this.#trouble = undefined;
      if (expanded.mesh.version === this.#expanded?.mesh.version && samePlans(expanded, this.#expanded))
        return;
      this.#keep(read);
      this.#goBy(expanded);
    } catch (thrown) {
      this.#trouble = new SluiceError(
        'MESH_REFUSED',
        { file: basename(file), reason: reasonFor(thrown) },
        thrown,
      );
      log.error({ code: this.#trouble.code }, this.#trouble.message);
    }
  }

  #expand(file: MeshFile): ExpandedMesh {
    return expandMesh(file, this.#parts.maxSeriesOfAgent);
  }

  /** The one before, of an earlier run: verdicts and alerts would otherwise stand still until somebody mends the file. */
  #takeUp(): void {
    if (!existsSync(this.#kept)) return;
    try {
      this.#goBy(this.#expand(loadConfig(MeshFile, this.#kept)));
    } catch (thrown) {
      this.#parts.log.warn(
        { reason: reasonFor(thrown).en },
        'the mesh of the last run cannot be used either',
      );
    }
  }

  get #kept(): string {
    return join(this.#parts.folder, 'mesh-in-force.json');
  }

  /** Without it this run goes on all the same. */
  #keep(read: MeshFile): void {
    try {
      writeDurably(this.#kept, JSON.stringify(read));
    } catch (thrown) {
      const { code, message } = asSluiceError(thrown);
      this.#parts.log.warn({ code }, message);
    }
  }

  #goBy(expanded: ExpandedMesh): void {
    const { log } = this.#parts;
    this.#expanded = expanded;
    const { pops, links, version } = expanded.mesh;
    log.info({ version, pops: pops.size, links: links.size }, 'the mesh is in force');
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (thrown) {
        log.error({ err: thrown }, asSluiceError(thrown).message);
      }
    }
  }
}

function reasonFor(thrown: unknown): Words {
  const error = asSluiceError(thrown);
  // Its own words tell of --config.
  if (error.code === 'CONFIG_UNREADABLE') {
    const reason = String(error.details.reason);
    return { en: reason, zh: reason };
  }
  return { en: error.text('en'), zh: error.text('zh') };
}

/** Addresses of reflectors are in plans and not in the mesh. */
function samePlans(one: ExpandedMesh, other: ExpandedMesh): boolean {
  const versions = ({ plans }: ExpandedMesh) =>
    JSON.stringify([...plans].map(([agent, { version }]) => [agent, version]));
  return versions(one) === versions(other);
}
