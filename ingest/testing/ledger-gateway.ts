import mqtt, { type MqttClient } from 'mqtt';
import { EVENT_METRIC } from '../../core/gateway-event.ts';
import { LEDGER_METRICS, type LedgerMark, type LedgerRange, parseConfirmation } from '../../core/ledger.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { double, type EdgeMessage, EdgeMessages } from './edge-messages.ts';

export const LEDGER = '0123456789abcdef';

/** A gateway with a ledger, as a script: sends what it is told to, and keeps count of what it was confirmed. */
export class LedgerGateway {
  readonly edge: EdgeMessages;
  readonly commands: Metric[] = [];
  readonly #client: MqttClient;
  readonly #confirmed = new Set<number>();
  readonly #messages = new Map<
    number,
    { readonly device: string | undefined; readonly metrics: readonly Metric[] }
  >();
  next = 0;
  rebirths = 0;

  private constructor(client: MqttClient, edge: EdgeMessages) {
    this.#client = client;
    this.edge = edge;
  }

  static async connect(url: string, gateway = 'pump-house'): Promise<LedgerGateway> {
    const client = await mqtt.connectAsync(url);
    const one = new LedgerGateway(client, new EdgeMessages('farm', gateway));
    client.on('message', (topic, bytes) => one.#onCommand(topic, bytes));
    await client.subscribeAsync([`spBv1.0/farm/NCMD/${gateway}`, `spBv1.0/farm/DCMD/${gateway}/+`], {
      qos: 1,
    });
    return one;
  }

  #onCommand(topic: string, bytes: Uint8Array): void {
    for (const metric of decodePayload(bytes).metrics) {
      if (metric.name === 'Node Control/Rebirth') {
        this.rebirths++;
        this.born();
      } else if (metric.name === LEDGER_METRICS.confirm) this.#onConfirm(String(metric.value));
      else if (topic.includes('/DCMD/')) this.commands.push(metric);
    }
  }

  #onConfirm(text: string): void {
    const confirmation = parseConfirmation(text);
    if (confirmation?.ledger !== LEDGER) throw new Error(`not a confirmation of ours: ${text}`);
    for (const { first, last } of confirmation.ranges) {
      for (let number = first; number <= last; number++) this.#confirmed.add(number);
    }
  }

  /** Numbers that ingest has vouched for. */
  get confirmed(): ReadonlySet<number> {
    return this.#confirmed;
  }

  born(
    valves: readonly Metric[] = [
      { name: 'irrigation/valve_state/v1', dataType: DATA_TYPES.Boolean, value: false },
    ],
  ): void {
    const first = this.#first();
    const event = { name: EVENT_METRIC, dataType: DATA_TYPES.String, value: null };
    this.#send(this.edge.nbirth([...EdgeMessages.ledgerMetrics(LEDGER, first, this.next), event]));
    this.#send(this.edge.dbirth('soil-1', [double('soil/ec', null, 0)]));
    this.#send(this.edge.dbirth('valves', valves));
  }

  #first(): number {
    for (let number = 0; number < this.next; number++) if (!this.#confirmed.has(number)) return number;
    return this.next;
  }

  /** Sends readings of one device under the next numbers: reading n is n µS/cm (or `values`), at `startMs` + n. */
  readings(
    count: number,
    startMs: number,
    values: readonly number[] = [],
    more: Pick<Metric, 'isHistorical'> = {},
  ): LedgerRange {
    const first = this.next;
    const metrics = Array.from({ length: count }, (_, n) => ({
      ...double('soil/ec', values[n] ?? (first + n) % 50_000, startMs + first + n),
      ...more,
    }));
    return this.#number('soil-1', metrics);
  }

  event(event: object): LedgerRange {
    const value = JSON.stringify(event);
    return this.#number(undefined, [
      { name: EVENT_METRIC, dataType: DATA_TYPES.String, value, timeMs: Date.now() },
    ]);
  }

  #number(device: string | undefined, metrics: readonly Metric[]): LedgerRange {
    const first = this.next;
    this.next += metrics.length;
    this.#messages.set(first, { device, metrics });
    this.repeat(first);
    return { first, last: this.next - 1 };
  }

  /** Sends the message that begins with this number again. */
  repeat(first: number, mark: Partial<LedgerMark> = {}): void {
    const { device, metrics } = this.#messages.get(first)!;
    const whole: LedgerMark = { kind: 'readings', ledger: LEDGER, first, count: metrics.length, ...mark };
    this.#send(this.edge.data(device, metrics, whole));
  }

  /** Sends everything again that is not confirmed. */
  repeatUnconfirmed(): number {
    let repeated = 0;
    for (const first of this.#messages.keys()) {
      if (this.#confirmed.has(first)) continue;
      this.repeat(first);
      repeated++;
    }
    return repeated;
  }

  dropped(first: number, count: number, fromMs: number, toMs: number): void {
    this.next = Math.max(this.next, first + count);
    this.#send(
      this.edge.data(undefined, [], { kind: 'dropped', ledger: LEDGER, first, count, fromMs, toMs }),
    );
  }

  offline(): void {
    this.#send(this.edge.ndeath());
  }

  #send({ topic, bytes }: EdgeMessage): void {
    this.#client.publish(topic, Buffer.from(bytes));
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }
}
