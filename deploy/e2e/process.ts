import { onTestFinished } from 'vitest';
import { Program } from '../../core/testing/program.ts';

/** A program of ours that ends with the test. */
export class RunningProcess extends Program {
  constructor(script: string, args: readonly string[] = [], env: Record<string, string> = {}) {
    super(script, args, env);
    onTestFinished(async () => {
      await this.signal('SIGKILL');
    });
  }
}
