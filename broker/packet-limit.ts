/**
 * Follows the packets of one MQTT connection by their headers alone, and says when one is longer than allowed, before
 * anybody has gathered its bytes. The parser behind it would take up to 256 MB of a packet, and from a stranger.
 *
 *     fixed header (MQTT 3.1.1, 2.2):  type and flags 1 | remaining length 1…4, seven bits each, low first
 */
export class PacketLimit {
  readonly #maxBytes: number;
  #limit: number;
  /** Bytes of the current packet still to come; while a header is read, what its length has come to so far. */
  #remaining = 0;
  #state: 'type' | 'length' | 'body' = 'type';
  #lengthBytes = 0;

  /** The first packet is CONNECT, from somebody not yet known: it has a limit of its own. */
  constructor(maxConnectBytes: number, maxBytes: number) {
    this.#limit = maxConnectBytes;
    this.#maxBytes = maxBytes;
  }

  /** False from the chunk on that begins a packet that is too long, or a header that is none. */
  accepts(chunk: Uint8Array): boolean {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'body') {
        const step = Math.min(this.#remaining, chunk.length - at);
        at += step;
        this.#remaining -= step;
        if (this.#remaining === 0) this.#state = 'type';
      } else if (this.#state === 'type') {
        at++;
        this.#state = 'length';
        this.#remaining = 0;
        this.#lengthBytes = 0;
      } else if (!this.#takeLengthByte(chunk[at++]!)) {
        return false;
      }
    }
    return true;
  }

  #takeLengthByte(byte: number): boolean {
    this.#remaining += (byte & 0x7f) * 128 ** this.#lengthBytes++;
    if (this.#remaining > this.#limit || (byte >= 0x80 && this.#lengthBytes === 4)) return false;
    if (byte < 0x80) {
      this.#state = this.#remaining === 0 ? 'type' : 'body';
      this.#limit = this.#maxBytes;
    }
    return true;
  }
}
