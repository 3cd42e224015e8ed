import mqtt, { type MqttClient } from 'mqtt';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { EdgeMessages } from './edge-messages.ts';

const MOISTURE = 'soil/moisture';

/** A gateway as a script: devices that tell their soil moisture, all with what a test says. */
export class SensorGateway {
  readonly #client: MqttClient;
  readonly #edge: EdgeMessages;
  readonly #devices: readonly string[];

  private constructor(client: MqttClient, edge: EdgeMessages, devices: readonly string[]) {
    this.#client = client;
    this.#edge = edge;
    this.#devices = devices;
  }

  /** Its will is its death, as of any gateway; so `vanish` is seen by the broker at once. */
  static async connect(url: string, gateway: string, devices: number): Promise<SensorGateway> {
    const edge = new EdgeMessages('farm', gateway);
    const { topic, bytes } = edge.ndeath();
    const will = { topic, payload: Buffer.from(bytes), qos: 1 as const, retain: false };
    const client = await mqtt.connectAsync(url, { will });
    const names = Array.from({ length: devices }, (_, n) => `s${n + 1}`);
    const one = new SensorGateway(client, edge, names);
    client.on('message', () => one.born());
    await client.subscribeAsync(`spBv1.0/farm/NCMD/${gateway}`, { qos: 1 });
    one.born();
    return one;
  }

  born(): void {
    this.#send(this.#edge.nbirth());
    for (const device of this.#devices) {
      const metric = {
        name: MOISTURE,
        dataType: DATA_TYPES.Double,
        value: null,
        properties: { zone: 'north' },
      };
      this.#send(this.#edge.dbirth(device, [metric]));
    }
  }

  /** Says it of all devices, or of those that are named. */
  report(value: number, devices = this.#devices): void {
    const timeMs = Date.now();
    for (const device of devices)
      this.#send(this.#edge.data(device, [{ name: MOISTURE, dataType: DATA_TYPES.Double, value, timeMs }]));
  }

  /** As a cable that is cut: the broker tells of its death. */
  vanish(): void {
    this.#client.end(true);
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }

  #send({ topic, bytes }: { readonly topic: string; readonly bytes: Uint8Array }): void {
    this.#client.publish(topic, Buffer.from(bytes));
  }
}
