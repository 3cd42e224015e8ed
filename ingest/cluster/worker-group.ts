import { hash } from './partition-of.ts';

/** Silence after which a worker counts as gone. That its partitions go on does not wait for it: RabbitMQ sees to that. */
const GONE_AFTER_MS = 7_000;
/** Names are made up by whoever can publish to the exchange of the workers. */
const MOST_WORKERS = 1_000;

/** The workers as one of them sees them, itself among them. */
export interface WorkerGroup {
  readonly self: string;
  readonly partitions: number;
  readonly others: ReadonlyMap<string, OtherWorker>;
  /** By partition, the worker that should have it. */
  readonly wanted: readonly string[];
}

export interface OtherWorker {
  /** Grows each time it has lost its places in the lines. */
  readonly turn: number;
  /** Monotonic. */
  readonly lastMs: number;
}

export type GroupInput =
  | { readonly kind: 'heard'; readonly worker: string; readonly turn: number; readonly atMs: number }
  | { readonly kind: 'left'; readonly worker: string }
  | { readonly kind: 'time'; readonly atMs: number };

export interface GroupStep {
  readonly group: WorkerGroup;
  /** Partitions that should have gone to another worker: whoever else stands in their lines lets it pass. */
  readonly letPass: readonly number[];
}

export function createGroup(self: string, partitions: number): WorkerGroup {
  return { self, partitions, others: new Map(), wanted: spread([self], partitions) };
}

/**
 * Every worker stands in line at every partition, and RabbitMQ gives it to the first. It knows nothing of fairness, so
 * they see to that themselves: each works out alone, from the same names, who should have what, and where that has
 * changed all others go to the end of the line. While they disagree for a moment, a partition still has exactly one.
 */
export function stepGroup(group: WorkerGroup, input: GroupInput): GroupStep {
  const { self, partitions } = group;
  const others = new Map(group.others);
  /** Has come back to the end of its lines. */
  let returned: string | undefined;
  switch (input.kind) {
    case 'heard': {
      const { worker, turn, atMs } = input;
      const known = others.get(worker);
      if (worker === self || (!known && others.size >= MOST_WORKERS)) break;
      if (known && known.turn !== turn) returned = worker;
      others.set(worker, { turn, lastMs: atMs });
      break;
    }
    case 'left':
      others.delete(input.worker);
      break;
    case 'time':
      for (const [worker, { lastMs }] of others)
        if (input.atMs - lastMs > GONE_AFTER_MS) others.delete(worker);
      break;
  }
  const isSame = sameNames(others, group.others);
  const wanted = isSame ? group.wanted : spread([self, ...others.keys()], partitions);
  const letPass = wanted.flatMap((worker, partition) =>
    worker !== self && (worker !== group.wanted[partition] || worker === returned) ? [partition] : [],
  );
  return { group: { self, partitions, others, wanted }, letPass };
}

/** One of them, the same for all: it does what only one needs to do. */
export function isSpeaker({ self, others }: WorkerGroup): boolean {
  return [...others.keys()].every((other) => self < other);
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

function sameNames(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  return a.size === b.size && [...a.keys()].every((name) => b.has(name));
}
