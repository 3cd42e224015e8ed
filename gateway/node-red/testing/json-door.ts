import { createServer } from 'node:net';
import { Aedes } from 'aedes';
import { connectAsync, type MqttClient } from 'mqtt';
import { onTestFinished } from 'vitest';
import { freePort } from '../../../core/testing/free-port.ts';

const INGEST = 'ingest';

export interface SeenCommand {
  readonly user: string;
  readonly command: Record<string, unknown> & { readonly id: string };
}

/** For tests: a broker, and what ingest says and hears there in JSON for one site. */
export class JsonDoor {
  readonly site = 'farm';
  readonly commands: SeenCommand[] = [];
  port = 0;
  /** User and password of whoever comes in. */
  readonly logins: string[] = [];
  authenticate: (user: string, password: string) => boolean = () => true;
  maySubscribe: (topic: string) => boolean = () => true;
  /** A broker that takes commands and never acknowledges them. */
  isMute = false;
  readonly unanswered: (() => void)[] = [];
  #client: MqttClient | undefined;
  #close: (() => Promise<void>) | undefined;

  static async start(): Promise<JsonDoor> {
    const door = new JsonDoor();
    door.port = await freePort();
    onTestFinished(() => door.stop());
    await door.open();
    return door;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async open(): Promise<void> {
    const aedes = await Aedes.createBroker({
      authenticate: ({ id }, user, password, done) => {
        if (id !== INGEST) this.logins.push(`${user ?? ''}:${password ?? ''}`);
        const accepted = id === INGEST || this.authenticate(user ?? '', password?.toString() ?? '');
        done(accepted ? null : Object.assign(new Error('refused'), { returnCode: 4 as const }), accepted);
      },
      authorizeSubscribe: (_, subscription, done) =>
        done(null, this.maySubscribe(subscription.topic) ? subscription : null),
      authorizePublish: (client, _packet, done) => {
        if (!this.isMute || client?.id === INGEST) done(null);
        else this.unanswered.push(() => done(new Error('the broker stops')));
      },
    });
    const server = createServer(aedes.handle);
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    const client = await connectAsync(this.url, { protocolVersion: 4, clientId: INGEST, reconnectPeriod: 0 });
    client.on('message', (topic, bytes) => {
      this.commands.push({ user: topic.split('/')[3] ?? '', command: JSON.parse(bytes.toString()) });
    });
    await client.subscribeAsync('sluice/+/command/+');
    this.#client = client;
    this.#close = async () => {
      await client.endAsync(true);
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      await new Promise<void>((resolve) => server.close(() => resolve()));
    };
  }

  async stop(): Promise<void> {
    const close = this.#close;
    this.#close = undefined;
    for (const give of this.unanswered.splice(0)) give();
    await close?.();
  }

  /** `topic` below the site, such as `event`. A text goes out as it is. */
  async says(topic: string, value: object | string, retain = false): Promise<void> {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    await this.#client?.publishAsync(`sluice/${this.site}/${topic}`, text, { qos: 1, retain });
  }

  /** A reading of soil moisture, as ingest tells it; what is given replaces its parts. */
  reading(parts: Record<string, unknown> = {}): Record<string, unknown> {
    const timeMs = Date.now();
    const soil = { measurement: 'soil', field: 'moisture', point: '', zone: 'north', unit: '%' };
    return { ...soil, value: 24.1, quality: 'good', timeMs, ...parts };
  }

  async saysReading(device: string, parts: Record<string, unknown> = {}): Promise<void> {
    const readings = [this.reading(parts)];
    await this.says(`readings/pump-house/${device}`, { timeMs: Date.now(), readings });
  }

  async saysZone(...readings: readonly Record<string, unknown>[]): Promise<void> {
    const named = readings.map((one) => ({ gateway: 'pump-house', device: 'soil-north', ...one }));
    await this.says('zones/north', { zone: 'north', timeMs: Date.now(), readings: named }, true);
  }
}
