import { isId } from '../../core/ids.ts';

/** What a worker says of itself, every other second. */
export interface Presence {
  readonly worker: string;
  /** The partitions that it takes from; `undefined` when it goes. */
  readonly holds: readonly number[] | undefined;
}

export function presenceText({ worker, holds }: Presence): string {
  return JSON.stringify({ worker, ...(holds ? { holds } : { left: true }) });
}

/** `undefined` for what no worker says. */
export function parsePresence(body: unknown): Presence | undefined {
  try {
    const { worker, holds, left } = JSON.parse(String(body)) as Record<string, unknown>;
    if (typeof worker !== 'string' || !isId(worker)) return undefined;
    if (left === true) return { worker, holds: undefined };
    if (!Array.isArray(holds) || !holds.every((one) => Number.isSafeInteger(one))) return undefined;
    return { worker, holds: holds as number[] };
  } catch {
    return undefined;
  }
}
