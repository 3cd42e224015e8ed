import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SluiceError } from '../errors.ts';
import { blockOf } from './block.ts';
import {
  CODES,
  type CoapMessage,
  decodeMessage,
  emptyMessage,
  encodeMessage,
  formatCode,
} from './message.ts';
import { OPTIONS, pathOf, recognise, textOption, textsOf, uintOf, uintOption } from './option.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const NOTHING = new Uint8Array();

/** RFC 7252, appendix A, with the messages of figures 16 to 21. */
const PUBLISHED: [name: string, wire: string, message: CoapMessage][] = [
  ['figure 16: CON GET /temperature', '40 01 7d34 bb 74656d7065726174757265', request('CON', 0x7d34, '')],
  ['figure 16: ACK 2.05 "22.3 C"', '60 45 7d34 ff 32322e332043', answer('ACK', 0x7d34, '')],
  ['figure 17: with the token 0x20', '41 01 7d35 20 bb 74656d7065726174757265', request('CON', 0x7d35, '20')],
  ['figure 17: ACK with the token', '61 45 7d35 20 ff 32322e332043', answer('ACK', 0x7d35, '20')],
  ['figure 20: empty ACK', '60 00 7d38', emptyMessage('ACK', 0x7d38)],
  ['figure 21: NON GET', '50 01 7d40 bb 74656d7065726174757265', request('NON', 0x7d40, '')],
];

function request(type: CoapMessage['type'], id: number, token: string): CoapMessage {
  const options = [textOption(OPTIONS.uriPath, 'temperature')];
  return { type, code: CODES.get, id, token: bytes(token), options, payload: NOTHING };
}

function answer(type: CoapMessage['type'], id: number, token: string): CoapMessage {
  return { type, code: CODES.content, id, token: bytes(token), options: [], payload: Buffer.from('22.3 C') };
}

test.each(PUBLISHED)('%s', (_, wire, message) => {
  expect(hex(encodeMessage(message))).toBe(hex(bytes(wire)));
  const decoded = decodeMessage(bytes(wire));
  expect({ ...decoded, token: hex(decoded.token), payload: hex(decoded.payload) }).toMatchObject({
    type: message.type,
    code: message.code,
    id: message.id,
    token: hex(message.token),
    payload: hex(message.payload),
  });
  expect(pathOf(decoded)).toBe(pathOf(message));
});

test('what coap-client 4.3.1 sends: a registration with queries, and a first block', () => {
  // coap-client-notls -m post -t 40 -e '</3/0>' 'coap://127.0.0.1:5684/rd?ep=node-1&lt=300'
  const registration = decodeMessage(
    bytes('4102a8c7 01 721634 427264 1128 39 65703d6e6f64652d31 06 6c743d333030 ff 3c2f332f303e'),
  );
  expect(pathOf(registration)).toBe('/rd');
  expect(uintOf(registration, OPTIONS.contentFormat)).toBe(40);
  expect(textsOf(registration, OPTIONS.uriQuery)).toEqual(['ep=node-1', 'lt=300']);
  expect(Buffer.from(registration.payload).toString()).toBe('</3/0>');
  // coap-client-notls -m post -t 112 -b 16 -e 12345678901234567890 coap://127.0.0.1:5684/senml
  const block = decodeMessage(
    bytes(
      '41027412 01 721634 4573656e6d6c 1170 d10208 d11414 d4db4fd924d9 ff 31323334353637383930313233343536',
    ),
  );
  expect(blockOf(block, OPTIONS.block1)).toEqual({ number: 0, isMore: true, size: 16 });
  expect(uintOf(block, OPTIONS.size1)).toBe(20);
  // Request-Tag, 292, is elective and not known here.
  expect(recognise(block.options)).toMatchObject({ unknownCritical: undefined, options: { length: 5 } });
});

test('deltas and lengths of every size: 12, 13, 268, 269 and more', () => {
  for (const size of [0, 12, 13, 14, 268, 269, 270, 1000]) {
    const options = [
      { number: 1, value: Buffer.alloc(size, 1) },
      { number: 1 + size, value: Buffer.alloc(3) },
      { number: 65_535, value: NOTHING },
    ];
    const message = { ...request('CON', 1, '0102030405060708'), options, payload: Buffer.from('x') };
    const decoded = decodeMessage(encodeMessage(message));
    expect(decoded.options.map(({ number, value }) => [number, value.length])).toEqual([
      [1, size],
      [1 + size, 3],
      [65_535, 0],
    ]);
  }
  // 269 is e0 0000 (RFC 7252, 3.1).
  const wire = encodeMessage({ ...request('CON', 1, ''), options: [{ number: 269, value: NOTHING }] });
  expect(hex(wire)).toBe('40010001e00000');
});

test.each([
  ['a token of 9 bytes', '49 01 0001 010203040506070809'],
  ['a token that is cut off', '48 01 0001 0102'],
  ['an empty message with a token', '41 00 0001 01'],
  ['a reserved class', '40 20 0001'],
  ['nothing after the payload marker', '40 01 0001 ff'],
  ['option length 15', '40 01 0001 bf'],
  ['option delta 15 that is no marker', '40 01 0001 f1 00'],
  ['an option that is cut off', '40 01 0001 b5 01'],
  ['an extended length that is cut off', '40 01 0001 be 01'],
  ['a number past 65535', '40 01 0001 e0 ffff e0 ffff'],
  ['another version', '80 01 0001'],
  ['three bytes', '40 01 00'],
])('a format error: %s', (_, wire) => {
  expect(() => decodeMessage(bytes(wire))).toThrow(expect.objectContaining({ code: 'PAYLOAD_INVALID' }));
});

test('options that are not recognised: critical ones are named, elective ones left out', () => {
  const strange = (number: number, size = 1) => ({ number, value: Buffer.alloc(size) });
  expect(recognise([strange(2050), uintOption(OPTIONS.observe, 1)])).toEqual({
    options: [uintOption(OPTIONS.observe, 1)],
    unknownCritical: undefined,
  });
  expect(recognise([strange(2051)]).unknownCritical).toBe(2051);
  // Too long, and repeated without leave (5.4.3, 5.4.5).
  expect(recognise([strange(OPTIONS.accept, 3)]).unknownCritical).toBe(OPTIONS.accept);
  expect(recognise([strange(OPTIONS.accept), strange(OPTIONS.accept)]).unknownCritical).toBe(OPTIONS.accept);
  expect(recognise([strange(OPTIONS.contentFormat), strange(OPTIONS.contentFormat)]).options).toHaveLength(1);
});

test('numbers go without leading zeroes', () => {
  expect(hex(uintOption(6, 0).value)).toBe('');
  expect(hex(uintOption(12, 11_542).value)).toBe('2d16');
  expect(uintOf({ options: [{ number: 12, value: bytes('002d16') }] }, 12)).toBe(11_542);
  expect(formatCode(CODES.notAcceptable)).toBe('4.06');
});

test('any bytes give a message or an error of the catalogue; what was decoded is encoded as it was', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (random, isLikely) => {
      const wire = isLikely ? Buffer.concat([Uint8Array.of(0x40, 1, 0, 1), random]) : random;
      try {
        const again = encodeMessage(decodeMessage(wire));
        expect(hex(encodeMessage(decodeMessage(again)))).toBe(hex(again));
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
});
