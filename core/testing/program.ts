import { type ChildProcess, spawn } from 'node:child_process';
import { eventually } from './eventually.ts';

/** A program of ours, run as its user runs it. Whoever starts it ends it. */
export class Program {
  readonly child: ChildProcess;
  readonly #exit: Promise<number | string>;
  output = '';

  constructor(script: string, args: readonly string[] = [], env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, [script, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    this.child.stdout?.on('data', (data) => {
      this.output += data;
    });
    this.child.stderr?.on('data', (data) => {
      this.output += data;
    });
    this.#exit = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  /** Resolves with the first match of `pattern` in what the program has printed. */
  prints(pattern: RegExp, withinMs = 120_000): Promise<RegExpMatchArray> {
    return eventually(
      () => {
        const match = this.output.match(pattern);
        if (!match && this.child.exitCode !== null) throw new Error(`ended, having printed:\n${this.output}`);
        if (!match) throw new Error(`printed so far:\n${this.output}`);
        return match;
      },
      { withinMs },
    );
  }

  /** Exit status, or the signal that ended it. */
  exited(): Promise<number | string> {
    return this.#exit;
  }

  async signal(signal: NodeJS.Signals): Promise<number | string> {
    this.child.kill(signal);
    return this.#exit;
  }
}
