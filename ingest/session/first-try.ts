/** The start of a connection that keeps trying by itself: whoever starts it waits for the first try, and no longer. */
export class FirstTry {
  /** It has succeeded or failed, or nobody wants it any more. Nothing happens where nobody waits. */
  end = (): void => {};

  /** Resolves at `end`, or when `signal` is aborted. */
  async begin(connect: () => void, signal: AbortSignal): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.end = resolve;
    });
    signal.addEventListener('abort', this.end, { once: true });
    connect();
    await ended;
    signal.removeEventListener('abort', this.end);
  }
}
