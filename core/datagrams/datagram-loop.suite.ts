import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import { createDatagramLoop, type LoopChoice } from './create-datagram-loop.ts';
import type { Datagram, DatagramLoop, DatagramSocket, LoopHandler, SocketOptions } from './datagram-loop.ts';

/** Long enough for a machine that is busy, and never waited for where all is well. */
const PATIENCE_MS = 10_000;
const LOOPBACK = { 4: '127.0.0.1', 6: '::1' } as const;

export function on(family: 4 | 6, options: Partial<SocketOptions> = {}): SocketOptions {
  const rest = { port: 0, dscp: 0, ttl: 0, receiveBufferBytes: 500_000 };
  return { family, address: LOOPBACK[family], ...rest, ...options };
}

/** Runs `loop` until a callback of `parts` stops it; rejects where none does. */
export function runWith(loop: DatagramLoop, parts: Partial<LoopHandler>): Promise<void> {
  const giveUpMs = loop.monotonicMs() + PATIENCE_MS;
  return loop.run({
    dueMs: () => Math.min(parts.dueMs?.() ?? giveUpMs, giveUpMs),
    turn: () => {
      if (loop.monotonicMs() >= giveUpMs) throw new Error('nothing stopped the loop');
      parts.turn?.();
    },
    datagram: parts.datagram ?? (() => {}),
    message: parts.message ?? (() => {}),
    ...(parts.notSent ? { notSent: parts.notSent } : {}),
    ...(parts.overflowed ? { overflowed: parts.overflowed } : {}),
  });
}

/** Sends once, when the loop runs. */
export function sendingFirst(send: () => void): Pick<LoopHandler, 'dueMs' | 'turn'> {
  let isSent = false;
  return {
    dueMs: () => (isSent ? Number.POSITIVE_INFINITY : 0),
    turn: () => {
      isSent = true;
      send();
    },
  };
}

/** What every loop does. */
export function datagramLoopSuite(choice: LoopChoice): void {
  const channels: MessageChannel[] = [];
  const create = () => {
    const channel = new MessageChannel();
    channels.push(channel);
    return createDatagramLoop(choice, channel.port2).then((loop) => ({ loop, port: channel.port1 }));
  };

  afterEach(() => {
    for (const { port1 } of channels.splice(0)) port1.close();
  });

  describe.each([4, 6] as const)('IPv%i', (family) => {
    test('a datagram arrives with who sent it and when', async () => {
      const { loop } = await create();
      const [from, to] = [await loop.open(on(family)), await loop.open(on(family))];
      let sentMs = Number.NaN;
      let heard: (Datagram & { text: string; nowMs: number; socket: DatagramSocket }) | undefined;
      await runWith(loop, {
        ...sendingFirst(() => {
          sentMs = from.send(Buffer.from('hello'), LOOPBACK[family], to.port);
        }),
        datagram: (socket, datagram) => {
          const text = Buffer.from(datagram.bytes).toString();
          heard = { ...datagram, text, nowMs: loop.utcMs(), socket };
          loop.stop();
        },
      });
      expect(heard).toMatchObject({ text: 'hello', address: LOOPBACK[family], port: from.port });
      expect(heard!.socket).toBe(to);
      expect([from.address, from.trouble]).toEqual([LOOPBACK[family], undefined]);
      expect(heard!.stampedBy).toBe(loop.kind === 'kernel' ? 'kernel' : 'program');
      // Both are of the system's clock: the time of sending was taken before, and the arrival is not in the future.
      expect(heard!.arrivedMs).toBeGreaterThanOrEqual(sentMs - 0.5);
      expect(heard!.arrivedMs).toBeLessThanOrEqual(heard!.nowMs);
      expect(Math.abs(sentMs - Date.now())).toBeLessThan(PATIENCE_MS);
    });

    test('every one of a burst arrives, in order', async () => {
      const { loop } = await create();
      const [from, to] = [await loop.open(on(family)), await loop.open(on(family))];
      const heard: number[] = [];
      await runWith(loop, {
        ...sendingFirst(() => {
          for (let at = 0; at < 200; at++) from.send(Buffer.from([at]), LOOPBACK[family], to.port);
        }),
        datagram: (_, { bytes }) => {
          if (heard.push(bytes[0]!) === 200) loop.stop();
        },
      });
      expect(heard).toEqual(Array.from({ length: 200 }, (_, at) => at));
    });

    test('a datagram of the largest size, and an empty one, arrive whole', async () => {
      const { loop } = await create();
      const [from, to] = [await loop.open(on(family)), await loop.open(on(family))];
      const sizes: number[] = [];
      await runWith(loop, {
        ...sendingFirst(() => {
          for (const size of [65_000, 0]) from.send(Buffer.alloc(size, 7), LOOPBACK[family], to.port);
        }),
        datagram: (_, { bytes }) => {
          expect(bytes.every((byte) => byte === 7)).toBe(true);
          if (sizes.push(bytes.length) === 2) loop.stop();
        },
      });
      expect(sizes).toEqual([65_000, 0]);
    });

    test('an address that is taken is named, with the words of the system', async () => {
      const { loop } = await create();
      const { port } = await loop.open(on(family));
      const again = loop.open(on(family, { port }));
      await expect(again).rejects.toMatchObject({ code: 'SOCKET_UNAVAILABLE' });
      await expect(again).rejects.toThrow(`:${port}: `);
      await expect(again).rejects.toThrow(/EADDRINUSE/);
      await closeAll(loop);
    });

    test('an address that nobody has here is refused', async () => {
      const { loop } = await create();
      const address = family === 4 ? '192.0.2.1' : '2001:db8::1';
      await expect(loop.open(on(family, { address }))).rejects.toThrow(/EADDRNOTAVAIL/);
      const other = LOOPBACK[family === 4 ? 6 : 4];
      await expect(loop.open(on(family, { address: other }))).rejects.toMatchObject({
        code: 'SOCKET_UNAVAILABLE',
      });
      await closeAll(loop);
    });

    test('what cannot be sent is not sent, and the next one is', async () => {
      const { loop } = await create();
      const [from, to] = [await loop.open(on(family)), await loop.open(on(family))];
      const results: number[] = [];
      await runWith(loop, {
        ...sendingFirst(() => {
          results.push(from.send(Buffer.from('x'), LOOPBACK[family === 4 ? 6 : 4], to.port));
          expect(from.trouble).toMatch(/no address of IPv/);
          results.push(from.send(Buffer.from('x'), LOOPBACK[family], to.port));
          expect(from.trouble).toBeUndefined();
        }),
        datagram: () => loop.stop(),
      });
      expect(results.map(Number.isNaN)).toEqual([true, false]);
    });

    test('one that the system refuses is told, at once or afterwards', async () => {
      const { loop } = await create();
      const from = await loop.open(on(family));
      let told = '';
      await runWith(loop, {
        ...sendingFirst(() => {
          const sentMs = from.send(Buffer.alloc(70_000), LOOPBACK[family], 9);
          if (!Number.isNaN(sentMs)) return;
          told = from.trouble!;
          loop.stop();
        }),
        notSent: (socket, _, reason) => {
          expect(socket).toBe(from);
          told = reason;
          loop.stop();
        },
      });
      expect(told).toMatch(/EMSGSIZE/);
    });

    test('a port at which nobody listens keeps nobody from sending and receiving', async () => {
      const { loop } = await create();
      const [from, to, gone] = [
        await loop.open(on(family)),
        await loop.open(on(family)),
        await loop.open(on(family)),
      ];
      gone.close();
      let heard = 0;
      await runWith(loop, {
        ...sendingFirst(() => {
          for (let at = 0; at < 20; at++) {
            expect(from.send(Buffer.from('x'), LOOPBACK[family], gone.port)).not.toBeNaN();
            expect(from.send(Buffer.from('y'), LOOPBACK[family], to.port)).not.toBeNaN();
          }
        }),
        datagram: () => {
          heard += 1;
          if (heard === 20) loop.stop();
        },
      });
      expect(heard).toBe(20);
    });
  });

  test('a turn comes when it is due, and not before', async () => {
    const { loop } = await create();
    const startMs = loop.monotonicMs();
    const turns: number[] = [];
    await runWith(loop, {
      dueMs: () => startMs + 3.5 * (turns.length + 1),
      turn: () => {
        if (turns.push(loop.monotonicMs() - startMs) === 10) loop.stop();
      },
    });
    for (const [at, ms] of turns.entries()) expect(ms).toBeGreaterThanOrEqual(3.5 * (at + 1));
  });

  test('turns without a pause keep neither datagrams nor messages out', async () => {
    const { loop, port } = await create();
    const [from, to] = [await loop.open(on(4)), await loop.open(on(4))];
    const seen = new Set<string>();
    const see = (what: string) => {
      if (seen.add(what).size === 2) loop.stop();
    };
    port.postMessage('hello');
    await runWith(loop, {
      dueMs: () => 0,
      turn: () => void from.send(Buffer.from('x'), to.address, to.port),
      datagram: () => see('datagram'),
      message: () => see('message'),
    });
    expect(seen.size).toBe(2);
  });

  test('messages arrive while nothing else happens, in order', async () => {
    const { loop, port } = await create();
    const heard: unknown[] = [];
    port.postMessage({ at: 1 });
    port.postMessage({ at: 2 });
    await runWith(loop, {
      message: (message) => {
        if (heard.push(message) === 2) loop.stop();
      },
    });
    expect(heard).toEqual([{ at: 1 }, { at: 2 }]);
  });

  test('a socket is opened while the loop runs', async () => {
    const { loop, port } = await create();
    const to = await loop.open(on(4));
    let heard = '';
    port.postMessage('open');
    await runWith(loop, {
      message: () => {
        const open = async () => {
          const from = await loop.open(on(4));
          from.send(Buffer.from('late'), to.address, to.port);
        };
        void open();
      },
      datagram: (_, { bytes }) => {
        heard = Buffer.from(bytes).toString();
        loop.stop();
      },
    });
    expect(heard).toBe('late');
  });

  test('a socket that is closed sends no more, and hands out nothing more', async () => {
    const { loop } = await create();
    const [from, to] = [await loop.open(on(4)), await loop.open(on(4))];
    let heard = 0;
    await runWith(loop, {
      dueMs: () => (heard === 0 ? 0 : heard + 1),
      turn: () => {
        if (heard > 0) return loop.stop();
        for (let at = 0; at < 5; at++) from.send(Buffer.from('x'), to.address, to.port);
      },
      datagram: () => {
        heard += 1;
        to.close();
        to.close();
      },
    });
    expect(heard).toBe(1);
    expect(to.send(Buffer.from('x'), from.address, from.port)).toBeNaN();
    expect(to.trouble).toBe('it is closed');
  });

  test('of two sockets that have datagrams, the first may close the other', async () => {
    const { loop } = await create();
    const [from, one, other] = [await loop.open(on(4)), await loop.open(on(4)), await loop.open(on(4))];
    const heard: DatagramSocket[] = [];
    await runWith(loop, {
      dueMs: () => (heard.length === 0 ? 0 : Number.NEGATIVE_INFINITY),
      turn: () => {
        if (heard.length > 0) return loop.stop();
        for (const { address, port } of [one, other]) from.send(Buffer.from('x'), address, port);
      },
      datagram: (socket) => {
        heard.push(socket);
        (socket === one ? other : one).close();
      },
    });
    expect(heard).toHaveLength(1);
  });

  test('three hundred sockets are served', async () => {
    const { loop } = await create();
    const to = await loop.open(on(4));
    const sockets = await Promise.all(Array.from({ length: 300 }, () => loop.open(on(4))));
    const heard = new Set<number>();
    await runWith(loop, {
      ...sendingFirst(() => {
        for (const socket of sockets) to.send(Buffer.from('x'), socket.address, socket.port);
      }),
      datagram: (socket) => {
        if (heard.add(socket.port).size === sockets.length) loop.stop();
      },
    });
    expect(heard).toEqual(new Set(sockets.map(({ port }) => port)));
  });

  test.each(['turn', 'datagram', 'message'] as const)(
    'what %s throws ends the run with it',
    async (where) => {
      const { loop, port } = await create();
      const socket = await loop.open(on(4));
      const fail = () => {
        throw new Error(`from ${where}`);
      };
      port.postMessage('x');
      const first = sendingFirst(() => void socket.send(Buffer.from('x'), socket.address, socket.port));
      await expect(runWith(loop, { ...first, [where]: fail })).rejects.toThrow(`from ${where}`);
      // Its sockets are closed all the same.
      const { loop: next } = await create();
      await expect(next.open(on(4, { port: socket.port }))).resolves.toBeDefined();
      await closeAll(next);
    },
  );

  test('the clocks go on, and say what disciplines them', async () => {
    const { loop } = await create();
    const [utcMs, monotonicMs] = [loop.utcMs(), loop.monotonicMs()];
    expect(Math.abs(utcMs - Date.now())).toBeLessThan(1_000);
    const until = loop.monotonicMs() + 2;
    while (loop.monotonicMs() < until);
    expect(loop.utcMs() - utcMs).toBeGreaterThan(1);
    expect(loop.monotonicMs()).toBeGreaterThan(monotonicMs);
    const { isSynced, errorMs } = loop.discipline();
    expect(isSynced ? errorMs >= 0 : Number.isNaN(errorMs)).toBe(true);
    await closeAll(loop);
  });
}

/** A loop that was opened for something else than to run. */
async function closeAll(loop: DatagramLoop): Promise<void> {
  loop.stop();
  await loop.run({
    dueMs: () => Number.POSITIVE_INFINITY,
    turn: () => {},
    datagram: () => {},
    message: () => {},
  });
}
