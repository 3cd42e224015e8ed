import type { AsyncMessage, Channel, Connection } from 'rabbitmq-client';
import { reasonOf } from '../../core/errors.ts';
import { Acknowledgements } from './acknowledgements.ts';

export interface Delivery {
  readonly key: string;
  readonly bytes: Uint8Array;
  /** False once its channel has gone: it comes again, here or elsewhere. */
  isCurrent(): boolean;
  /** To be called once, when nothing of it can be lost any more. */
  settle(): void;
}

interface QueueConsumerParts {
  readonly queue: string;
  readonly prefetch: number;
  take(delivery: Delivery): void;
  /** The queue is not consumed any more; `reason` where that was not wanted here. */
  closed(reason: string): void;
}

/** Consumes one queue on a channel of its own, so that what goes wrong with one queue stays with it. */
export class QueueConsumer {
  readonly #connection: Connection;
  readonly #parts: QueueConsumerParts;
  #channel: Channel | undefined;
  #tag = '';
  #reason = '';
  #unsettled = 0;

  constructor(connection: Connection, parts: QueueConsumerParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  /** Deliveries that wait for their settlement. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** Throws what RabbitMQ refuses it with. */
  async open(): Promise<void> {
    const channel = await this.#connection.acquire({ emitErrorsFromChannel: true });
    this.#reason = '';
    channel.on('error', (error) => {
      this.#reason = reasonOf(error);
    });
    channel.on('basic.cancel', () => {
      this.#reason = `${this.#parts.queue} was taken away`;
      void channel.close();
    });
    channel.once('close', () => {
      if (channel !== this.#channel) return;
      this.#channel = undefined;
      this.#unsettled = 0;
      this.#parts.closed(this.#reason);
    });
    this.#channel = channel;
    try {
      await channel.basicQos({ prefetchCount: this.#parts.prefetch });
      await this.#consume(channel, new Deliveries(channel));
    } catch (error) {
      this.#reason = reasonOf(error);
      await channel.close();
      throw error;
    }
  }

  /** To the end of the line: whoever stands behind gets the queue, and this one again when all others have gone. */
  async letPass(): Promise<void> {
    const channel = this.#channel;
    const deliveries = this.#deliveries;
    if (!channel || !deliveries) return;
    await channel.basicCancel(this.#tag);
    await this.#consume(channel, deliveries);
  }

  /** Takes nothing more; what is under way can still be settled. */
  async cancel(): Promise<void> {
    await this.#channel?.basicCancel(this.#tag);
  }

  /** What is not settled goes back into the queue, in its order. */
  async close(): Promise<void> {
    await this.#channel?.close();
  }

  #deliveries: Deliveries | undefined;

  async #consume(channel: Channel, deliveries: Deliveries): Promise<void> {
    this.#deliveries = deliveries;
    const onMessage = (message: AsyncMessage) => {
      this.#unsettled++;
      this.#parts.take({
        key: message.routingKey,
        bytes: message.body as Uint8Array,
        isCurrent: () => channel === this.#channel,
        settle: () => {
          if (channel !== this.#channel) return;
          this.#unsettled--;
          deliveries.settle(message.deliveryTag);
        },
      });
    };
    const { consumerTag } = await channel.basicConsume({ queue: this.#parts.queue }, onMessage);
    this.#tag = consumerTag;
  }
}

/** Acknowledges on one channel; what is settled in one turn of the event loop goes out as one. */
class Deliveries {
  readonly #channel: Channel;
  readonly #acknowledgements = new Acknowledgements();
  #isPlanned = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  settle(tag: number): void {
    this.#acknowledgements.settle(tag);
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(() => {
      this.#isPlanned = false;
      const deliveryTag = this.#acknowledgements.take();
      if (deliveryTag !== undefined && this.#channel.active)
        this.#channel.basicAck({ deliveryTag, multiple: true });
    });
  }
}
