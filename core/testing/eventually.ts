/**
 * Calls `look` until it returns something other than `undefined` or `false`, and returns that. An error thrown by
 * `look` counts as "not yet", and is the cause of the failure when the time is over. That is far longer than anything takes, on a
 * busy machine too: only a test that fails waits for it.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { withinMs = 120_000, everyMs = 25 }: { withinMs?: number; everyMs?: number } = {},
): Promise<Exclude<T, undefined | false | null>> {
  const endMs = performance.now() + withinMs;
  let cause: unknown;
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false && found !== null) {
        return found as Exclude<T, undefined | false | null>;
      }
      cause = `last seen: ${JSON.stringify(found)}`;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > endMs) throw new Error(`did not happen within ${withinMs} ms`, { cause });
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
