import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wrapRtu } from '../core/modbus/rtu.ts';
import { FakeClock } from '../core/testing/fake-clock.ts';
import { Random } from './farm/random.ts';
import type { Fault } from './faults.ts';
import { type Slave, SlaveBus } from './modbus-slave.ts';

function bus({
  baud,
  answerDelayMs = 0,
  faults = [],
}: {
  baud?: number;
  answerDelayMs?: number;
  faults?: Fault[];
}) {
  const clock = new FakeClock();
  const sent: { atMs: number; hex: string }[] = [];
  const slaves = [1, 2].map((unit): Slave => {
    const registers = { coils: [], discreteInputs: [], holding: [unit, 0xbeef], input: [] };
    return { unit, device: { registers, step: () => {} }, answerDelayMs, faults: unit === 1 ? faults : [] };
  });
  const send = (bytes: Uint8Array) => sent.push({ atMs: clock.monotonicMs(), hex: hexOf(bytes) });
  const slaveBus = new SlaveBus({ slaves, clock, random: new Random(1, 'bus'), baud, send });
  return { clock, sent, slaves, slaveBus };
}

const readTwo = Uint8Array.of(3, 0, 0, 0, 2);
const answerOf = (unit: number) => hexOf(wrapRtu(unit, Uint8Array.of(3, 4, 0, unit, 0xbe, 0xef)));

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

describe('the slaves of a bus', () => {
  it('answer at once on a line without wire time, each for itself', () => {
    const { slaveBus, sent } = bus({});
    slaveBus.receive(wrapRtu(2, readTwo));
    slaveBus.receive(wrapRtu(1, readTwo));
    expect(sent.map(({ hex }) => hex)).toEqual([answerOf(2), answerOf(1)]);
  });

  it('put a request together from any pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(16), { maxLength: 6 }), (cuts) => {
        const { slaveBus, sent } = bus({});
        const bytes = Uint8Array.from([...wrapRtu(1, readTwo), ...wrapRtu(2, readTwo)]);
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        for (let index = 1; index < edges.length; index++) {
          slaveBus.receive(bytes.subarray(edges[index - 1], edges[index]));
        }
        expect(sent.map(({ hex }) => hex)).toEqual([answerOf(1), answerOf(2)]);
      }),
    );
  });

  it('keep silent on another’s unit, a broadcast, a wrong checksum and half a frame', async () => {
    const { slaveBus, sent, clock } = bus({});
    const damaged = wrapRtu(1, readTwo);
    damaged[3]! ^= 1;
    for (const bytes of [
      wrapRtu(9, readTwo),
      wrapRtu(0, readTwo),
      damaged,
      wrapRtu(1, readTwo).subarray(0, 5),
    ]) {
      slaveBus.receive(bytes);
      await clock.advance(100);
    }
    expect(sent).toEqual([]);
  });

  it('understand the next request after any garbage and a silence', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 600 }), async (garbage) => {
        const { slaveBus, sent, clock } = bus({});
        slaveBus.receive(garbage);
        await clock.advance(10);
        sent.length = 0;
        slaveBus.receive(wrapRtu(1, readTwo));
        expect(sent.map(({ hex }) => hex)).toEqual([answerOf(1)]);
      }),
      { numRuns: 50 },
    );
  });

  it('refuse a function whose length they cannot know when the line falls silent', async () => {
    const { slaveBus, sent, clock } = bus({});
    slaveBus.receive(wrapRtu(1, Uint8Array.of(0x2b, 0x0e, 1, 0)));
    expect(sent).toEqual([]);
    await clock.advance(10);
    expect(sent.map(({ hex }) => hex)).toEqual([hexOf(wrapRtu(1, Uint8Array.of(0xab, 1)))]);
  });

  it('take the time of the wire: request, silence, thinking, answer', async () => {
    const { slaveBus, sent, clock } = bus({ baud: 9600, answerDelayMs: 20 });
    slaveBus.receive(wrapRtu(1, readTwo));
    await clock.advance(200);
    const characters = 8 + 3.5 + 9;
    expect(sent).toEqual([{ atMs: expect.closeTo(20 + (characters * 11_000) / 9600, 6), hex: answerOf(1) }]);
  });

  it('lose what is under way when they are stopped', async () => {
    const { slaveBus, sent, clock } = bus({ baud: 9600 });
    slaveBus.receive(wrapRtu(1, readTwo));
    slaveBus.stop();
    await clock.advance(200);
    expect(sent).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a fault', () => {
  async function answersWith(faults: Fault[], requests = 1): Promise<{ atMs: number; hex: string }[]> {
    const { slaveBus, sent, clock } = bus({ faults });
    for (let request = 0; request < requests; request++) {
      slaveBus.receive(wrapRtu(1, readTwo));
      await clock.advance(10);
    }
    await clock.advance(5000);
    return sent;
  }

  it('dead: says nothing, and its neighbour still answers', async () => {
    const { slaveBus, sent } = bus({ faults: [{ kind: 'dead' }] });
    slaveBus.receive(wrapRtu(1, readTwo));
    slaveBus.receive(wrapRtu(2, readTwo));
    expect(sent.map(({ hex }) => hex)).toEqual([answerOf(2)]);
  });

  it('delay: comes late and whole', async () => {
    const [answer] = await answersWith([{ kind: 'delay', delayMs: 1500 }]);
    expect(answer).toEqual({ atMs: 1500, hex: answerOf(1) });
  });

  it('crc: has one bit wrong', async () => {
    const [answer] = await answersWith([{ kind: 'crc' }]);
    const difference = Buffer.from(answer!.hex, 'hex').map(
      (byte, at) => byte ^ Buffer.from(answerOf(1), 'hex')[at]!,
    );
    expect([...difference].join('').replaceAll('0', '')).toMatch(/^(1|2|4|8|16|32|64|128)$/);
  });

  it('noise: stands in stray bytes', async () => {
    const [answer] = await answersWith([{ kind: 'noise' }]);
    expect(answer!.hex).toContain(answerOf(1));
    expect(answer!.hex.length).toBeGreaterThan(answerOf(1).length + 2);
  });

  it('strikes its share of the answers, the same ones for the same seed', async () => {
    const faults: Fault[] = [{ kind: 'dead', share: 0.25 }];
    const answers = await answersWith(faults, 400);
    expect(answers.length).toBeGreaterThan(270);
    expect(answers.length).toBeLessThan(330);
    expect(await answersWith(faults, 400)).toEqual(answers);
  });

  it('is gone once it is taken away', () => {
    const { slaveBus, sent, slaves } = bus({ faults: [{ kind: 'dead' }] });
    slaves[0]!.faults = [];
    slaveBus.receive(wrapRtu(1, readTwo));
    expect(sent).toHaveLength(1);
  });
});
