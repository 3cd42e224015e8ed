import { once } from 'node:events';
import mqtt from 'mqtt';
import type { LedgerMark } from '../../core/ledger.ts';
import type { Metric } from '../../core/sparkplug/payload.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { double, type EdgeMessage, EdgeMessages } from './edge-messages.ts';
import { TestBroker } from './test-broker.ts';

/**
 * The other side of the benchmark, in a process of its own: a broker, and gateways that publish to it over TCP as
 * fast as it takes them. Started by `ingest.bench.ts`, which tells it when to go.
 */
export interface Load {
  readonly gateways: number;
  readonly readingsPerMessage: number;
  readonly messagesPerGateway: number;
  /** Whether the gateways keep ledgers, so that every message is confirmed. */
  readonly isNumbered: boolean;
}

const broker = new TestBroker(await freePort());
await broker.start();
process.send!({ url: broker.url });

process.on('message', async (load: Load) => {
  const client = await mqtt.connectAsync(broker.url);
  const fleet = Array.from({ length: load.gateways }, (_, n) => new EdgeMessages('farm', `g${n}`));
  const startMs = Date.now() - load.messagesPerGateway * 100;
  const metrics = (message: number): Metric[] =>
    Array.from({ length: load.readingsPerMessage }, (_, n) =>
      double(`irrigation/pressure/p${n}`, 20 + ((message + n) % 997) / 7, startMs + message * 100),
    );
  const births = fleet.flatMap((edge, n) => [
    edge.nbirth(load.isNumbered ? EdgeMessages.ledgerMetrics(ledgerOf(n), 0, 0) : []),
    edge.dbirth('d', metrics(0)),
  ]);
  await writeAll(client.stream, births.map(publishPacket));
  const data: Buffer[] = [];
  for (let message = 1; message <= load.messagesPerGateway; message++) {
    for (const [n, edge] of fleet.entries()) {
      const mark = load.isNumbered ? markOf(n, message, load.readingsPerMessage) : undefined;
      data.push(publishPacket(edge.data('d', metrics(message), mark)));
    }
  }
  process.send!({ ready: true });
  await once(process, 'message');
  await writeAll(client.stream, data);
  await client.endAsync();
});

function ledgerOf(gateway: number): string {
  return gateway.toString(16).padStart(16, '0');
}

function markOf(gateway: number, message: number, count: number): LedgerMark {
  return { kind: 'readings', ledger: ledgerOf(gateway), first: (message - 1) * count, count };
}

process.on('disconnect', () => process.exit());

async function writeAll(stream: NodeJS.EventEmitter & { write(chunk: Buffer): boolean }, packets: Buffer[]) {
  for (const packet of packets) if (!stream.write(packet)) await once(stream, 'drain');
}

/** MQTT 3.1.1 PUBLISH, QoS 0: 30 · remaining length · topic length, topic · payload. */
function publishPacket({ topic, bytes }: EdgeMessage): Buffer {
  const name = Buffer.from(topic);
  let rest = 2 + name.length + bytes.length;
  const header = [0x30];
  for (; rest > 127; rest = Math.floor(rest / 128)) header.push((rest % 128) | 0x80);
  header.push(rest);
  return Buffer.concat([Buffer.from([...header, name.length >> 8, name.length & 255]), name, bytes]);
}
