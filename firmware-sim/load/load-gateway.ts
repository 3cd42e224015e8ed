import { connect, type MqttClient } from 'mqtt';
import type { BrokerLogin } from '../../core/broker-connection.ts';
import { encodeBirthMark, encodeMark, LEDGER_METRICS, parseConfirmation } from '../../core/ledger.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric, type Payload } from '../../core/sparkplug/payload.ts';
import { formatTopic, type MessageType } from '../../core/sparkplug/topic.ts';
import { Confirmed } from './confirmed.ts';
import {
  gatewayId,
  LOAD_QUANTITY,
  type LoadPlan,
  ledgerId,
  loadReading,
  messageTimeMs,
} from './load-reading.ts';

/** What all gateways of a fleet count together. */
export interface LoadCounts {
  connects: number;
  births: number;
  sentLive: number;
  sentAgain: number;
  confirmed: number;
}

export interface LoadGatewayOptions {
  readonly site: string;
  readonly url: string;
  readonly login: BrokerLogin;
  readonly nowMs: () => number;
  /** Of the births, which are the same for every gateway of the fleet; absent where they tell none. */
  readonly births: string | undefined;
  readonly counts: LoadCounts;
  /** The connection is gone; somebody connects it again in its turn. */
  readonly lost: (gateway: LoadGateway) => void;
}

const REBIRTH = 'Node Control/Rebirth';
/** Unwritten bytes above which a socket is taken as full: the message counts as not sent, and goes again later. */
const MOST_UNWRITTEN_BYTES = 65_536;
/** With thousands of connections each ping costs; a broker that hangs is noticed by what is not confirmed. */
const KEEPALIVE_S = 120;
const DOUBLE = DATA_TYPES.Double;

/** Rounds of sending again after which one that heard nothing connects anew, as a real gateway does in the end. */
const UNHEARD_ROUNDS = 5;

/**
 * One Sparkplug edge node of a fleet (Sparkplug B 3.0). It keeps no readings: each follows from its number, so that what
 * is not confirmed is made again when it has to be sent again, and thousands of them take little memory.
 */
export class LoadGateway {
  readonly index: number;
  readonly id: string;
  readonly #plan: LoadPlan;
  readonly #options: LoadGatewayOptions;
  readonly #ledger: string;
  readonly #confirmed = new Confirmed();
  #client: MqttClient | undefined;
  #isOnline = false;
  #bdSeq = -1;
  #seq = 0;
  /** Messages so far, sent or not. */
  #produced = 0;
  /** The number from which on it looks for what to send again. */
  #resendFrom = 0;
  #roundMs = 0;
  /** Since something was heard. */
  #rounds = 0;

  constructor(index: number, plan: LoadPlan, options: LoadGatewayOptions) {
    this.index = index;
    this.id = gatewayId(index);
    this.#plan = plan;
    this.#options = options;
    this.#ledger = ledgerId(plan, index);
  }

  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Readings so far. */
  get produced(): number {
    return this.#produced * this.#plan.metrics;
  }

  get confirmed(): number {
    return this.#confirmed.count;
  }

  connect(): void {
    this.#bdSeq = (this.#bdSeq + 1) % 256;
    this.#options.counts.connects += 1;
    const client = connect(this.#options.url, {
      ...this.#options.login,
      clientId: `${this.#options.site}-${this.id}`,
      protocolVersion: 4,
      clean: true,
      keepalive: KEEPALIVE_S,
      reconnectPeriod: 0,
      queueQoSZero: false,
      resubscribe: false,
      will: { topic: this.#topic('NDEATH'), payload: this.#death(), qos: 1, retain: false },
    });
    this.#client = client;
    client.on('connect', () => {
      client.subscribe(this.#topic('NCMD'), { qos: 1 }, (error) => {
        if (client !== this.#client) return;
        if (error) {
          client.end(true);
          return;
        }
        this.#isOnline = true;
        // What was under way when the line went may be lost: it is looked at again from the first gap.
        this.#resendFrom = 0;
        this.#roundMs = 0;
        this.#rounds = 0;
        this.#birth();
      });
    });
    client.on('message', (_topic, bytes) => this.#onCommand(bytes));
    // Told by `close`, which follows.
    client.on('error', () => {});
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#client = undefined;
      this.#isOnline = false;
      client.end(true);
      this.#options.lost(this);
    });
  }

  async disconnect(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (!client) return;
    if (this.#isOnline) client.publish(this.#topic('NDEATH'), this.#death(), { qos: 0 });
    this.#isOnline = false;
    await new Promise<void>((resolve) => client.end(false, {}, () => resolve()));
  }

  /** The next message of its plan is due: it is numbered, and sent if it can be. */
  produce(): void {
    const message = this.#produced++;
    if (this.#send(message, false)) this.#options.counts.sentLive += 1;
  }

  /** Sends up to `most` messages again that are unconfirmed for longer than `afterMs`; answers how many. */
  resend(most: number, afterMs: number): number {
    const nowMs = this.#options.nowMs();
    const olderThanMs = nowMs - afterMs;
    // One round through the gaps in that time, so that a host that is away does not get the same thing ever again.
    if (this.#resendFrom === 0 && this.#roundMs > olderThanMs) return 0;
    let sent = 0;
    while (sent < most && this.#isOnline) {
      const number = this.#confirmed.nextGap(this.#resendFrom);
      const message = Math.floor(number / this.#plan.metrics);
      const isDue = message < this.#produced && messageTimeMs(this.#plan, this.index, message) < olderThanMs;
      if (!isDue) {
        this.#resendFrom = 0;
        return sent;
      }
      if (this.#resendFrom === 0) {
        this.#roundMs = nowMs;
        if (this.#rounds++ >= UNHEARD_ROUNDS) {
          this.#client?.end(true);
          return sent;
        }
      }
      if (!this.#send(message, true)) return sent;
      this.#resendFrom = (message + 1) * this.#plan.metrics;
      this.#options.counts.sentAgain += 1;
      sent += 1;
    }
    return sent;
  }

  /** Where it does not send now, the message waits as unconfirmed. */
  #send(message: number, isHistorical: boolean): boolean {
    const client = this.#client;
    if (!client || !this.#isOnline || client.stream.writableLength > MOST_UNWRITTEN_BYTES) return false;
    const { metrics, devices } = this.#plan;
    const first = message * metrics;
    const device = message % devices;
    const readings = Array.from({ length: metrics }, (_, at) => {
      const { timeMs, value } = loadReading(this.#plan, this.index, first + at);
      const alias = device * metrics + at + 1;
      return { alias, timeMs, value, dataType: DOUBLE, ...(isHistorical ? { isHistorical } : {}) };
    });
    const { births } = this.#options;
    const mark = { kind: 'readings', ledger: this.#ledger, first, count: metrics } as const;
    const body = encodeMark(births === undefined ? mark : { ...mark, births });
    this.#publish('DDATA', readings, `dev-${device}`, body);
    return true;
  }

  #birth(): void {
    const { metrics, devices } = this.#plan;
    const timeMs = this.#options.nowMs();
    this.#seq = 0;
    this.#options.counts.births += 1;
    const { births } = this.#options;
    const body = births === undefined ? undefined : encodeBirthMark(births);
    const whole = (name: string, value: number): Metric => ({
      name,
      timeMs,
      dataType: DATA_TYPES.Int64,
      value,
    });
    const first = Math.min(this.#confirmed.nextGap(0), this.produced);
    const metricsOfNode = [
      whole('bdSeq', this.#bdSeq),
      { name: REBIRTH, timeMs, dataType: DATA_TYPES.Boolean, value: false },
      { name: LEDGER_METRICS.id, timeMs, dataType: DATA_TYPES.String, value: this.#ledger },
      whole(LEDGER_METRICS.first, first),
      whole(LEDGER_METRICS.next, this.produced),
    ];
    this.#publish('NBIRTH', metricsOfNode, undefined, body);
    const { measurement, field, unit } = LOAD_QUANTITY;
    for (let device = 0; device < devices; device++) {
      const born = Array.from({ length: metrics }, (_, at) => ({
        name: `${measurement}/${field}/p${at}`,
        alias: device * metrics + at + 1,
        timeMs,
        dataType: DOUBLE,
        value: null,
        properties: { engUnit: unit },
      }));
      this.#publish('DBIRTH', born, `dev-${device}`, body);
    }
  }

  #publish(type: MessageType, metrics: readonly Metric[], device?: string, body?: Uint8Array): void {
    const seq = this.#seq;
    this.#seq = (seq + 1) % 256;
    const payload: Payload = { timeMs: this.#options.nowMs(), seq, metrics, ...(body ? { body } : {}) };
    const bytes = encodePayload(payload, { omitTypes: type === 'DDATA' });
    this.#client?.publish(this.#topic(type, device), Buffer.from(bytes), { qos: 0 });
  }

  #onCommand(bytes: Uint8Array): void {
    this.#rounds = 0;
    let metrics: readonly Metric[];
    try {
      ({ metrics } = decodePayload(bytes, () => undefined));
    } catch {
      // A command that cannot be read asks for nothing.
      return;
    }
    for (const { name, value } of metrics) {
      if (name === REBIRTH && value === true && this.#isOnline) this.#birth();
      if (name !== LEDGER_METRICS.confirm || typeof value !== 'string') continue;
      const confirmation = parseConfirmation(value);
      if (confirmation?.ledger !== this.#ledger) continue;
      const before = this.#confirmed.count;
      for (const range of confirmation.ranges) this.#confirmed.add(range);
      this.#options.counts.confirmed += this.#confirmed.count - before;
    }
  }

  #death(): Buffer {
    const metrics = [{ name: 'bdSeq', dataType: DATA_TYPES.Int64, value: this.#bdSeq }];
    return Buffer.from(encodePayload({ timeMs: this.#options.nowMs(), metrics }));
  }

  #topic(type: MessageType, device?: string): string {
    const { site } = this.#options;
    return formatTopic({ site, type, gateway: this.id, ...(device === undefined ? {} : { device }) });
  }
}
