import { expect, test } from 'vitest';
import { systemClock } from '../../../core/clock.ts';
import { addressOf, tcpStream } from './tcp-stream.ts';

const NO_EVENTS = { bytes: () => {}, closed: () => {} };

test('a connection that is being made is given up at once when nobody wants it any more', async () => {
  // TEST-NET-1 (RFC 5737) answers nobody.
  const open = tcpStream({ host: '192.0.2.1', port: 502 }, systemClock);
  const before = AbortSignal.abort();
  await expect(open(NO_EVENTS, before)).rejects.toThrow();
  const stopping = new AbortController();
  const startMs = performance.now();
  const opening = open(NO_EVENTS, stopping.signal);
  setImmediate(() => stopping.abort());
  await expect(opening).rejects.toThrow();
  expect(performance.now() - startMs).toBeLessThan(4_000);
});

test('an IPv6 address stands in brackets', () => {
  expect(addressOf({ host: 'fd00::7', port: 502 })).toBe('[fd00::7]:502');
  expect(addressOf({ host: 'plc.local', port: 502 })).toBe('plc.local:502');
});
