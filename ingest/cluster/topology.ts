import type { Channel } from 'rabbitmq-client';
import { EDGE_PATTERNS } from './routing-key.ts';

/**
 * What the workers keep in RabbitMQ. Every worker declares all of it at each connection, so nothing has to be set up
 * before. The number of partitions stands in each name: workers that disagree about it are refused by RabbitMQ, because
 * one exchange cannot have two alternates.
 *
 *     exchange of the plug-in ──what gateways send──▶ sluice.edge ──site and gateway──▶ sluice.edge.12.0 … 11
 *                                                         └──not bound yet──▶ sluice.unassigned.12
 *     sluice.workers ──▶ one queue for each worker
 */
export const EDGE_EXCHANGE = 'sluice.edge';
export const WORKERS_EXCHANGE = 'sluice.workers';

/** Both an exchange and the queue behind it. */
export function unassignedName(partitions: number): string {
  return `sluice.unassigned.${partitions}`;
}

export function partitionQueue(partitions: number, partition: number): string {
  return `sluice.edge.${partitions}.${partition}`;
}

/** Copies on a majority of servers; one consumer at a time, and the next in line when that one goes. */
const QUEUE = {
  'x-queue-type': 'quorum',
  'x-single-active-consumer': true,
  // Their leaders on all servers, not on the one that the first worker is connected to.
  'x-queue-leader-locator': 'balanced',
} as const;

export async function declareTopology(
  channel: Channel,
  { exchange, partitions }: { readonly exchange: string; readonly partitions: number },
): Promise<void> {
  const unassigned = unassignedName(partitions);
  await channel.exchangeDeclare({ exchange: unassigned, type: 'fanout', durable: true });
  await channel.queueDeclare({ queue: unassigned, durable: true, arguments: QUEUE });
  await channel.queueBind({ queue: unassigned, exchange: unassigned, routingKey: '' });
  for (let partition = 0; partition < partitions; partition++) {
    const queue = partitionQueue(partitions, partition);
    await channel.queueDeclare({ queue, durable: true, arguments: QUEUE });
  }
  const edge = { exchange: EDGE_EXCHANGE, type: 'topic', durable: true };
  await channel.exchangeDeclare({ ...edge, arguments: { 'alternate-exchange': unassigned } });
  await channel.exchangeDeclare({ exchange: WORKERS_EXCHANGE, type: 'fanout', durable: true });
  // Last, so that what comes has somewhere to go.
  for (const routingKey of EDGE_PATTERNS) {
    await channel.exchangeBind({ destination: EDGE_EXCHANGE, source: exchange, routingKey });
  }
}
