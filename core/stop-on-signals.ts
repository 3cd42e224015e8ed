import { reasonOf } from './errors.ts';

/** Everything must be down this long after it was asked to stop; what is left then is ended with the process. */
const STOP_DEADLINE_MS = 4_500;

/** Two signals closer together than this are one. */
const SAME_SIGNAL_MS = 1_000;

/**
 * Calls `stop` at SIGINT, SIGTERM or SIGHUP (its terminal has gone), and says so on standard error. A second signal, or a
 * stop that takes too long or fails, ends the process at once.
 */
export function stopOnSignals(name: string, stop: () => Promise<void>): void {
  let stoppingSinceMs: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (stoppingSinceMs !== undefined) {
      // A terminal signals every process of its group, and npm hands the same signal on to us.
      if (performance.now() - stoppingSinceMs > SAME_SIGNAL_MS) process.exit(130);
      return;
    }
    stoppingSinceMs = performance.now();
    process.stderr.write(`${name}: ${signal}, stopping\n`);
    const deadline = setTimeout(() => {
      process.stderr.write(`${name}: not everything stopped within ${STOP_DEADLINE_MS} ms; ending\n`);
      process.exit(1);
    }, STOP_DEADLINE_MS);
    deadline.unref();
    stop().then(
      () => clearTimeout(deadline),
      (error) => {
        process.stderr.write(`${name}: ${reasonOf(error)}\n`);
        process.exit(1);
      },
    );
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}
