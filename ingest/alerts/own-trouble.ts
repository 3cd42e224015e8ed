import type { SluiceError } from '../../core/errors.ts';
import { type Condition, conditionKey } from './condition.ts';

/** A part of this program without which nobody is heard: the connection to the broker, the pipeline, the store. */
export interface OwnTrouble {
  readonly name: string;
  readonly error: SluiceError;
}

/** Shorter trouble mends itself, and is in the log. */
export const OWN_AFTER_MS = 10_000;

/** What has ailed this program itself for a while. `since`: when each part was first seen so. */
export function ownConditions(
  troubles: readonly OwnTrouble[],
  since: ReadonlyMap<string, number>,
  before: (key: string) => Condition | undefined,
  nowMs: number,
): Condition[] {
  return troubles.flatMap(({ name, error }) => {
    const key = conditionKey('own', name);
    const old = before(key);
    if (old) return [old];
    const sinceMs = since.get(name) ?? nowMs;
    if (nowMs - sinceMs < OWN_AFTER_MS) return [];
    const condition: Condition = {
      ...{
        key,
        kind: 'own',
        subject: name,
        severity: 'critical',
        sinceMs,
        noticedMs: nowMs,
        explains: false,
      },
      words: { en: error.text('en').replace(/\.$/, ''), zh: error.text('zh').replace(/。$/, '') },
    };
    return [condition];
  });
}
