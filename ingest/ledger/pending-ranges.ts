import type { GatewayLedger } from './gateway-ledger.ts';
import type { PendingMessage } from './pending-message.ts';
import type { NumberRange } from './span-set.ts';

/**
 * Which numbers wait for the store here: a repeat of them brings nothing, and would take room from what is new. A gateway
 * repeats whole messages, so it is enough to know where each begins.
 */
export class PendingRanges {
  /** By the first number of each message. */
  readonly #messages = new Map<GatewayLedger, Map<number, PendingMessage>>();

  add(ledger: GatewayLedger, message: PendingMessage): void {
    let messages = this.#messages.get(ledger);
    if (!messages) {
      messages = new Map();
      this.#messages.set(ledger, messages);
    }
    messages.set(message.numbered!.mark.first, message);
  }

  /** Of a message that is settled or given up: what it held may be taken when it comes again. */
  delete(ledger: GatewayLedger, message: PendingMessage): void {
    const messages = this.#messages.get(ledger);
    const { first } = message.numbered!.mark;
    if (messages?.get(first) !== message) return;
    messages.delete(first);
    if (messages.size === 0) this.#messages.delete(ledger);
  }

  /** True where all of it waits, in one message or in several that follow each other. */
  has(ledger: GatewayLedger, { first, last }: NumberRange): boolean {
    const messages = this.#messages.get(ledger);
    if (!messages) return false;
    for (let next = first; next <= last; ) {
      const found = messages.get(next);
      // Of one that is not whole something has to come again, and may as well now.
      if (!found?.isWhole) return false;
      next += found.numbered!.mark.count;
    }
    return true;
  }
}
