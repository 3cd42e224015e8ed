/** The package describes its interface, and not this file of it. Here is what we build upon. */
declare module 'aedes-persistence/asyncPersistence.js' {
  import type { Readable } from 'node:stream';
  import type { Client, Subscription } from 'aedes';

  export default class Memory {
    setup(broker: unknown): Promise<void>;
    // biome-ignore lint/suspicious/noExplicitAny: packets have no type of their own there
    storeRetained(packet: any): PromiseLike<void>;
    createRetainedStream(filter: string): Readable;
    createRetainedStreamCombi(filters: readonly string[]): Readable;
    addSubscriptions(client: Client, subscriptions: Subscription[]): Promise<void>;
    removeSubscriptions(client: Client, topics: string[]): Promise<void>;
    subscriptionsByTopic(topic: string): Promise<{ clientId: string; topic: string; qos: number }[]>;
    cleanSubscriptions(client: Client): Promise<void>;
    // biome-ignore-start lint/suspicious/noExplicitAny: as above
    outgoingEnqueue(subscription: { clientId: string }, packet: any): Promise<void>;
    outgoingEnqueueCombi(subscriptions: any, packet: any): PromiseLike<void>;
    outgoingUpdate(client: any, packet: any): Promise<void>;
    outgoingClearMessageId(client: any, packet: any): Promise<any>;
    outgoingStream(client: Client): Readable;
    incomingStorePacket(client: any, packet: any): Promise<void>;
    incomingGetPacket(client: any, packet: any): Promise<any>;
    incomingDelPacket(client: any, packet: any): Promise<void>;
    cleanIncoming(client: any): Promise<void>;
    // biome-ignore-end lint/suspicious/noExplicitAny: as above
    destroy(): Promise<void>;
  }
}

declare module 'aedes-persistence/abstract.js' {
  export default function abstractPersistence(options: {
    test: (name: string, run: (t: unknown) => Promise<void>) => void;
    persistence: () => unknown;
    testAsync: boolean;
  }): void;
}
