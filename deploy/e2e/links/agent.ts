import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const STOP_MS = 15_000;

/** A gateway as its own process, in a folder of its own. `command` stands before it: `taskset`, or another network namespace. */
export class Agent {
  readonly child: ChildProcess;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sluice-agent-'));
  said = '';

  constructor(config: object, command: readonly string[] = []) {
    const file = join(this.#folder, 'gateway.yaml');
    // JSON, which YAML is a superset of.
    writeFileSync(file, JSON.stringify(config));
    const args = ['gateway/main.ts', '--config', file, '--data', join(this.#folder, 'data')];
    const [program, ...before] = [...command, process.execPath];
    this.child = spawn(program!, [...before, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr])
      stream!.on('data', (text) => {
        this.said += text;
      });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill();
      const impatient = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(impatient);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
