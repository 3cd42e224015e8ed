import { randomBytes } from 'node:crypto';
import type { MessageLog, Piece } from './message-log.ts';
import type { DroppedRange, NumberedMessage, OutboxMessage } from './outbox.ts';
import type { RangeSet } from './range-set.ts';

/** What a message and a sample take in memory, about. */
const MESSAGE_BYTES = 250;
const SAMPLE_BYTES = 80;
const PIECE_MESSAGES = 500;

/** A log that lives as long as the process, in a ledger of its own, for where there is no disk to write on. */
export class MemoryLog implements MessageLog {
  readonly ledger = randomBytes(8).toString('hex');
  readonly book = { settled: [], dropped: [], times: [] };
  readonly newestOf = new Map<string, number>();
  onSendable = () => {};
  onRolledBack = () => {};
  onDropped: (range: DroppedRange) => void = () => {};
  readonly #maxBytes: number;
  /** The part before `#head` has been forgotten. */
  #messages: NumberedMessage[] = [];
  #head = 0;
  #bytes = 0;
  #next = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get first(): number {
    return this.#messages[this.#head]?.first ?? this.#next;
  }

  get next(): number {
    return this.#next;
  }

  get sendable(): number {
    return this.#next;
  }

  append(message: OutboxMessage): number {
    const first = this.#next;
    this.#messages.push({ ...message, first });
    this.#next += message.samples.length;
    this.#bytes += bytesOf(message);
    this.newestOf.set(message.device, this.#next - 1);
    while (this.#bytes > this.#maxBytes) this.#drop();
    return first;
  }

  flush(): void {}

  async read(from: number, to: number): Promise<Piece> {
    const messages: NumberedMessage[] = [];
    for (let at = this.#indexOf(from); at < this.#messages.length; at++) {
      const message = this.#messages[at]!;
      if (message.first >= to) break;
      if (messages.length === PIECE_MESSAGES) return { messages, end: message.first };
      messages.push(message);
    }
    return { messages, end: to };
  }

  settle(settled: RangeSet): void {
    for (;;) {
      const oldest = this.#messages[this.#head];
      if (!oldest || !settled.covers(oldest.first, oldest.first + oldest.samples.length - 1)) return;
      this.#forget(oldest);
    }
  }

  async keepTimes(): Promise<void> {}

  #drop(): void {
    const oldest = this.#messages[this.#head]!;
    this.#forget(oldest);
    const { timeMs } = oldest.stamp;
    const last = oldest.first + oldest.samples.length - 1;
    this.onDropped({ first: oldest.first, last, fromMs: timeMs, toMs: timeMs });
  }

  #forget(oldest: NumberedMessage): void {
    this.#bytes -= bytesOf(oldest);
    this.#head++;
    if (this.#head > 1_000 && 2 * this.#head > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Of the message that holds `number`, or of the first above it. */
  #indexOf(number: number): number {
    let low = this.#head;
    let high = this.#messages.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { first, samples } = this.#messages[middle]!;
      if (first + samples.length > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function bytesOf({ samples }: OutboxMessage): number {
  let bytes = MESSAGE_BYTES + SAMPLE_BYTES * samples.length;
  for (const { value } of samples) if (typeof value === 'string') bytes += 2 * value.length;
  return bytes;
}
