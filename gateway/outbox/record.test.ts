import { describe, expect, test } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import type { NumberedMessage } from './outbox.ts';
import {
  decodeRecord,
  encodeBoot,
  encodeClose,
  encodeData,
  encodeHeader,
  encodeMetric,
  encodeReserve,
  findRecord,
} from './record.ts';

/*
 * What is on the disks of gateways must be read by every later release: these bytes stand. The CRC-32 (IEEE 802.3, the
 * one of zlib) was worked out with Python's binascii, not with the code under test.
 */
const METRIC = { name: 'a/b', dataType: DATA_TYPES.Double, properties: { u: '%' } };
const MESSAGE: NumberedMessage = {
  first: 300,
  device: 'd',
  stamp: { timeMs: 1.5, clock: 'unsynced', moment: { boot: 'k', monotonicMs: 2 } },
  samples: [
    { metric: METRIC, value: 7, quality: 'good' },
    { metric: METRIC, value: -0, quality: 'bad' },
    { metric: METRIC, value: null, quality: 'uncertain' },
    { metric: METRIC, value: true, quality: 'good' },
    { metric: METRIC, value: 'öl', quality: 'good' },
  ],
};
const dictionary = { indexOf: () => 0, bootIndexOf: () => 0 };
const definitions = { metrics: [{ device: 'd', metric: METRIC }], boots: ['k'] };

const RECORDS: Record<string, [record: Buffer, hex: string, decoded: object]> = {
  header: [
    encodeHeader('00112233445566ff', 300),
    'a75c6975074b0d00000000010800112233445566ffac02',
    { kind: 'header', ledger: '00112233445566ff', first: 300 },
  ],
  metric: [
    encodeMetric(0, 'd', METRIC),
    'a75cbb61ca9d130000000100016403612f620a097b2275223a2225227d',
    { kind: 'metric', index: 0, device: 'd', metric: METRIC },
  ],
  boot: [encodeBoot(0, 'k'), 'a75c89901a88040000000200016b', { kind: 'boot', index: 0, boot: 'k' }],
  data: [
    encodeData(MESSAGE, dictionary),
    'a75cf157c81b2d00000003ac02000000000000f83f0500000000000000004005001007000e000000000000008000010008001403c3b66c',
    { kind: 'data', message: MESSAGE },
  ],
  reserve: [
    encodeReserve(300, 'm'),
    'a75c56a93f770500000004ac02016d',
    { kind: 'reserve', number: 300, machineBoot: 'm' },
  ],
  close: [encodeClose(300), 'a75cc195f3460300000005ac02', { kind: 'close', number: 300 }],
};

describe.each(Object.entries(RECORDS))('the record %s', (_, [record, hex, decoded]) => {
  test('has the bytes that it has always had', () => {
    expect(record.toString('hex')).toBe(hex);
  });

  test('comes back from them', () => {
    const bytes = Buffer.from(hex, 'hex');
    const { found } = findRecord(bytes, 0);
    expect(found).toEqual({ start: 0, end: bytes.length });
    expect(decodeRecord(bytes, found!, definitions)).toEqual(decoded);
  });
});

test('a record is found behind whatever is in front of it, and one that is cut off is where the rest begins', () => {
  const record = encodeClose(5);
  const bytes = Buffer.concat([Buffer.from('a75ca7', 'hex'), record, record.subarray(0, 9)]);
  const { found } = findRecord(bytes, 0);
  expect(found).toEqual({ start: 3, end: 3 + record.length });
  expect(findRecord(bytes, found!.end)).toEqual({ found: undefined, restAt: found!.end });
});

test('a record of a kind that is not known, or that refers to what is not defined, is none', () => {
  const record = encodeData(MESSAGE, dictionary);
  const found = { start: 0, end: record.length };
  expect(decodeRecord(record, found, { metrics: [], boots: ['k'] })).toBeUndefined();
  const other = Buffer.from(record);
  other[10] = 9;
  expect(decodeRecord(other, found, definitions)).toBeUndefined();
});
