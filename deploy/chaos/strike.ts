import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../firmware-sim/farm/random.ts';
import type { ChaosRig } from './chaos-rig.ts';
import { FAULTS, type Fault } from './faults.ts';

const SHORTEST_REST_MS = 300;
const REST_MS = 1_500;
const SHORTEST_FAULT_MS = 200;
const FAULT_MS = 3_500;
/** How many things are broken at a time. */
const AT_ONCE = 2;
/**
 * What a gateway could not write to its full disk is in its memory until it is confirmed, and a kill costs it (its own
 * documentation says so). After this time it has been confirmed, whatever else was broken.
 */
const IN_MEMORY_MS = 60_000;
/** So long after its disk has room again a gateway may go on in memory: it looks every 10 s. */
const DISK_UNNOTICED_MS = 11_000;

export interface Span {
  readonly fromMs: number;
  toMs: number;
}

export interface Strikes {
  /** Faults by kind. */
  readonly counts: ReadonlyMap<string, number>;
  /** When each gateway heard nothing of its slave, or lost what it had heard to a full disk. */
  readonly deaf: ReadonlyMap<string, readonly Span[]>;
  /**
   * When every gateway has looked at its disk again, UTC; until then one that was started on a full disk sends nothing of what is on
   * it, and no host knows of that.
   */
  readonly disksSeenMs: number;
}

/** Breaks two things at a time, over and over, and mends them; the seed decides what, when and for how long. */
export async function strike(
  rig: ChaosRig,
  seed: number,
  seconds: number,
  say: (text: string) => void,
): Promise<Strikes> {
  const counts = new Map<string, number>();
  const deaf = new Map<string, Span[]>(rig.gateways.map((gateway) => [gateway, []]));
  const filled = new Map<string, Span>();
  const struck = new Set<string>();
  const untilMs = Date.now() + seconds * 1_000;

  async function strikeOnce(fault: Fault, forMs: number): Promise<void> {
    const span = { fromMs: Date.now(), toMs: Number.POSITIVE_INFINITY };
    counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
    say(`${fault.what} for ${(forMs / 1_000).toFixed(1)} s`);
    if (fault.deaf !== undefined) {
      deaf.get(fault.deaf)!.push(span);
      const full = filled.get(fault.deaf);
      const isInMemory = full && span.fromMs < full.toMs + IN_MEMORY_MS;
      if (isInMemory && fault.kind.startsWith('kill')) {
        deaf.get(fault.deaf)!.push({ fromMs: full.fromMs, toMs: Math.min(full.toMs, span.fromMs) });
      }
    }
    await fault.strike();
    await sleep(forMs);
    await fault.mend();
    span.toMs = Date.now();
    if (fault.kind === 'fill disk of gateway')
      filled.set(fault.targets[0]!, { ...span, toMs: span.toMs + DISK_UNNOTICED_MS });
  }

  async function striker(random: Random): Promise<void> {
    const choose = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
    while (Date.now() < untilMs) {
      await sleep(SHORTEST_REST_MS + random.next() * REST_MS);
      const fault = choose(Object.values(FAULTS))(rig, choose);
      const forMs = SHORTEST_FAULT_MS + random.next() * FAULT_MS;
      if (!fault || fault.targets.some((target) => struck.has(target))) continue;
      for (const target of fault.targets) struck.add(target);
      await strikeOnce(fault, forMs);
      for (const target of fault.targets) struck.delete(target);
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => striker(new Random(seed, `chaos ${n}`))));
  const disksSeenMs = Math.max(0, ...[...filled.values()].map(({ toMs }) => toMs));
  return { counts, deaf, disksSeenMs };
}
