import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { LedgerMark } from '../../core/ledger.ts';
import { double, type EdgeMessage, EdgeMessages } from '../testing/edge-messages.ts';
import type { HostEffect, HostInput } from './host-effect.ts';
import { stepHost } from './host-session.ts';
import { createHostState, type HostState } from './host-state.ts';

const OPTIONS = {
  ...{ hostId: 'sluice', reorderMs: 2_000, rebirthIntervalMs: 10_000, rebirthsPerS: 50 },
  ...{ maxGateways: 10, maxSeriesPerGateway: 50, silenceMs: 60_000 },
};
const TICK_MS = 500;
/** From the last disturbance: what was asked just before it, its interval, and a missing number on top. */
const WITHIN_MS = 2 * OPTIONS.rebirthIntervalMs + 2 * OPTIONS.reorderMs + 2 * TICK_MS;
const MARK: LedgerMark = { kind: 'readings', ledger: '0123456789abcdef', first: 0, count: 1 };

type Input = HostInput extends infer I ? (I extends unknown ? Omit<I, 'at'> : never) : never;

/** What befalls in one tick. `lossy` loses the messages of that tick in one direction. */
type Fault =
  | { readonly kind: 'none' }
  | {
      readonly kind:
        | 'broker-lost'
        | 'broker-back'
        | 'lossy'
        | 'deaf'
        | 'late-will'
        | 'swapped'
        | 'device-lost';
    }
  | { readonly kind: 'restarted' | 'reborn'; readonly births: boolean };

/** A host, a gateway that speaks in every tick, and the line between them; time is a number. */
class World {
  readonly host: HostState;
  readonly edge = new EdgeMessages();
  readonly #timers = new Map<string, number>();
  nowMs = 1_000;
  isConnected = false;
  isLossy = false;
  isDeaf = false;
  isSwapped = false;
  #held: EdgeMessage[] = [];

  constructor(births: string | undefined) {
    this.host = createHostState(OPTIONS);
    this.edge.births = births;
    this.connect();
    this.born();
  }

  step(input: Input): void {
    const at = { nowMs: this.nowMs, monotonicMs: this.nowMs };
    for (const effect of stepHost(this.host, { ...input, at } as HostInput)) this.#carryOut(effect);
  }

  #carryOut(effect: HostEffect): void {
    if (effect.kind === 'timer') this.#timers.set(effect.key, this.nowMs + effect.delayMs);
    if (effect.kind === 'cancelTimer') this.#timers.delete(effect.key);
    const isAsked = effect.kind === 'publish' && effect.topic.includes('/NCMD/');
    // The answer comes after what the host is just doing.
    if (isAsked && this.isConnected && !this.isDeaf) this.#answers.push(() => this.born());
  }

  readonly #answers: (() => void)[] = [];

  connect(): void {
    this.isConnected = true;
    this.step({ kind: 'connected', stateTimestampMs: this.nowMs });
  }

  disconnect(): void {
    this.isConnected = false;
    this.step({ kind: 'disconnected' });
  }

  born(): void {
    this.send(this.edge.nbirth([double('gateway/cpu', 1, 0)]));
    this.send(this.edge.dbirth('soil-1', [double('soil/ec', 1, 0)]));
  }

  send(message: EdgeMessage): void {
    if (!this.isConnected || this.isLossy) return;
    if (this.isSwapped) this.#held.push(message);
    else this.step({ kind: 'message', topic: message.topic, bytes: message.bytes });
  }

  tick(fault: Fault): void {
    this.#befall(fault);
    this.nowMs += TICK_MS;
    for (const [key, dueMs] of [...this.#timers].sort((a, b) => a[1] - b[1])) {
      if (dueMs > this.nowMs || !this.#timers.delete(key)) continue;
      this.step({ kind: 'timer', key });
    }
    this.send(this.edge.data('soil-1', [double('soil/ec', 1, this.nowMs)], MARK));
    for (const answer of this.#answers.splice(0)) answer();
    const held = this.#held.splice(0).reverse();
    Object.assign(this, { isLossy: false, isDeaf: false, isSwapped: false });
    for (const message of held) this.send(message);
  }

  #befall(fault: Fault): void {
    if (fault.kind === 'broker-lost' && this.isConnected) this.disconnect();
    if (fault.kind === 'broker-back' && !this.isConnected) this.connect();
    if (fault.kind === 'lossy') this.isLossy = true;
    if (fault.kind === 'deaf') this.isDeaf = true;
    if (fault.kind === 'swapped') this.isSwapped = true;
    if (fault.kind === 'late-will') this.send(this.edge.ndeath((this.edge.bdSeq + 255) % 256));
    if (fault.kind === 'device-lost') this.send(this.edge.ddeath('soil-1'));
    if (fault.kind === 'restarted') {
      this.send(this.edge.ndeath());
      this.edge.bdSeq = (this.edge.bdSeq + 1) % 256;
    }
    if (fault.kind !== 'restarted' && fault.kind !== 'reborn') return;
    this.isLossy = !fault.births;
    this.born();
    this.isLossy = false;
  }

  get isUp(): boolean {
    const node = this.host.nodes.get('farm/pump-house');
    return node?.online === true && node.devices.get('soil-1')?.online === true;
  }
}

const fault: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ kind: 'none' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        ...(['broker-lost', 'broker-back', 'lossy', 'deaf', 'late-will', 'swapped', 'device-lost'] as const),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('restarted', 'reborn'), births: fc.boolean() }),
  },
);

it.each(['a1b2c3d4e5f6', undefined])(
  'a gateway that speaks is up soon after the last disturbance, whatever they were (births %s)',
  (births) => {
    fc.assert(
      fc.property(fc.array(fault, { maxLength: 200 }), (faults) => {
        const world = new World(births);
        for (const one of faults) world.tick(one);
        if (!world.isConnected) world.connect();
        const startMs = world.nowMs;
        while (!world.isUp && world.nowMs - startMs < 10 * WITHIN_MS) world.tick({ kind: 'none' });
        expect(world.nowMs - startMs).toBeLessThanOrEqual(WITHIN_MS);
        // And stays so.
        for (let tick = 0; tick < 200; tick++) {
          world.tick({ kind: 'none' });
          expect(world.isUp).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  },
);
