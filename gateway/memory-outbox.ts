import type { DataMessage, Outbox, OutboxEntry, OutboxStatus } from './outbox.ts';
import { Queue } from './queue.ts';

/** What a message and a sample take in memory, about. */
const MESSAGE_BYTES = 200;
const SAMPLE_BYTES = 80;

/** An outbox that lives as long as the process, bounded in bytes. The oldest messages make room, and are counted. */
export class MemoryOutbox implements Outbox {
  readonly #maxBytes: number;
  readonly #live = new Queue<OutboxEntry>();
  #backlog = new Queue<OutboxEntry>();
  readonly #underWay = new Map<number, OutboxEntry>();
  readonly #messagesOf = new Map<string, number>();
  #bytes = 0;
  #readings = 0;
  #sequence = 0;
  #dropped: OutboxStatus['dropped'] = { readings: 0, fromMs: 0, toMs: 0 };

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(message: DataMessage): void {
    this.#live.push({ sequence: this.#sequence++, message, isHistorical: false });
    this.#account(message, 1);
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#backlog.shift() ?? this.#live.shift();
      if (!oldest) return;
      this.#account(oldest.message, -1);
      this.#countDropped(oldest.message);
    }
  }

  next(): OutboxEntry | undefined {
    const entry = this.#live.shift() ?? this.#backlog.shift();
    if (entry) this.#underWay.set(entry.sequence, entry);
    return entry;
  }

  confirm(firstSequence: number, lastSequence: number): void {
    for (let sequence = firstSequence; sequence <= lastSequence; sequence++) {
      const entry = this.#underWay.get(sequence);
      if (!entry) continue;
      this.#underWay.delete(sequence);
      this.#account(entry.message, -1);
    }
  }

  release(): void {
    const entries = [...this.#underWay.values(), ...this.#backlog.drain(), ...this.#live.drain()];
    this.#underWay.clear();
    this.#backlog = new Queue(
      entries
        .sort((a, b) => a.sequence - b.sequence)
        .map((entry) => (entry.isHistorical ? entry : { ...entry, isHistorical: true })),
    );
  }

  holds(device: string): boolean {
    return this.#messagesOf.has(device);
  }

  status(): OutboxStatus {
    return { waiting: this.#readings, dropped: this.#dropped };
  }

  #account({ device, samples }: DataMessage, sign: 1 | -1): void {
    this.#bytes += sign * (MESSAGE_BYTES + SAMPLE_BYTES * samples.length);
    this.#readings += sign * samples.length;
    const messages = (this.#messagesOf.get(device) ?? 0) + sign;
    if (messages === 0) this.#messagesOf.delete(device);
    else this.#messagesOf.set(device, messages);
  }

  #countDropped({ timeMs, samples }: DataMessage): void {
    const { readings, fromMs } = this.#dropped;
    this.#dropped = {
      readings: readings + samples.length,
      fromMs: readings === 0 ? timeMs : fromMs,
      toMs: timeMs,
    };
  }
}
