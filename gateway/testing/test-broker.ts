import { createServer } from 'node:net';
import { Aedes, type ConnectPacket } from 'aedes';
import { connectAsync } from 'mqtt';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import type { Payload } from '../../core/sparkplug/payload.ts';
import { EDGE_SUBSCRIPTIONS, type MessageType, parseTopic } from '../../core/sparkplug/topic.ts';

export interface SeenMessage {
  readonly type: MessageType;
  readonly device: string | undefined;
  readonly payload: Payload;
}

const HOST = 'test-host';

/** For tests: a plain broker and a host that sees everything that gateways send. */
export class TestBroker {
  readonly seen: SeenMessage[] = [];
  /** The CONNECT packets of gateways. */
  readonly connects: ConnectPacket[] = [];
  /** Topics that gateways have been granted. */
  readonly subscriptions: string[] = [];
  /** Whether a client may come in; the test's own host always may. */
  authenticate: (username: string | undefined, password: string | undefined) => boolean = () => true;
  #stop: (() => Promise<void>) | undefined;
  #publish: ((topic: string, payload: Buffer | string, retain: boolean) => Promise<unknown>) | undefined;

  async start(port: number): Promise<void> {
    const aedes = await Aedes.createBroker({
      preConnect: (_, packet, done) => {
        if (packet.clientId !== HOST) this.connects.push(packet);
        done(null, true);
      },
      authenticate: ({ id }, username, password, done) => {
        done(null, id === HOST || this.authenticate(username, password?.toString()));
      },
    });
    aedes.on('subscribe', (granted, client) => {
      if (client.id !== HOST) this.subscriptions.push(...granted.map(({ topic }) => topic));
    });
    const server = createServer(aedes.handle);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const host = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 4, clientId: HOST });
    host.on('message', (topic, bytes) => {
      const { type, device } = parseTopic(topic);
      this.seen.push({ type, device, payload: decodePayload(bytes) });
    });
    await host.subscribeAsync([...EDGE_SUBSCRIPTIONS]);
    this.#publish = (topic, payload, retain) => host.publishAsync(topic, payload, { retain });
    this.#stop = async () => {
      await host.endAsync(true);
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    };
  }

  async stop(): Promise<void> {
    await this.#stop?.();
    this.#stop = undefined;
  }

  async publish(topic: string, payload: Buffer | string, retain = false): Promise<void> {
    await this.#publish?.(topic, payload, retain);
  }

  /** `DBIRTH probe`, in the order of arrival. */
  get titles(): string[] {
    return this.seen.map(({ type, device }) => (device === undefined ? type : `${type} ${device}`));
  }

  /** The newest value of each metric of a device, by its name. */
  values(device: string): Record<string, unknown> {
    const names = new Map<number, string>();
    const values: Record<string, unknown> = {};
    for (const { payload } of this.seen.filter((one) => one.device === device)) {
      for (const { name, alias, value } of payload.metrics) {
        if (name !== undefined && alias !== undefined) names.set(alias, name);
        values[name ?? names.get(alias ?? -1) ?? '?'] = value;
      }
    }
    return values;
  }
}
