import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';

const strict = { additionalProperties: false };

export const ClusterConfig = Type.Object(
  {
    urls: Type.Array(Type.String({ pattern: '^amqps?://[^@/]+$' }), {
      minItems: 1,
      maxItems: 32,
      description:
        'Servers of the RabbitMQ cluster, amqp://HOST:PORT or amqps://HOST:PORT; the next is tried where one does not answer, so put the nearest first',
    }),
    username: Type.Optional(Type.String({ minLength: 1, description: 'User at RabbitMQ' })),
    passwordFile: Type.Optional(
      Type.String({ minLength: 1, description: 'File that holds the password, relative to this file' }),
    ),
    caFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'PEM file of the authority that signed the certificates of the servers, relative to this file',
      }),
    ),
    vhost: Type.String({
      minLength: 1,
      default: '/',
      description: 'Virtual host of RabbitMQ in which the queues are',
    }),
    exchange: Type.String({
      minLength: 1,
      default: 'amq.topic',
      description: 'Where the MQTT plug-in publishes: its setting mqtt.exchange',
    }),
    worker: Type.String({
      pattern: ID_PATTERN,
      default: 'worker',
      description: 'Name of this worker in logs and in the list of connections of RabbitMQ',
    }),
    partitions: Type.Integer({
      minimum: 1,
      maximum: 256,
      default: 12,
      description:
        'Quorum queues that the gateways are spread over: the same for all workers, some times their number, and hard to change later',
    }),
    prefetch: Type.Integer({
      minimum: 1,
      maximum: 2_000,
      default: 500,
      description: 'Messages of one partition that a worker may hold without having stored them',
    }),
  },
  {
    ...strict,
    description:
      'Ingest as one of several workers on a RabbitMQ cluster, in place of broker; see docs/cluster.md',
  },
);

export type ClusterConfig = Static<typeof ClusterConfig>;
