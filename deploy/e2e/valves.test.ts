import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { Random } from '../../firmware-sim/farm/random.ts';
import { IrrigationRig, type OpenSpan, POLL_MS, type Program } from './irrigation-rig.ts';

/*
 * The proof that nothing stays open: valves are opened through the API while gateway, broker, ingest and the serial line
 * are killed, frozen and pulled out in random order, and the journal of the simulated valves is held against what was
 * asked for. Each kind of strike comes at least once. More of it, with a line for each seed; `SLUICE_VALVE_TRACE=1` shows
 * each strike, `SLUICE_VALVE_FIRST` is the first seed:
 *
 *     SLUICE_VALVE_SEEDS=20 SLUICE_VALVE_SECONDS=120 npm run valves
 */
const SEEDS = Number(process.env.SLUICE_VALVE_SEEDS ?? 1);
const FIRST_SEED = Number(process.env.SLUICE_VALVE_FIRST ?? 1);
const SECONDS = Number(process.env.SLUICE_VALVE_SECONDS ?? 8);

/** What processes of a busy machine may take beside the poll. */
const step = (text: string) =>
  process.env.SLUICE_VALVE_TRACE && process.stderr.write(`${new Date().toISOString()} ${text}\n`);
const SLACK_MS = 1_000;
/** From the start of a gateway's process to its first write, and from a line that is back to the port that is open. */
const COMING_UP_MS = 8_000;
const ZONES: Readonly<Record<string, string>> = { v1: 'north', v2: 'south' };

interface Span {
  readonly fromMs: number;
  toMs: number;
}

type Strike = 'unplug' | readonly ['kill' | 'freeze' | 'restart', Program];

/** What the two variants begin with: together each kind of strike, and in both what the gateway cannot act under. */
const FIRST_STRIKES: Readonly<Record<'timers' | 'no timers', readonly Strike[]>> = {
  timers: [['kill', 'gateway'], ['kill', 'broker'], ['restart', 'ingest'], ['freeze', 'gateway'], 'unplug'],
  'no timers': [
    ['kill', 'gateway'],
    ['kill', 'ingest'],
    ['restart', 'gateway'],
    ['restart', 'broker'],
    ['freeze', 'broker'],
    ['freeze', 'ingest'],
    'unplug',
  ],
};

/** Breaks things and mends them, one at a time, and remembers when the gateway could not act. */
class Trouble {
  readonly away: Span[] = [];
  readonly done: string[] = [];
  readonly #rig: IrrigationRig;
  readonly #random: () => number;

  constructor(rig: IrrigationRig, random: () => number) {
    this.#rig = rig;
    this.#random = random;
  }

  /** What comes next, in random order: of `first` each, and then of everything. */
  *plan(first: readonly Strike[]): Generator<Strike, never> {
    for (let deck = [...first]; ; deck = Object.values(FIRST_STRIKES).flat()) {
      while (deck.length > 0) yield deck.splice(Math.floor(this.#random() * deck.length), 1)[0]!;
    }
  }

  async strike(strike: Strike): Promise<void> {
    const forMs = 200 + this.#random() * 2_000;
    this.done.push(strike === 'unplug' ? strike : strike.join(' '));
    step(this.done.at(-1)!);
    const span: Span = { fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
    if (strike === 'unplug' || strike[1] === 'gateway') this.away.push(span);
    const mend = await this.#break(strike);
    await sleep(forMs);
    await mend();
    span.toMs = Date.now() + COMING_UP_MS;
  }

  async #break(strike: Strike): Promise<() => Promise<void> | void> {
    if (strike === 'unplug') {
      await this.#rig.plug(false);
      return () => this.#rig.plug(true);
    }
    const [kind, program] = strike;
    if (kind === 'freeze') {
      this.#rig.freeze(program, true);
      return () => this.#rig.freeze(program, false);
    }
    await this.#rig.end(program, kind === 'kill' ? 'SIGKILL' : 'SIGTERM');
    return () => this.#rig.run(program);
  }
}

interface Asked {
  readonly id: string;
  readonly point: string;
  readonly isOpening: boolean;
  readonly leaseMs: number;
}

async function ask(rig: IrrigationRig, random: () => number, seed: number, number: number): Promise<Asked> {
  const isOpening = random() < 0.8;
  const id = `s${seed}-${number}`;
  const point = random() < 0.5 ? 'v1' : 'v2';
  const leaseS = isOpening ? Math.ceil(random() * 5) : 0;
  const validForS = 1 + Math.floor(random() * 5);
  await rig.ask({ id, point, value: isOpening, leaseS, validForS });
  return { id, point, isOpening, leaseMs: leaseS * 1_000 };
}

/** Where nothing but the gateway closes, it needs time in which it is there. */
function whenItCould(away: readonly Span[], atMs: number): number {
  return away.reduce((soonest, { fromMs, toMs }) => {
    return fromMs <= soonest + POLL_MS + SLACK_MS && soonest < toMs ? toMs : soonest;
  }, atMs);
}

async function proof(seed: number, hasDeviceTimers: boolean) {
  const rig = await IrrigationRig.start({ hasDeviceTimers });
  const generator = new Random(seed, 'valves');
  const random = () => generator.next();
  step('ready');
  const trouble = new Trouble(rig, random);
  const asked: Asked[] = [];
  const untilMs = Date.now() + SECONDS * 1_000;
  let isStriking = true;
  const strikes = (async () => {
    const first = FIRST_STRIKES[hasDeviceTimers ? 'timers' : 'no timers'];
    const plan = trouble.plan(first);
    while (Date.now() < untilMs || trouble.done.length < first.length) {
      await sleep(200 + random() * 800);
      await trouble.strike(plan.next().value);
    }
    isStriking = false;
  })();
  while (isStriking) {
    asked.push(await ask(rig, random, seed, asked.length));
    await sleep(200 + random() * 800);
  }
  await strikes;
  step('all mended');
  // Everything runs again. One more opening, which is left alone, must end by itself.
  await eventually(
    () => rig.ask({ id: `s${seed}-last`, point: 'v1', value: true, leaseS: 3, validForS: 20 }),
    { withinMs: 20_000 },
  );
  asked.push({ id: `s${seed}-last`, point: 'v1', isOpening: true, leaseMs: 3_000 });
  const replies = await eventually(
    async () => {
      const all = await Promise.all(asked.map(async (one) => ({ ...one, reply: await rig.command(one.id) })));
      const taken = all.flatMap(({ reply, ...one }) => (reply ? [{ ...one, reply }] : []));
      return taken.every(({ reply }) => reply.state !== 'pending') && taken;
    },
    { withinMs: 30_000, everyMs: 250 },
  );
  step('all answered');
  await eventually(async () => (await rig.openings()).every((opening) => opening === 0), {
    withinMs: 25_000,
  });
  return { rig, trouble, replies, spans: await rig.openSpans(), events: await rig.commandEvents() };
}

type Proof = Awaited<ReturnType<typeof proof>>;

/** When the valve had to be closed: each opening that it may have been for, and how long its lease ran. */
function judge({ replies, trouble }: Proof, { zone, fromMs, toMs }: OpenSpan, hasDeviceTimers: boolean) {
  const openings = replies.filter(({ point, isOpening }) => isOpening && ZONES[point] === zone);
  const couldBegin = openings.filter(
    ({ reply }) => fromMs >= reply.submittedMs && fromMs <= reply.expiresAtMs + 300,
  );
  const ends = openings
    .filter(({ reply }) => reply.submittedMs <= toMs)
    .map(({ reply, leaseMs }) => {
      if (reply.state === 'refused' || reply.state === 'expired') return 0;
      return reply.leaseEndsMs ?? Math.min(toMs, reply.expiresAtMs) + leaseMs;
    })
    .filter((endMs) => endMs > fromMs);
  const leaseEndMs = Math.max(fromMs, ...ends);
  const dueMs = hasDeviceTimers ? leaseEndMs : whenItCould(trouble.away, leaseEndMs);
  return { hasBegin: couldBegin.length > 0, overMs: toMs - dueMs };
}

function check(one: Proof, hasDeviceTimers: boolean): string {
  const { spans, replies, events, trouble } = one;
  const verdicts = spans.map((span) => judge(one, span, hasDeviceTimers));
  const worstMs = Math.max(...verdicts.map(({ overMs }) => overMs));
  const states = Object.entries(Object.groupBy(replies, ({ reply }) => reply.state)).map(
    ([state, list]) => `${list!.length} ${state}`,
  );
  const summary = `${trouble.done.join(', ')}; ${replies.length} commands: ${states.join(', ')}; ${spans.length} openings, latest close ${Math.round(worstMs)} ms after its lease`;
  for (const [index, { hasBegin, overMs }] of verdicts.entries()) {
    const about = `${JSON.stringify(spans[index])}\n${JSON.stringify(replies)}\n${summary}`;
    expect(hasBegin, `opened by no command that was valid then: ${about}`).toBe(true);
    expect(overMs, `open past its lease: ${about}`).toBeLessThanOrEqual(POLL_MS + SLACK_MS);
  }
  for (const { id, reply } of replies) {
    const told = events.filter(({ command }) => command === id);
    // One that never came to its gateway has none.
    const least = reply.state === 'unanswered' ? 0 : 1;
    const about = `outcomes of ${id}: ${JSON.stringify(told)} ${JSON.stringify(reply)}`;
    expect(told.length, about).toBeGreaterThanOrEqual(least);
    expect(told.length, about).toBeLessThanOrEqual(1);
  }
  expect(spans.length, `nothing was opened: ${summary}`).toBeGreaterThan(0);
  return summary;
}

const seeds = Array.from({ length: SEEDS }, (_, index) => FIRST_SEED + index);

test.each(seeds)(
  'seed %i: whatever is killed, frozen or pulled out, no valve stays open past its lease',
  async (seed) => {
    const summary = check(await proof(seed, true), true);
    if (SEEDS > 1 || process.env.SLUICE_VALVE_TRACE)
      process.stdout.write(`seed ${seed}, device timers: ${summary}\n`);
  },
  (SECONDS + 120) * 1_000,
);

test.each(seeds)(
  'seed %i: a relay board without timers is closed by the gateway alone, as soon as it is there',
  async (seed) => {
    const summary = check(await proof(1_000 + seed, false), false);
    if (SEEDS > 1 || process.env.SLUICE_VALVE_TRACE)
      process.stdout.write(`seed ${seed}, no timers: ${summary}\n`);
  },
  (SECONDS + 120) * 1_000,
);
