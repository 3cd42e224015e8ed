import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';

const MAIN = join(import.meta.dirname, '../main.ts');

/** Ingest as a process of its own, which a test may kill and start again on the same folder. */
export class IngestProcess {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #url = '';

  /** `config` is written as JSON, which YAML is a superset of. */
  constructor(folder: string, config: object) {
    this.#folder = folder;
    writeFileSync(join(folder, 'config.yaml'), JSON.stringify(config));
    onTestFinished(() => this.kill());
  }

  /** Resolves when all of it is up. */
  async start(): Promise<void> {
    const args = [
      '--config',
      join(this.#folder, 'config.yaml'),
      '--data',
      join(this.#folder, 'data'),
      '--log',
      'warn',
    ];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let said = '';
    child.stderr!.on('data', (text) => {
      said += text;
    });
    for await (const text of child.stdout!) {
      const found = /Sluice: (\S+)/.exec(String(text));
      if (!found) continue;
      this.#url = found[1]!;
      await eventually(async () => (await this.get<{ status: string }>('/api/health')).status === 'up');
      return;
    }
    throw new Error(`ingest did not start: ${said}`);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(new URL(path, this.#url));
    return (await answer.json()) as T;
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
