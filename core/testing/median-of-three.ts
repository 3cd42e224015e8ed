/** One line of `npm run bench`. */
export interface Measurement {
  readonly what: string;
  /** Median of the runs. */
  readonly median: number;
  /** Of `median`, for example `metrics/s`. */
  readonly unit: string;
  readonly runs: readonly number[];
  /** Largest resident memory of this process seen during the runs. */
  readonly peakMemoryMB: number;
  /** More about it, a line each. */
  readonly notes?: readonly string[];
}

const SAMPLE_MS = 50;

/** Runs `measure` three times; it returns the figure of one run. */
export async function medianOfThree(
  what: string,
  unit: string,
  measure: () => number | Promise<number>,
): Promise<Measurement> {
  let peakBytes = 0;
  const sample = () => {
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
  };
  const sampler = setInterval(sample, SAMPLE_MS);
  const runs: number[] = [];
  try {
    for (let run = 0; run < 3; run++) {
      runs.push(await measure());
      sample();
    }
  } finally {
    clearInterval(sampler);
  }
  const median = runs.toSorted((a, b) => a - b)[1]!;
  return { what, median, unit, runs, peakMemoryMB: Math.round(peakBytes / 1e6) };
}
