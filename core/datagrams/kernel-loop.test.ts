import { describe, expect, test } from 'vitest';
import { createDatagramLoop } from './create-datagram-loop.ts';
import { datagramLoopSuite, on, runWith, sendingFirst } from './datagram-loop.suite.ts';

const isHere = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

describe.skipIf(!isHere)('the kernel loop', () => {
  datagramLoopSuite('kernel');

  test.each([
    [4, '127.0.0.1'],
    [6, '::1'],
  ] as const)('IPv%i: TTL and DSCP are set, and seen on arrival', async (family, host) => {
    const loop = await createDatagramLoop('kernel');
    const from = await loop.open(on(family, { ttl: 77, dscp: 46 }));
    const to = await loop.open(on(family));
    const seen: unknown[] = [];
    await runWith(loop, {
      ...sendingFirst(() => {
        from.send(Buffer.from('x'), host, to.port);
        from.send(Buffer.from('x'), host, to.port, 10);
        from.send(Buffer.from('x'), host, to.port);
      }),
      datagram: (_, { ttl, dscp, stampedBy }) => {
        if (seen.push({ ttl, dscp, stampedBy }) === 3) loop.stop();
      },
    });
    const marked = (dscp: number) => ({ ttl: 77, dscp, stampedBy: 'kernel' });
    expect(seen).toEqual([marked(46), marked(10), marked(46)]);
  });

  test('what a socket had no room for is told before the next that comes, and once', async () => {
    const loop = await createDatagramLoop('kernel');
    const [from, roomy] = [await loop.open(on(4)), await loop.open(on(4))];
    const narrow = await loop.open(on(4, { receiveBufferBytes: 1 }));
    const say = (text: string, to = narrow) => from.send(Buffer.from(text), to.address, to.port);
    const heard: string[] = [];
    await runWith(loop, {
      ...sendingFirst(() => {
        for (let at = 0; at < 100; at++) say('early');
        say('the narrow one is empty', roomy);
      }),
      datagram: (socket, { bytes }) => {
        const text = Buffer.from(bytes).toString();
        heard.push(text);
        if (socket === roomy) say('next');
        else if (text === 'next') say('last');
        else if (text === 'last') loop.stop();
      },
      overflowed: (socket, count) => {
        expect(socket).toBe(narrow);
        heard.push(`${count} were dropped`);
      },
    });
    const early = heard.filter((text) => text === 'early');
    expect(early.length).toBeLessThan(100);
    const after = ['the narrow one is empty', `${100 - early.length} were dropped`, 'next', 'last'];
    expect(heard).toEqual([...early, ...after]);
  });
});

test('where it is not to be had, the other says why', async () => {
  const loop = await createDatagramLoop('auto');
  expect(loop.kind).toBe(isHere ? 'kernel' : 'dgram');
  expect(loop.reason === undefined).toBe(isHere);
  expect((await createDatagramLoop('dgram')).reason).toBe('it is set to dgram');
});
