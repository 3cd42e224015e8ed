import { hash } from './partition-of.ts';

/** Silence after which a worker counts as gone. That its partitions go on does not wait for it: RabbitMQ sees to that. */
export const GONE_AFTER_MS = 7_000;
/** Names are made up by whoever can publish to the exchange of the workers. */
const MOST_WORKERS = 1_000;

/** The workers as one of them sees them, itself among them. */
export interface WorkerGroup {
  readonly self: string;
  readonly partitions: number;
  /** Monotonic time at which each of the others was last heard of. */
  readonly heardMs: ReadonlyMap<string, number>;
  /** By partition, the worker that should have it. */
  readonly wanted: readonly string[];
}

export type GroupInput =
  | { readonly kind: 'heard'; readonly worker: string; readonly atMs: number }
  | { readonly kind: 'left'; readonly worker: string }
  | { readonly kind: 'time'; readonly atMs: number };

export interface GroupStep {
  readonly group: WorkerGroup;
  /** Partitions that should have gone to another worker: whoever else stands in their lines lets it pass. */
  readonly letPass: readonly number[];
}

export function createGroup(self: string, partitions: number): WorkerGroup {
  return { self, partitions, heardMs: new Map(), wanted: spread([self], partitions) };
}

/**
 * Every worker stands in line at every partition, and RabbitMQ gives it to the first. It knows nothing of fairness, so
 * they see to that themselves: each works out alone, from the same names, who should have what, and where that has
 * changed all others go to the end of the line. While they disagree for a moment, a partition still has exactly one.
 */
export function stepGroup(group: WorkerGroup, input: GroupInput): GroupStep {
  const heardMs = new Map(group.heardMs);
  switch (input.kind) {
    case 'heard':
      if (input.worker !== group.self && (heardMs.has(input.worker) || heardMs.size < MOST_WORKERS))
        heardMs.set(input.worker, input.atMs);
      break;
    case 'left':
      heardMs.delete(input.worker);
      break;
    case 'time':
      for (const [worker, lastMs] of heardMs) if (input.atMs - lastMs > GONE_AFTER_MS) heardMs.delete(worker);
      break;
  }
  if (sameNames(heardMs, group.heardMs)) return { group: { ...group, heardMs }, letPass: [] };
  const wanted = spread([group.self, ...heardMs.keys()], group.partitions);
  const letPass = wanted.flatMap((worker, partition) =>
    worker !== group.self && worker !== group.wanted[partition] ? [partition] : [],
  );
  return { group: { ...group, heardMs, wanted }, letPass };
}

/** One of them, the same for all: it does what only one needs to do. */
export function isSpeaker({ self, heardMs }: WorkerGroup): boolean {
  return [...heardMs.keys()].every((other) => self < other);
}

/**
 * By partition, the worker with the highest hash for it (rendezvous hashing), so that few change hands when one comes or
 * goes; but no two workers' shares differ by more than one.
 */
function spread(workers: readonly string[], partitions: number): string[] {
  const share = Math.floor(partitions / workers.length);
  let larger = partitions % workers.length;
  const counts = new Map(workers.map((worker) => [worker, 0]));
  return Array.from({ length: partitions }, (_, partition) => {
    const rank = (worker: string) => hash(`${worker} ${partition}`);
    const [first] = workers
      .filter((worker) => counts.get(worker)! < share + (larger > 0 ? 1 : 0))
      .sort((a, b) => rank(b) - rank(a) || (a < b ? -1 : 1));
    const count = counts.get(first!)! + 1;
    counts.set(first!, count);
    if (count > share) larger--;
    return first!;
  });
}

function sameNames(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a.keys()].every((name) => b.has(name));
}
