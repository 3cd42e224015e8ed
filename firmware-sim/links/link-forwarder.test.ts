import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import type {
  DatagramLoop,
  DatagramSocket,
  LoopHandler,
  SocketOptions,
} from '../../core/datagrams/datagram-loop.ts';
import { LatencyHistogram } from '../../core/latency-histogram.ts';
import { LinkConfig } from './link-config.ts';
import { type LinkAnswer, LinkForwarder, MOST_FLOWS } from './link-forwarder.ts';
import { flowSeed, newFlow, nextFate } from './link-model.ts';
import type { LinkReport } from './link-report.ts';

const UTC_MS = 1_795_000_000_000;
const SENDER = '192.0.2.1';
const REFLECTOR = { address: '198.51.100.7', port: 862 };

interface Sent {
  readonly atMs: number;
  readonly from: number;
  readonly text: string;
  readonly to: string;
  readonly dscp: number | undefined;
}

/** Sockets that remember, and a clock that stands until it is moved. */
class FakeLoop implements DatagramLoop {
  readonly kind = 'kernel';
  readonly sent: Sent[] = [];
  readonly sockets: DatagramSocket[] = [];
  nowMs = 0;
  refuses: string | undefined;
  #port = 50_000;

  async open({ address, port }: SocketOptions): Promise<DatagramSocket> {
    if (this.refuses) throw new Error(this.refuses);
    const own = port || this.#port++;
    const socket: DatagramSocket = {
      ...{ address, port: own, trouble: undefined, close: () => {} },
      send: (bytes, to, toPort, dscp) => {
        if (Buffer.from(bytes).toString() === 'refused') return Number.NaN;
        const text = Buffer.from(bytes).toString();
        this.sent.push({ atMs: this.nowMs, from: own, text, to: `${to}:${toPort}`, dscp });
        return this.utcMs();
      },
    };
    this.sockets.push(socket);
    return socket;
  }

  utcMs() {
    return UTC_MS + this.nowMs;
  }

  // A look at the clock takes time, so that what waits for it gets on.
  monotonicMs() {
    this.nowMs += 0.001;
    return this.nowMs;
  }

  discipline() {
    return { isSynced: false, errorMs: Number.NaN };
  }

  async run(_: LoopHandler) {}
  stop() {}
}

async function rig(parts: Partial<LinkConfig> = {}) {
  const loop = new FakeLoop();
  const answers: LinkAnswer[] = [];
  const listen = { address: '127.0.0.1', port: 7_000 };
  const config = checkConfig(LinkConfig, { id: 'a', listen, to: { ...REFLECTOR }, ...parts } as LinkConfig);
  const forwarder = new LinkForwarder(loop, [config], 1, (answer) => answers.push(answer));
  await forwarder.open();
  const [listening] = loop.sockets as [DatagramSocket];
  const arrive = (socket: DatagramSocket, text: string, address: string, port: number, agoMs = 0) =>
    forwarder.datagram(socket, {
      ...{
        bytes: Buffer.from(text),
        address,
        port,
        arrivedMs: loop.utcMs() - agoMs,
        stampedBy: 'kernel',
        ttl: 64,
        dscp: 46,
      },
    });
  return {
    ...{ loop, forwarder, answers, listening },
    send: async (text: string, port = 1_111, agoMs = 0) => {
      arrive(listening, text, SENDER, port, agoMs);
      // The socket towards the reflector has been opened.
      await new Promise(setImmediate);
    },
    answer: (text: string, socket = loop.sockets.at(-1)!, { address, port } = REFLECTOR) =>
      arrive(socket, text, address, port),
    /** As a loop does: called at what is due, time after time. */
    pass: (untilMs: number) => {
      while (forwarder.dueMs() <= untilMs) {
        loop.nowMs = Math.max(loop.nowMs, forwarder.dueMs());
        forwarder.turn();
      }
      loop.nowMs = Math.max(loop.nowMs, untilMs);
    },
    report: (): LinkReport => {
      forwarder.message({ kind: 'report', number: 7 });
      const told = answers.at(-1)!;
      if (told.kind !== 'report') throw new Error(`told ${told.kind}`);
      expect(told.number).toBe(7);
      for (const one of [told.links[0]!.there, told.links[0]!.back]) {
        const { arrived, duplicated, lost, refused, failed, departed, waiting } = one;
        expect(arrived + duplicated).toBe(lost + refused + failed + departed + waiting);
      }
      return told.links[0]!;
    },
  };
}

describe('a simulated link', () => {
  it('says where it listens, and hands packets there and back from a port of its own', async () => {
    const { loop, answers, listening, send, answer } = await rig();
    expect(answers).toEqual([{ kind: 'open', ports: { a: 7_000 } }]);
    await send('ping');
    answer('pong');
    expect(loop.sent).toMatchObject([
      { from: 50_000, text: 'ping', to: '198.51.100.7:862', dscp: 46 },
      { from: listening.port, text: 'pong', to: '192.0.2.1:1111', dscp: 46 },
    ]);
  });

  it('keeps source ports apart, and brings each its own answers', async () => {
    const { loop, send, answer, report } = await rig();
    await send('one', 1_111);
    await send('two', 2_222);
    await send('three', 1_111);
    expect(loop.sent.map(({ from }) => from)).toEqual([50_000, 50_001, 50_000]);
    answer('to two', loop.sockets[2]);
    answer('to one', loop.sockets[1]);
    expect(loop.sent.slice(3).map(({ text, to }) => [text, to])).toEqual([
      ['to two', '192.0.2.1:2222'],
      ['to one', '192.0.2.1:1111'],
    ]);
    expect(report().flows).toBe(2);
  });

  it('reckons the delay from the arrival as it was stamped, and tells what it gave', async () => {
    const delays = { there: { delayMs: 20 }, back: { delayMs: 5 } } as unknown as LinkConfig;
    const { loop, send, answer, pass, report } = await rig(delays);
    loop.nowMs = 100;
    await send('ping', 1_111, 3);
    expect(report().there).toMatchObject({ arrived: 1, waiting: 1, departed: 0 });
    pass(116.9);
    expect(loop.sent).toEqual([]);
    pass(118);
    expect(loop.sent[0]!.atMs).toBeCloseTo(117, 1);
    answer('pong');
    pass(200);
    expect(loop.sent[1]!.atMs).toBeCloseTo(123, 1);
    const { there, back } = report();
    expect(there).toMatchObject({ arrived: 1, waiting: 0, departed: 1 });
    expect(there.added.p50).toBeCloseTo(20, 0);
    expect(back.imposed.p50).toBeCloseTo(5, 0);
    expect(Math.abs(there.error.p50!)).toBeLessThan(0.05);
    expect(LatencyHistogram.fromText(there.added.histogram).count).toBe(1);
  });

  it('takes a stamp from a clock that was set for no wait', async () => {
    const { loop, send, pass } = await rig({ there: { delayMs: 20 } } as unknown as LinkConfig);
    for (const agoMs of [3_600_000, -3_600_000]) {
      loop.sent.length = 0;
      const fromMs = loop.nowMs;
      await send('ping', 1_111, agoMs);
      pass(fromMs + 30);
      expect(loop.sent[0]!.atMs - fromMs).toBeCloseTo(20, 1);
    }
  });

  it('does to packet n what the model says, and counts it', async () => {
    const there = {
      ...{ delayMs: 10, loss: { share: 0.2, meanBurst: 2 }, duplicateShare: 0.1 },
      ...{ reorder: { share: 0.1, byMs: 7 } },
    };
    const { loop, send, pass, report, forwarder } = await rig({ there } as unknown as LinkConfig);
    const impairment = report().there.impairment;
    let state = newFlow(flowSeed(1, 'a', 'there', 0));
    const expected: { text: string; atMs: number }[] = [];
    for (let n = 0; n < 500; n++) {
      pass(10 * n);
      await send(`${n}`);
      const step = nextFate(state, impairment);
      state = step.state;
      for (const delayMs of step.fate.delaysMs) expected.push({ text: `${n}`, atMs: 10 * n + delayMs });
    }
    pass(6_000);
    expect(forwarder.dueMs()).toBe(Number.POSITIVE_INFINITY);
    expect(loop.sent.map(({ text }) => text)).toEqual(
      expected.toSorted((a, b) => a.atMs - b.atMs).map(({ text }) => text),
    );
    const counts = report().there;
    expect(counts.lost).toBe(500 - new Set(expected.map(({ text }) => text)).size);
    expect(counts.duplicated).toBe(expected.length - (500 - counts.lost));
    // Held back by 7 ms at one packet each 10 ms: none is overtaken.
    expect(counts.reordered).toBe(0);
  });

  it('counts what was overtaken', async () => {
    const { loop, send, pass, report, forwarder } = await rig();
    const change = (delayMs: number) =>
      forwarder.message({
        ...{ kind: 'change', id: 'a' },
        change: { there: { delayMs, loss: { share: 0 }, duplicateShare: 0 } },
      });
    change(50);
    await send('slow');
    change(1);
    await send('quick');
    pass(100);
    expect(loop.sent.map(({ text }) => text)).toEqual(['quick', 'slow']);
    expect(report().there).toMatchObject({ departed: 2, reordered: 1 });
  });

  it('is down and up again by an order, and goes on where the model would be', async () => {
    const { loop, send, forwarder, report } = await rig();
    const down = (isDown: boolean) => forwarder.message({ kind: 'change', id: 'a', change: { isDown } });
    await send('one');
    down(true);
    await send('two');
    expect(report()).toMatchObject({ isDown: true, there: { arrived: 2, lost: 1 } });
    down(false);
    await send('three');
    expect(loop.sent.map(({ text }) => text)).toEqual(['one', 'three']);
  });

  it('counts strangers, what the system does not take, and more flows than it holds', async () => {
    const { loop, send, answer, report } = await rig();
    await send('ping');
    answer('not from there', undefined, { address: '203.0.113.9', port: 862 });
    answer('not from there', undefined, { address: REFLECTOR.address, port: 863 });
    await send('refused');
    expect(report()).toMatchObject({ strangers: 2, there: { failed: 1, departed: 1 }, back: { arrived: 0 } });
    for (let port = 2_000; port < 2_000 + MOST_FLOWS; port++) await send('flow', port);
    expect(report()).toMatchObject({ flows: MOST_FLOWS, there: { refused: 1 } });
    expect(loop.sockets).toHaveLength(MOST_FLOWS + 1);
  });

  it('tells what a port refuses, and a flow that cannot be opened costs itself only', async () => {
    const { loop, send, answers, report } = await rig();
    loop.refuses = 'EMFILE';
    await send('lost');
    expect(answers.at(-1)).toEqual({ kind: 'trouble', id: 'a', reason: 'EMFILE' });
    loop.refuses = undefined;
    await send('ping');
    expect(loop.sent.map(({ text }) => text)).toEqual(['ping']);
    expect(report()).toMatchObject({ flows: 1, there: { arrived: 2, failed: 1, departed: 1 } });

    const shut = new FakeLoop();
    shut.refuses = 'EADDRINUSE';
    const told: LinkAnswer[] = [];
    const listen = { address: '127.0.0.1', port: 7_000 };
    const config = checkConfig(LinkConfig, { id: 'b', listen, to: { ...REFLECTOR } } as LinkConfig);
    const opened = new LinkForwarder(shut, [config], 1, (answer) => told.push(answer)).open();
    await expect(opened).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      details: { what: 'link b of the simulator', address: '127.0.0.1 port 7000', reason: 'EADDRINUSE' },
    });
    expect(told).toEqual([]);
  });

  it('knows its reflector however its address is spelt', async () => {
    const to = { address: '2001:DB8:0:0:0:0:0:7', port: 862 };
    const { send, answer, report } = await rig({ to });
    await send('ping');
    answer('pong', undefined, { address: '2001:db8::7', port: 862 });
    expect(report()).toMatchObject({ strangers: 0, back: { departed: 1 } });
  });
});
