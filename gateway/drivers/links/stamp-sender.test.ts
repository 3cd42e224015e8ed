import { expect, test } from 'vitest';
import type { ClockDiscipline } from '../../../core/datagrams/datagram-loop.ts';
import type { StampProbe } from '../../../core/links/link-plan.ts';
import { totalOf } from '../../../core/links/link-record.ts';
import { settle } from '../../../core/testing/fake-clock.ts';
import { arriving } from './testing/fake-loop.ts';
import { AWAY_MS, NOON_MS, PEER, SenderBench } from './testing/sender-bench.ts';

test('probes go out ten times a second, are answered, and what the reflector kept them for is no latency', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {} });
  bench.pass(10_000);
  bench.stop();
  const { account, roundTrip, forward, back, oneWayErrorMs, kernelStamped } = bench.total();
  expect(account).toMatchObject({ received: account.scheduled, lost: 0 });
  expect(account.scheduled).toBeGreaterThanOrEqual(99);
  expect(kernelStamped).toBe(account.received);
  for (const part of [roundTrip.quantile(0), roundTrip.quantile(1)])
    expect(part).toBeGreaterThan(AWAY_MS - 2.1);
  expect(roundTrip.quantile(1)).toBeLessThan(AWAY_MS);
  expect(forward.quantile(0.5)).toBeCloseTo(3, 1);
  expect(back.quantile(0.5)).toBeCloseTo(AWAY_MS - 5, 0);
  expect(oneWayErrorMs).toBeCloseTo(1, 2);
  const [record] = bench.records();
  expect(record).toMatchObject({ ttlForward: 61, ttlReturn: 60, fromMs: NOON_MS });
  expect(bench.loop).toMatchObject({ isStopped: true });
  expect(bench.loop.sockets.every(({ isClosed }) => isClosed)).toBe(true);
});

const SYNCED: ClockDiscipline = { isSynced: true, errorMs: 0.5 };
const UNSYNCED: ClockDiscipline = { isSynced: false, errorMs: Number.NaN };

test.each([
  ['neither clock is', UNSYNCED, UNSYNCED],
  ['its own clock is not', UNSYNCED, SYNCED],
  ["the reflector's is not", SYNCED, UNSYNCED],
  ["the reflector's may be off by hours and is not", SYNCED, { isSynced: false, errorMs: 7_200_000 }],
])('one way is not told where %s synchronised', async (_, own, reflectorClock) => {
  const bench = new SenderBench();
  bench.loop.clock = own;
  bench.reflectorClock = reflectorClock;
  // It is asked once a second.
  bench.pass(1_000);
  await bench.probe({ a: {} });
  bench.pass(1_500);
  bench.stop();
  expect(bench.total().forward.count + bench.total().back.count).toBe(0);
  expect(bench.total().account.received).toBeGreaterThan(10);
});

test('the error of one way is the sum of what either clock may be off by', async () => {
  const bench = new SenderBench();
  bench.loop.clock = { isSynced: true, errorMs: 2 };
  bench.reflectorClock = { isSynced: true, errorMs: 16 };
  await bench.probe({ a: {} });
  bench.pass(1_500);
  bench.stop();
  const { oneWayErrorMs, forward, account } = bench.total();
  expect(forward.count).toBe(account.received);
  expect(oneWayErrorMs).toBeGreaterThanOrEqual(18);
  // The estimate on the wire has eight bits, and is rounded up.
  expect(oneWayErrorMs).toBeLessThan(18.2);
});

test('the schedule never drifts, however late its turns are', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {} });
  for (let turn = 0; turn < 300; turn++) {
    bench.loop.stall(37);
    bench.sender.turn();
    bench.answer();
  }
  bench.stop();
  const { scheduled, notSent } = bench.total().account;
  expect(Math.abs(scheduled - 300 * 0.37)).toBeLessThanOrEqual(1);
  expect(notSent).toBe(0);
});

test('a stall of the thread is no loss: what was due is not sent, and what was stamped by the kernel is good', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {} });
  bench.pass(1_000);
  const flying = bench.loop.sent.at(-1)!;
  const arrivedMs = flying.utcMs + AWAY_MS;
  bench.loop.stall(3_000);
  bench.sender.turn();
  bench.hear(flying, { arrivedMs });
  bench.pass(1_000);
  bench.stop();
  const { account, roundTrip } = bench.total();
  expect(account.lost + account.late).toBe(0);
  expect(account.notSent).toBeGreaterThanOrEqual(28);
  expect(roundTrip.quantile(1)).toBeLessThan(AWAY_MS);
  expect(bench.notes()).toEqual([expect.stringMatching(/kept from its work for 29\d\d ms$/)]);
});

test('what was due in a stall that went over records is in the record in which it was due', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {}, b: {} });
  bench.pass(59_000);
  bench.loop.stall(200_000);
  bench.pass(10_000);
  bench.stop();
  for (const link of ['a', 'b']) {
    const records = bench.records(link);
    expect(records.map(({ fromMs }) => (fromMs - NOON_MS) / 60_000)).toEqual([0, 1, 2, 3, 4]);
    const ends = records.slice(1, 4).map((one) => totalOf(one).account);
    for (const { scheduled, notSent } of ends) {
      expect(Math.abs(scheduled - 600)).toBeLessThanOrEqual(1);
      expect(notSent).toBe(scheduled);
    }
  }
});

test('unanswered, when the thread was away for long, says nothing of the link; without that it is lost', async () => {
  const lostAfter = async (stallMs: number) => {
    const bench = new SenderBench();
    await bench.probe({ a: {} });
    bench.pass(500);
    bench.pass(250, false);
    bench.loop.stall(stallMs);
    bench.pass(3_000);
    bench.stop();
    return bench.total();
  };
  const short = await lostAfter(20);
  expect(short.account).toMatchObject({ lost: 3, invalid: 0 });
  const long = await lostAfter(400);
  expect(long.account).toMatchObject({ lost: 0, invalid: 3 });
  expect(long.invalidBy.stall).toBe(3);
});

test('answers that the kernel had no room for are no loss on the link, and other sockets are as ever', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {}, b: {} });
  bench.pass(500);
  bench.pass(250, false);
  const [socket] = bench.loop.sockets;
  bench.sender.overflowed(socket!, 2);
  // Those that go out from then on are lost again.
  bench.pass(300, false);
  bench.pass(3_000);
  bench.stop();
  const lost = (['a', 'b'] as const).map((link) => bench.total(link).account);
  const touched = lost.filter(({ invalid }) => invalid > 0);
  expect(touched).toHaveLength(1);
  expect(touched[0]).toMatchObject({ invalid: expect.closeTo(3, -1), lost: 3 });
  expect(lost.find(({ invalid }) => invalid === 0)!.lost).toBeGreaterThan(4);
  expect(bench.notes()).toEqual([expect.stringMatching(/^2 datagrams came faster/)]);
});

test('what a program stamps while it is stalled is invalid, and good again on the next turn that is on time', async () => {
  const bench = new SenderBench('dgram');
  await bench.probe({ a: {} });
  bench.pass(1_000);
  const before = bench.loop.sent.length;
  while (bench.loop.sent.length === before) bench.loop.pass(1, bench.sender);
  bench.loop.stall(40);
  bench.answer();
  bench.pass(1_000);
  bench.stop();
  const { account, invalidBy, roundTrip, kernelStamped } = bench.total();
  expect(account).toMatchObject({ lost: 0, late: 0, invalid: 1 });
  expect(invalidBy.stall).toBe(1);
  expect(roundTrip.quantile(1)).toBeLessThan(12);
  expect(kernelStamped).toBe(0);
});

test('a thread that is put aside between the time taken and the system call measures itself', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {} });
  bench.pass(1_000);
  bench.loop.handOverMs = 5;
  bench.pass(90);
  bench.loop.handOverMs = 0;
  bench.pass(1_000);
  bench.stop();
  expect(bench.total().invalidBy).toEqual({ stall: 1, clockStep: 0, socket: 0 });
});

test.each([-5_000, -2, 40, 5_000])(
  'a clock that is set by %i ms makes what flies invalid, and nothing else',
  async (byMs) => {
    const bench = new SenderBench();
    await bench.probe({ a: {} });
    bench.pass(500);
    const before = bench.loop.sent.length;
    while (bench.loop.sent.length === before) bench.loop.pass(1, bench.sender);
    bench.loop.step(byMs);
    bench.pass(500);
    bench.stop();
    const { account, invalidBy, roundTrip } = bench.total();
    expect(invalidBy).toEqual({ stall: 0, clockStep: 1, socket: 0 });
    expect(account.received).toBe(account.scheduled - 1);
    expect(roundTrip.quantile(1)).toBeLessThan(AWAY_MS);
    expect(bench.notes()).toEqual(Math.abs(byMs) < 1_000 ? [] : [`the system clock was set by ${byMs} ms`]);
  },
);

test('what flew when the machine fell asleep says nothing of the link', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {} });
  bench.pass(500);
  bench.pass(250, false);
  bench.asleepMs = 3_600_000;
  bench.loop.step(3_600_000);
  bench.pass(2_000);
  bench.stop();
  expect(bench.total().account).toMatchObject({ lost: 0, invalid: 3 });
  expect(bench.notes()).toEqual(['this machine slept for 3600000 ms']);
});

test('what the system refuses was never on the link, and its words are told once', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {} });
  bench.loop.refusal = 'ENETUNREACH';
  bench.pass(3_000);
  bench.loop.refusal = undefined;
  bench.pass(2_000);
  bench.stop();
  expect(bench.total().account.notSent).toBeGreaterThan(28);
  expect(bench.total().account.lost).toBe(0);
  const told = bench.news.flatMap((one) => (one.kind === 'trouble' ? [one.reason] : []));
  expect(told).toEqual(['ENETUNREACH', undefined]);
});

test('a datagram that is refused afterwards was not sent either', async () => {
  const bench = new SenderBench('dgram');
  await bench.probe({ a: {} });
  bench.pass(300, false);
  for (const { socket, utcMs } of bench.loop.sent) bench.sender.notSent(socket, utcMs, 'EHOSTUNREACH');
  const { length } = bench.loop.sent;
  bench.stop();
  expect(bench.total().account).toMatchObject({ notSent: length, lost: 0, invalid: 0 });
});

test('a name without an address is not probed until it has one', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: { address: 'pop.example' } });
  bench.pass(2_000);
  expect(bench.loop.sent).toHaveLength(0);
  bench.sender.message({ kind: 'addresses', addresses: new Map([['pop.example', PEER]]) });
  await settle();
  bench.pass(2_000);
  // It moves, and what comes from where it was is still taken.
  const flying = bench.loop.sent.at(-1)!;
  bench.sender.message({ kind: 'addresses', addresses: new Map([['pop.example', '192.0.2.9']]) });
  await settle();
  bench.pass(1_000);
  expect(bench.loop.sent.at(-1)!.address).toBe('192.0.2.9');
  bench.hear(flying);
  bench.stop();
  const { account, duplicates } = bench.total();
  expect(account).toMatchObject({ lost: 0, invalid: 0 });
  expect(account.notSent).toBeGreaterThan(15);
  expect(account.received + account.notSent).toBe(account.scheduled);
  expect(duplicates).toBeLessThanOrEqual(1);
});

test('foreign, forged and old datagrams count nowhere, and are told of once a minute', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {} });
  bench.pass(300, false);
  const sent = bench.loop.sent.at(-1)!;
  const forged = bench.reply(sent);
  forged.writeUInt32BE((sent.bytes.readUInt32BE(0) + 1_000) >>> 0, 24);
  const early = Buffer.from(bench.reply(sent));
  // The right number with another time: an earlier run.
  early.writeUInt32BE(early.readUInt32BE(28) - 60, 28);
  for (const bytes of [Buffer.from('hello'), Buffer.alloc(44), forged, early])
    bench.sender.datagram(sent.socket, arriving(bench.loop, sent, bytes));
  bench.hear(sent, { address: '192.0.2.66' });
  bench.hear(sent, { port: 9 });
  expect(bench.notes()).toEqual(['a datagram from 192.0.2.1 port 862 answers no probe of ours']);
  bench.pass(2_000, false);
  bench.stop();
  const { account, duplicates } = bench.total();
  expect(account.received + account.late + duplicates).toBe(0);
});

test('one socket serves all links of a source port, and links to one peer have one each', async () => {
  const bench = new SenderBench();
  const at = (address: string, more: Partial<StampProbe> = {}) => ({ address, ...more });
  const fixed = { sourcePorts: [7_000, 7_001] };
  const addresses = new Map([PEER, '192.0.2.2', '2001:db8::1'].map((one) => [one, one]));
  await bench.probe(
    {
      a: {},
      b: at('192.0.2.2'),
      c: {},
      six: at('2001:db8::1'),
      d: fixed,
      e: at('192.0.2.2', fixed),
      f: fixed,
    },
    addresses,
  );
  bench.pass(2_000);
  const opened = bench.loop.opened.map(({ family, port }) => `${family} ${port}`).sort();
  expect(opened).toEqual(['4 0', '4 0', '4 7000', '4 7001', '6 0']);
  bench.stop();
  for (const link of ['a', 'b', 'c', 'six', 'd', 'e']) {
    const { received, scheduled } = bench.total(link).account;
    expect(received).toBe(scheduled);
  }
  // Nobody could tell its answers from those of d.
  expect(bench.total('f').account).toMatchObject({ notSent: bench.total('f').account.scheduled });
  const troubles = bench.news.filter((one) => one.kind === 'trouble');
  expect(troubles[0]).toMatchObject({ link: 'f', reason: expect.stringMatching(/link d probes/) });
  expect(bench.records('d')[0]!.flows.map(({ sourcePort }) => sourcePort)).toEqual([7_000, 7_001]);
});

test('the sockets of many links to one peer are opened at once, and none that is not needed', async () => {
  const bench = new SenderBench();
  const links = Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`l${at}`, {}]));
  const ready = bench.probe(links);
  expect(bench.loop.opened).toHaveLength(200);
  await ready;
  bench.pass(2_000);
  expect(bench.loop.opened).toHaveLength(200);
  bench.stop();
  for (const link of Object.keys(links)) expect(bench.total(link).account.notSent).toBe(0);
});

test('a link that stays the same goes on; one that changed has its record ended and begins anew', async () => {
  const bench = new SenderBench();
  await bench.probe({ a: {}, b: {} });
  bench.pass(5_000);
  await bench.probe({ a: {}, b: { ratePerS: 5 } });
  expect(bench.records('a')).toHaveLength(0);
  expect(bench.records('b')).toHaveLength(1);
  bench.pass(5_000);
  bench.stop();
  expect(bench.records('a')).toHaveLength(1);
  expect(bench.records('b')).toHaveLength(2);
  expect(bench.records('b')[1]!.fromMs).toBeGreaterThanOrEqual(bench.records('b')[0]!.toMs);
});

test('links that begin together do not send together', async () => {
  const bench = new SenderBench();
  const links = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`l${at}`, { ratePerS: 1 }]));
  await bench.probe(links);
  bench.pass(1_110);
  const perSlot = new Map<number, number>();
  for (const { utcMs } of bench.loop.sent) {
    const slot = Math.floor((utcMs - NOON_MS) / 50);
    perSlot.set(slot, (perSlot.get(slot) ?? 0) + 1);
  }
  expect(bench.loop.sent.length).toBeGreaterThanOrEqual(100);
  expect(Math.max(...perSlot.values())).toBeLessThan(12);
});
