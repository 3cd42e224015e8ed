import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SluiceError } from '../../../../core/errors.ts';
import { type FpingResult, parseFpingLine } from './fping-line.ts';

/** Echo requests that one fping process sends: it knows one period, size and code point for all its targets. */
export interface FpingJob {
  /** Addresses; each once. */
  readonly targets: readonly string[];
  readonly everyMs: number;
  /** After this without an answer a request is told as timed out. */
  readonly waitMs: number;
  readonly sizeBytes: number;
  readonly dscp: number;
}

export interface FpingListener {
  result(result: FpingResult): void;
  /** It is gone, though nobody ended it. */
  ended(error: SluiceError): void;
}

/** Between two requests, whatever their targets: fping refuses less where it is not run by root. */
const SHORTEST_INTERVAL_MS = 1;
const LONGEST_LINE = 512;
/** Of single targets, each time again; they are no reason to end. */
const NOISE = /^ICMP |unreachable|No route/i;

/** The most targets that one process can serve at `everyMs`. */
export function mostTargets(everyMs: number): number {
  return Math.max(1, Math.floor(everyMs / (2 * SHORTEST_INTERVAL_MS)));
}

export class FpingProcess {
  readonly #listener: FpingListener;
  readonly #child: ChildProcess;
  #lastWords = '';
  #isOver = false;

  /** Starts at once. `program` is looked for in the PATH. */
  constructor(job: FpingJob, listener: FpingListener, program = 'fping') {
    this.#listener = listener;
    this.#child = spawn(program, fpingArguments(job), {
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its numbers have a decimal point everywhere, its words are in one language.
      env: { ...process.env, LC_ALL: 'C' },
    });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const result = this.#isOver ? undefined : parseFpingLine(line);
      if (result) this.#listener.result(result);
    });
    createInterface({ input: this.#child.stderr! }).on('line', (line) => {
      if (!NOISE.test(line)) this.#lastWords = line.slice(0, LONGEST_LINE);
    });
    this.#child.once('error', (error) => this.#end(error));
    this.#child.once('close', (code, signal) => {
      const reason = this.#lastWords || `exit ${code ?? signal}`;
      this.#end(new Error(reason));
    });
  }

  stop(): void {
    this.#isOver = true;
    // One that hangs or was stopped hears nothing else, and there is nothing that it would tidy up.
    this.#child.kill('SIGKILL');
  }

  #end(cause: NodeJS.ErrnoException): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.ended(
      cause.code === 'ENOENT'
        ? new SluiceError('FPING_MISSING', {}, cause)
        : new SluiceError('FPING_ENDED', { reason: cause.message }, cause),
    );
  }
}

function fpingArguments({ targets, everyMs, waitMs, sizeBytes, dscp }: FpingJob): string[] {
  const intervalMs = Math.max(SHORTEST_INTERVAL_MS, Math.min(10, Math.floor(everyMs / (2 * targets.length))));
  return [
    ...['-l', '-D', '-p', `${everyMs}`, '-t', `${waitMs}`, '-i', `${intervalMs}`],
    ...['-b', `${sizeBytes}`, '-O', `${dscp << 2}`, ...targets],
  ];
}
