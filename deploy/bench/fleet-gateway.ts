import { encodeMark, LEDGER_METRICS } from '../../core/ledger.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { formatTopic, type MessageType } from '../../core/sparkplug/topic.ts';
import type { FleetOrder } from './fleet-order.ts';

const DEVICE = 'd';
/** Where the varint of the time (6 bytes until the year 2109) and the double lie in a metric; see `#template`. */
const METRIC_BYTES = 20;
const TIME_AT = 5;
const VALUE_AT = 12;

/**
 * Makes the messages of one gateway for a load generator: a data message is a template whose times and values are
 * patched, because encoding each anew would cost as much as all that is measured. Values have one decimal, as sensors'.
 */
export class FleetGateway {
  readonly name: string;
  readonly #order: FleetOrder;
  readonly #ledger: string;
  readonly #head: Buffer;
  readonly #live: Buffer;
  readonly #historical: Buffer;
  #seq = 0;
  #turn = 0;
  #messages = 0;

  constructor(index: number, order: FleetOrder) {
    this.name = `g${index}`;
    this.#order = order;
    this.#ledger = index.toString(16).padStart(16, '0');
    const topic = Buffer.from(this.#topic('DDATA', DEVICE));
    this.#head = Buffer.concat([Buffer.from([topic.length >> 8, topic.length & 255]), topic]);
    this.#live = template(order.readingsPerMessage, []);
    this.#historical = template(order.readingsPerMessage, [0x28, 1]);
  }

  /** NBIRTH and DBIRTH as MQTT packets. */
  births(timeMs: number, firstNumber: number, nextNumber: number): Buffer {
    const { seriesPerGateway, isNumbered } = this.#order;
    const node: Metric[] = [
      { name: 'bdSeq', dataType: DATA_TYPES.Int64, value: 0 },
      { name: 'Node Control/Rebirth', dataType: DATA_TYPES.Boolean, value: false },
    ];
    if (isNumbered) {
      node.push({ name: LEDGER_METRICS.id, dataType: DATA_TYPES.String, value: this.#ledger });
      node.push({ name: LEDGER_METRICS.first, dataType: DATA_TYPES.Int64, value: firstNumber });
      node.push({ name: LEDGER_METRICS.next, dataType: DATA_TYPES.Int64, value: nextNumber });
    }
    const device = Array.from({ length: seriesPerGateway }, (_, n) => ({
      ...{ name: `irrigation/pressure/p${n}`, alias: n + 1, dataType: DATA_TYPES.Double, value: 20, timeMs },
    }));
    const nbirth = encodePayload({ timeMs, seq: 0, metrics: node });
    const dbirth = encodePayload({ timeMs, seq: 1, metrics: device });
    this.#seq = 1;
    return Buffer.concat([
      ...packet(this.#topic('NBIRTH'), nbirth),
      ...packet(this.#topic('DBIRTH', DEVICE), dbirth),
    ]);
  }

  /** The next data message, as an MQTT packet in parts; `first` is the number of its first reading. */
  data(timeMs: number, first: number, isHistorical: boolean): Buffer[] {
    const { readingsPerMessage, seriesPerGateway, isNumbered } = this.#order;
    const metrics = Buffer.from(isHistorical ? this.#historical : this.#live);
    const size = metrics.length / readingsPerMessage;
    const high = Math.floor(timeMs / 2 ** 28);
    for (let n = 0, at = 0; n < readingsPerMessage; n++, at += size) {
      metrics[at + 3] = this.#turn + 1;
      this.#turn = (this.#turn + 1) % seriesPerGateway;
      metrics[at + TIME_AT] = (timeMs & 127) | 128;
      metrics[at + TIME_AT + 1] = ((timeMs >>> 7) & 127) | 128;
      metrics[at + TIME_AT + 2] = ((timeMs >>> 14) & 127) | 128;
      metrics[at + TIME_AT + 3] = ((timeMs >>> 21) & 127) | 128;
      metrics[at + TIME_AT + 4] = (high & 127) | 128;
      metrics[at + TIME_AT + 5] = high >>> 7;
      metrics.writeDoubleLE((200 + ((this.#messages + 7 * n) % 97)) / 10, at + VALUE_AT);
    }
    this.#seq = (this.#seq + 1) & 255;
    this.#messages++;
    const seq = this.#seq < 128 ? [0x18, this.#seq] : [0x18, this.#seq, 1];
    if (!isNumbered) return publish(this.#head, [metrics, Buffer.from(seq)]);
    const mark = encodeMark({ kind: 'readings', ledger: this.#ledger, first, count: readingsPerMessage });
    return publish(this.#head, [metrics, Buffer.from([...seq, 0x2a, mark.length, ...mark])]);
  }

  #topic(type: MessageType, device?: string): string {
    return formatTopic({
      site: 'farm',
      type,
      gateway: this.name,
      ...(device === undefined ? {} : { device }),
    });
  }
}

/** Metrics one after the other: 12 length · 10 alias · 18 time (6) · 69 value (8) · what else each ends with. */
function template(metrics: number, end: readonly number[]): Buffer {
  const one = Buffer.alloc(METRIC_BYTES + end.length);
  one.set([0x12, one.length - 2, 0x10, 1, 0x18]);
  one[VALUE_AT - 1] = 0x69;
  one.set(end, METRIC_BYTES);
  return Buffer.concat(Array.from({ length: metrics }, () => one));
}

function packet(topic: string, payload: Uint8Array): Buffer[] {
  const name = Buffer.from(topic);
  return publish(Buffer.concat([Buffer.from([name.length >> 8, name.length & 255]), name]), [payload]);
}

/** MQTT 3.1.1 PUBLISH, QoS 0: 30 · remaining length · topic length, topic · payload. */
function publish(head: Buffer, payload: readonly Uint8Array[]): Buffer[] {
  let rest = head.length;
  for (const part of payload) rest += part.length;
  const first = [0x30];
  for (; rest > 127; rest >>>= 7) first.push((rest & 127) | 128);
  first.push(rest);
  return [Buffer.from(first), head, ...(payload as Buffer[])];
}
