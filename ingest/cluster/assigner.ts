import type { Connection, Publisher } from 'rabbitmq-client';
import { SluiceError } from '../../core/errors.ts';
import { gatewayName } from '../gateway-name.ts';
import { partitionOf } from './partition-of.ts';
import type { Delivery } from './queue-consumer.ts';
import { patternOf, senderOfKey } from './routing-key.ts';
import { EDGE_EXCHANGE, partitionQueue } from './topology.ts';

interface AssignerParts {
  readonly connection: Connection;
  /** With confirmations, and tries again. */
  readonly publisher: Publisher;
  readonly partitions: number;
  readonly maxGateways: number;
  refused(error: SluiceError): void;
  failed(error: unknown): void;
}

/**
 * Binds a gateway that was never heard before to the queue of its partition, for good, and sends what it said that way.
 * What it says meanwhile comes here as well, so its first messages may overtake each other; its session survives that.
 */
export class Assigner {
  readonly #parts: AssignerParts;
  readonly #bound = new Set<string>();

  constructor(parts: AssignerParts) {
    this.#parts = parts;
  }

  async take(delivery: Delivery): Promise<void> {
    try {
      if (await this.#bind(delivery.key)) {
        const envelope = { exchange: EDGE_EXCHANGE, routingKey: delivery.key };
        await this.#parts.publisher.send(envelope, Buffer.from(delivery.bytes));
      }
      delivery.settle();
    } catch (error) {
      // It is still in its queue, and comes again with the next channel.
      this.#parts.failed(error);
    }
  }

  /** False for what no gateway can have sent, or for one too many. */
  async #bind(key: string): Promise<boolean> {
    const { connection, partitions, maxGateways } = this.#parts;
    const sender = senderOfKey(key);
    if (!sender) {
      const reason = 'its site or gateway has characters outside A–Z a–z 0–9 _ -, or is longer than 64';
      this.#parts.refused(new SluiceError('TOPIC_INVALID', { topic: key, reason }));
      return false;
    }
    const gateway = gatewayName(sender);
    if (this.#bound.has(gateway)) return true;
    if (this.#bound.size >= maxGateways) {
      this.#parts.refused(new SluiceError('GATEWAY_LIMIT', { gateway, limit: maxGateways }));
      return false;
    }
    const queue = partitionQueue(partitions, partitionOf(sender, partitions));
    await connection.queueBind({ queue, exchange: EDGE_EXCHANGE, routingKey: patternOf(sender) });
    this.#bound.add(gateway);
    return true;
  }
}
