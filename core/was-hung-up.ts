const CODES: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);

/** Whether the error of a connection only says that the other side closed it while something was being written. */
export function wasHungUp(error: unknown): boolean {
  return CODES.has((error as { code?: unknown } | undefined)?.code);
}
