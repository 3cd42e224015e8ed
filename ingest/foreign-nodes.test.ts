import mqtt from 'mqtt';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { DATA_TYPES } from '../core/sparkplug/payload.ts';
import { oracleEncode } from '../core/sparkplug/testing/oracle.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { TestBroker } from './testing/test-broker.ts';
import { WholeIngest } from './testing/whole-ingest.ts';

/** Int32Array of Sparkplug 3.0 (table 12): its values are packed into bytes. */
const INT32_ARRAY = 24;
const NOW_MS = Date.now();

/**
 * Nodes of others as they were seen on the wire, each with its fault, in bytes that are not made by our encoder: they go
 * through all of ingest, and cost nothing but what cannot be stored.
 */
describe('a foreign Sparkplug node', () => {
  let ingest: WholeIngest;
  let send: (type: string, payload: object | Uint8Array) => void;

  beforeEach(async () => {
    const broker = new TestBroker(await freePort());
    await broker.start();
    onTestFinished(() => broker.stop());
    ingest = await WholeIngest.start(broker.url);
    const client = await mqtt.connectAsync(broker.url);
    onTestFinished(() => client.endAsync(true));
    send = (type, payload) => {
      const bytes = payload instanceof Uint8Array ? payload : oracleEncode(payload);
      const topic = `spBv1.0/coop/${type}/node${type.startsWith('D') ? '/dev' : ''}`;
      client.publish(topic, Buffer.from(bytes));
    };
  });

  async function gateway(): Promise<Record<string, unknown>> {
    const { gateways } = (await (await fetch(`${ingest.url}api/v1/gateways`)).json()) as {
      gateways: Record<string, unknown>[];
    };
    return gateways[0] ?? {};
  }

  const foreign = async () => {
    const found = await ingest.store.last({ where: { site: ['coop'] } });
    return Object.fromEntries(found.map(({ series, value }) => [series.field, value]));
  };

  test('without bdSeq, with an alias on its rebirth metric and an empty NDEATH, as the C example of Tahu has it', async () => {
    const rebirth = {
      name: 'Node Control/Rebirth',
      alias: 1,
      datatype: DATA_TYPES.Boolean,
      booleanValue: false,
    };
    const metric = { name: 'Metric2', alias: 6, datatype: DATA_TYPES.Int16, intValue: 13 };
    send('NBIRTH', { timestamp: NOW_MS, seq: 0, metrics: [rebirth, metric] });
    send('NDATA', { timestamp: NOW_MS + 1, seq: 1, metrics: [{ alias: 6, intValue: 65_531 }] });
    await eventually(async () => (await foreign()).Metric2 === -5);
    expect(await gateway()).toMatchObject({ online: true, missedMessages: 0, delivery: { ledger: 'none' } });
    send('NDEATH', new Uint8Array());
    await eventually(async () => (await gateway()).online === false);
  });

  test('with bdSeq as UInt64 and no times on its metrics, as sparkplug-client sends them', async () => {
    const bdSeq = { name: 'bdSeq', datatype: DATA_TYPES.UInt64, longValue: 3 };
    const metric = { name: 'level', datatype: DATA_TYPES.Double, doubleValue: 1.5 };
    send('NBIRTH', { timestamp: NOW_MS - 5, seq: 0, metrics: [bdSeq, metric] });
    await eventually(async () => (await foreign()).level === 1.5);
    expect((await ingest.store.last({}))[0]!.timeMs).toBe(NOW_MS - 5);
    send('NDEATH', { metrics: [{ ...bdSeq, longValue: 2 }] });
    send('NDEATH', { metrics: [bdSeq] });
    await eventually(async () => (await gateway()).online === false);
  });

  test('with negative 64-bit integers, and with values that no datatype ever described', async () => {
    const minusFive = '18446744073709551611';
    send('NBIRTH', { timestamp: NOW_MS, seq: 0, metrics: [] });
    const int64 = { name: 'big', alias: 1, datatype: DATA_TYPES.Int64, longValue: minusFive };
    const bare = { name: 'bare', alias: 2, doubleValue: 2.5 };
    send('DBIRTH', { timestamp: NOW_MS, seq: 1, metrics: [int64, bare] });
    await eventually(async () => (await foreign()).bare === 2.5);
    expect((await foreign()).big).toBe(-5);
    const data = [
      { alias: 1, longValue: '18446744073709551610' },
      { alias: 2, doubleValue: 3.5 },
    ];
    send('DDATA', { timestamp: NOW_MS + 1, seq: 2, metrics: data });
    await eventually(async () => (await foreign()).bare === 3.5);
    expect((await foreign()).big).toBe(-6);
  });

  test('with arrays, data sets and templates beside its values: they are refused by name, the values stored', async () => {
    const list = { name: 'list', datatype: INT32_ARRAY, bytesValue: Buffer.from([1, 0, 0, 0]) };
    const plain = { name: 'plain', datatype: DATA_TYPES.Int32, intValue: 7 };
    const known = oracleEncode({ timestamp: NOW_MS, seq: 0, metrics: [list, plain] });
    // metrics (12) { name (0a) · datatype (20) · data set (8a 01) or template (92 01), empty }
    const set = Buffer.from('120a0a0373657420108a0100', 'hex');
    const template = Buffer.from('120a0a036d6f742013920100', 'hex');
    send('NBIRTH', Buffer.concat([known, set, template]));
    await eventually(async () => (await foreign()).plain === 7);
    expect(await foreign()).toEqual({ plain: 7 });
    expect(await ingest.counted('received', 'node')).toBe(4);
    expect(await ingest.counted('rejected_total', 'node')).toBe(3);
  });

  test('with 40 kB of templates in templates', async () => {
    let nested: Buffer = Buffer.alloc(0);
    // A template's metrics are its field 2, a metric's template its field 18.
    while (nested.length < 40_000) nested = field([0x92, 0x01], field([0x12], nested));
    const metric = Buffer.concat([Buffer.from('0a036d6f742013', 'hex'), nested]);
    const plain = { name: 'plain', datatype: DATA_TYPES.Int32, intValue: 7 };
    const known = oracleEncode({ timestamp: NOW_MS, seq: 0, metrics: [plain] });
    send('NBIRTH', Buffer.concat([known, field([0x12], metric)]));
    await eventually(async () => (await foreign()).plain === 7);
    expect(await ingest.counted('rejected_total', 'node')).toBe(1);
  });

  test('without a ledger, of which messages are missing: as many as its seq shows', async () => {
    const metric = { name: 'a', datatype: DATA_TYPES.Int32, intValue: 1 };
    send('NBIRTH', { timestamp: NOW_MS, seq: 0, metrics: [metric] });
    send('NDATA', { timestamp: NOW_MS + 1, seq: 1, metrics: [metric] });
    send('NDATA', { timestamp: NOW_MS + 2, seq: 5, metrics: [metric] });
    await eventually(async () => (await gateway()).missedMessages === 3);
    expect(await gateway()).toMatchObject({
      stored: 3,
      delivery: { ledger: 'none', produced: 0, share: null },
    });
  });
});

/** One length-delimited field of protobuf: key · length as a varint · bytes. */
function field(key: readonly number[], bytes: Buffer): Buffer {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...key, ...length, rest]), bytes]);
}
