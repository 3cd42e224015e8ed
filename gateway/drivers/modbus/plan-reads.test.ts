import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planReads, type Span } from './plan-reads.ts';

const input = (address: number, count = 1): Span => ({ function: 'readInputRegisters', address, count });
const coil = (address: number): Span => ({ function: 'readCoils', address, count: 1 });
const requests = (spans: Span[], maxGap = 0) =>
  planReads(spans, maxGap).map(({ function: name, address, count }) => [name, address, count]);

test('neighbours become one read, in any order', () => {
  expect(requests([input(2, 2), input(0), input(1)])).toEqual([['readInputRegisters', 0, 4]]);
});

test('a gap is read along only where the device allows it', () => {
  expect(requests([input(0), input(3)])).toHaveLength(2);
  expect(requests([input(0), input(3)], 2)).toEqual([['readInputRegisters', 0, 4]]);
  expect(requests([input(0), input(4)], 2)).toHaveLength(2);
});

test('tables are read apart, and no read is longer than the protocol allows', () => {
  expect(requests([input(0), coil(1)])).toHaveLength(2);
  expect(requests(Array.from({ length: 130 }, (_, at) => input(at)))).toEqual([
    ['readInputRegisters', 0, 125],
    ['readInputRegisters', 125, 5],
  ]);
  expect(requests(Array.from({ length: 130 }, (_, at) => coil(at)))).toHaveLength(1);
});

test('two values of one register share a read', () => {
  expect(requests([input(5), input(5), input(5, 2)])).toEqual([['readInputRegisters', 5, 2]]);
});

test('every span lies within the read that it is given to, once', () => {
  const anySpan = fc.record({
    function: fc.constantFrom('readInputRegisters', 'readHoldingRegisters', 'readCoils'),
    address: fc.nat(400),
    count: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(
    fc.property(fc.array(anySpan), fc.nat(20), (spans, maxGap) => {
      const reads = planReads<Span>(spans, maxGap);
      expect(reads.flatMap((read) => read.spans)).toHaveLength(spans.length);
      for (const read of reads) {
        for (const span of read.spans) {
          expect(span.function).toBe(read.function);
          expect(span.address).toBeGreaterThanOrEqual(read.address);
          expect(span.address + span.count).toBeLessThanOrEqual(read.address + read.count);
        }
        expect(read.count).toBeLessThanOrEqual(read.function === 'readCoils' ? 2000 : 125);
      }
    }),
  );
});
