import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

describe.skipIf(process.platform !== 'linux')('addresses of sockets', async () => {
  const { SocketAddresses } = await import('./socket-address.ts');
  const addresses = new SocketAddresses();
  const hexOf = (family: 4 | 6, address: string, port: number) =>
    addresses.toKernel(family, address, port)?.toString('hex');

  test('as the kernel has them', () => {
    expect(hexOf(4, '192.0.2.7', 862)).toBe('0200035ec00002070000000000000000');
    expect(hexOf(6, '2001:db8::7', 8620)).toBe(
      '0a00' + '21ac' + '00000000' + '20010db8000000000000000000000007' + '00000000',
    );
    expect(hexOf(6, 'fe80::1%2', 1)).toBe(
      '0a00' + '0001' + '00000000' + 'fe800000000000000000000000000001' + '02000000',
    );
    expect(hexOf(6, '::ffff:192.0.2.7', 1)).toContain('00000000000000000000ffffc0000207');
  });

  test('an interface may be named', () => {
    // The loopback interface is the first that a network namespace has.
    expect(addresses.toKernel(6, 'fe80::2%lo', 1)!.readUInt32LE(24)).toBe(1);
    expect(addresses.toKernel(6, 'fe80::2%none', 1)!.readUInt32LE(24)).toBe(0);
  });

  test('what is no address, or of the other family, is none', () => {
    for (const text of ['', 'localhost', '1.2.3', '1.2.3.4.5', ':::', '1.2.3.4%2'])
      expect([addresses.toKernel(4, text, 1), addresses.toKernel(6, text, 1)]).toEqual([
        undefined,
        undefined,
      ]);
    expect(addresses.toKernel(4, '::1', 1)).toBeUndefined();
    expect(addresses.toKernel(6, '127.0.0.1', 1)).toBeUndefined();
  });

  test('any address comes back as RFC 5952 writes it', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const text = addresses.toText(addresses.toKernel(6, address, 1)!, 0);
        expect(`[${text}]`).toBe(new URL(`http://[${address}]`).hostname);
      }),
      {
        examples: [
          ['::'],
          ['::1'],
          ['1::'],
          ['1:0:0:2::3'],
          ['0:0:1::'],
          ['1:0:2:3:4:5:6:7'],
          ['::ffff:1.2.3.4'],
        ],
      },
    );
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(addresses.toText(addresses.toKernel(4, address, 1)!, 0)).toBe(address);
      }),
    );
    expect(addresses.toText(addresses.toKernel(6, 'fe80::1%7', 1)!, 0)).toBe('fe80::1%7');
  });

  test('more peers than are remembered are understood all the same', () => {
    for (let at = 0; at < 20_000; at++) {
      const address = `10.0.${at >> 8}.${at & 255}`;
      expect(addresses.toText(addresses.toKernel(4, address, 1)!, 0)).toBe(address);
    }
  });
});
