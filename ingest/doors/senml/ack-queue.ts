/** Messages of one connection that wait for their PUBACK, which goes out in the order of the messages (MQTT-4.6.0-2). */
export class AckQueue {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #held: { readonly messageId: number; isSettled: boolean }[] = [];
  #isEnded = false;
  #emptied: (() => void)[] = [];

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write;
  }

  get length(): number {
    return this.#held.length;
  }

  /** The message may be acknowledged once the returned function is called. */
  hold(messageId: number): () => void {
    const one = { messageId, isSettled: false };
    this.#held.push(one);
    return () => {
      one.isSettled = true;
      this.#acknowledge();
    };
  }

  /** Resolves when nothing waits any more, or the connection is gone. */
  emptied(): Promise<void> {
    if (this.#held.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** The connection is gone: these packet ids mean nothing any more. */
  end(): void {
    this.#isEnded = true;
    this.#held.length = 0;
    this.#tellEmptied();
  }

  #acknowledge(): void {
    if (this.#isEnded) return;
    let count = 0;
    while (this.#held[count]?.isSettled) count++;
    if (count === 0) return;
    // PUBACK: 40 · remaining length 02 · packet id, high byte first.
    const bytes = this.#held
      .splice(0, count)
      .flatMap(({ messageId }) => [0x40, 2, messageId >> 8, messageId & 255]);
    this.#write(Uint8Array.from(bytes));
    if (this.#held.length === 0) this.#tellEmptied();
  }

  #tellEmptied(): void {
    const waiting = this.#emptied;
    this.#emptied = [];
    for (const resolve of waiting) resolve();
  }
}
