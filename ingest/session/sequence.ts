/**
 * Follows a node's `seq`, which runs 0…255→0 over all its messages (tck-id-payloads-sequence-num-incrementing),
 * and knows which numbers are still missing. Pure; the owner keeps the object and hands it back.
 */
export interface Sequence {
  next: number;
  readonly missing: Set<number>;
}

/** A number this far behind the next one is a repeat; anything else ahead of it opens a gap. */
const REPEAT_WINDOW = 16;

export function startSequence(seq: number): Sequence {
  return { next: (seq + 1) & 255, missing: new Set() };
}

/** What one number did: `opened` and `closed` say that something began or ceased to be missing. */
export type SequenceStep = 'expected' | 'opened' | 'filled' | 'closed' | 'repeated';

export function advanceSequence(sequence: Sequence, seq: number): SequenceStep {
  if (seq === sequence.next) {
    sequence.next = (seq + 1) & 255;
    return 'expected';
  }
  if (sequence.missing.delete(seq)) return sequence.missing.size === 0 ? 'closed' : 'filled';
  const ahead = (seq - sequence.next) & 255;
  if (ahead >= 256 - REPEAT_WINDOW) return 'repeated';
  for (let gap = 0; gap < ahead; gap++) sequence.missing.add((sequence.next + gap) & 255);
  sequence.next = (seq + 1) & 255;
  return 'opened';
}
