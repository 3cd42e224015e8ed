import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { Program } from '../../core/testing/program.ts';

const MAIN = join(import.meta.dirname, '../main.ts');
const START_WITHIN_MS = 60_000;

/** Ingest as a process of its own, which a test may kill and start again on the same folder. */
export class IngestProcess {
  readonly #folder: string;
  #program: Program | undefined;
  #url = '';

  /** `config` is written as JSON, which YAML is a superset of. */
  constructor(folder: string, config: object) {
    this.#folder = folder;
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
    onTestFinished(() => this.kill());
  }

  /** Resolves when all of it is up. */
  async start(): Promise<void> {
    const files = ['--config', join(this.#folder, 'config.yaml'), '--data', join(this.#folder, 'data')];
    this.#program = new Program(MAIN, [...files, '--log', 'warn']);
    this.#url = (await this.#program.prints(/Sluice: (\S+)/, START_WITHIN_MS))[1]!;
    await eventually(async () => (await this.get<{ status: string }>('/api/health')).status === 'up');
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    await this.#program?.signal('SIGKILL');
    this.#program = undefined;
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(new URL(path, this.#url));
    return (await answer.json()) as T;
  }

  async text(path: string): Promise<string> {
    return (await fetch(new URL(path, this.#url))).text();
  }

  async post(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
    const answer = await fetch(new URL(path, this.#url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  }
}
