import { isId } from '../../core/ids.ts';

/** What a worker says of itself, every other second. */
export interface Presence {
  readonly worker: string;
  /** Grows each time it comes to the end of a line without having let anybody pass: it has been away. */
  readonly turn: number;
  /** The partitions that it takes from; `undefined` when it goes. */
  readonly holds: readonly number[] | undefined;
}

export function presenceText({ worker, turn, holds }: Presence): string {
  return JSON.stringify({ worker, turn, ...(holds ? { holds } : { left: true }) });
}

/** `undefined` for what no worker says. */
export function parsePresence(body: unknown): Presence | undefined {
  try {
    const { worker, turn, holds, left } = JSON.parse(String(body)) as Record<string, unknown>;
    if (typeof worker !== 'string' || !isId(worker)) return undefined;
    if (typeof turn !== 'number') return undefined;
    if (left === true) return { worker, turn, holds: undefined };
    if (!Array.isArray(holds) || !holds.every((one) => Number.isSafeInteger(one))) return undefined;
    return { worker, turn, holds: holds as number[] };
  } catch {
    return undefined;
  }
}
