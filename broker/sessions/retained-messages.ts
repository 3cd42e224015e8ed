import { topicMatches } from '../topic-matches.ts';
import type { StoredPacket } from './stored-packet.ts';

interface RetainedLimits {
  readonly maxRetainedMessages: number;
  readonly maxRetainedBytes: number;
}

/** The last message of each topic that was sent to be kept; an empty one ends what was kept (MQTT-3.3.1-6, -10). */
export class RetainedMessages {
  readonly #limits: RetainedLimits;
  readonly #byTopic = new Map<string, StoredPacket>();
  #bytes = 0;

  constructor(limits: RetainedLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#byTopic.size;
  }

  has(topic: string): boolean {
    return this.#byTopic.has(topic);
  }

  all(): Iterable<StoredPacket> {
    return this.#byTopic.values();
  }

  set(packet: StoredPacket): void {
    this.#bytes -= this.#byTopic.get(packet.topic)?.payload.length ?? 0;
    this.#byTopic.delete(packet.topic);
    if (packet.payload.length === 0) return;
    this.#byTopic.set(packet.topic, packet);
    this.#bytes += packet.payload.length;
  }

  /** Whether there is room for one more; what takes the place of another, or ends one, needs none but for its bytes. */
  hasRoomFor({ topic, payload }: { readonly topic: string; readonly payload: Buffer }): boolean {
    if (payload.length === 0) return true;
    const before = this.#byTopic.get(topic);
    const bytes = this.#bytes + payload.length - (before?.payload.length ?? 0);
    if (bytes > this.#limits.maxRetainedBytes) return false;
    return before !== undefined || this.#byTopic.size < this.#limits.maxRetainedMessages;
  }

  *matching(filters: readonly string[]): Generator<StoredPacket> {
    for (const filter of filters) {
      if (!/[+#]/.test(filter)) {
        const packet = this.#byTopic.get(filter);
        if (packet) yield packet;
        continue;
      }
      for (const [topic, packet] of this.#byTopic) if (topicMatches(filter, topic)) yield packet;
    }
  }
}
