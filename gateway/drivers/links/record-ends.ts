import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from '../../../core/errors.ts';
import { decodeLinkRecord, encodeLinkRecord, type LinkRecord } from '../../../core/links/link-record.ts';
import type { Log } from '../../../core/log.ts';
import { writeDurably } from '../../../core/write-durably.ts';
import type { ProbeEvidence } from './probe-evidence.ts';

/** Where a record is named by so much less than one before it, one of their clocks was absurd. */
const ABSURD_MS = 86_400_000;
/** Links come and go with plans: what is kept of those that went long ago is forgotten. */
const MOST_KEPT = 20_000;

/**
 * Keeps the records of each link and kind from having a time that an earlier one has: a store keeps one reading of each time, so
 * that one would destroy the evidence of the other. A ledger sees to that by itself; this is for an agent, a thread or a
 * link that begins anew after the system clock was set back, also by a machine that has no clock of its own and was off.
 *
 * What began before the last record ended is named from that end on: until the clock is there, one millisecond for each.
 * Where the clock is behind by more than a day, it is believed: what is told of a time far ahead, nobody takes.
 */
export class RecordEnds {
  readonly #file: string;
  readonly #log: Log;
  /** Of all records of earlier runs. */
  readonly #before: number;
  /** Of all records so far, as the file has it. */
  #newest: number;
  readonly #ends = new Map<string, number>();
  #isFailing = false;

  constructor(folder: string, driver: string, log: Log) {
    this.#file = join(folder, 'links', `${driver}-record-end`);
    this.#log = log;
    this.#before = this.#read();
    this.#newest = this.#before;
  }

  /** As it is to be told. Its end is on the disk when this returns. */
  place(evidence: ProbeEvidence): ProbeEvidence {
    const key = `${evidence.kind} ${evidence.link}`;
    const endMs = this.#ends.get(key) ?? this.#before;
    const behindMs = endMs - evidence.fromMs;
    const placed = behindMs > 0 && behindMs <= ABSURD_MS ? movedTo(endMs, evidence) : evidence;
    // Those told of last stand last.
    this.#ends.delete(key);
    this.#ends.set(key, placed.toMs);
    if (this.#ends.size > MOST_KEPT) this.#ends.delete(this.#ends.keys().next().value!);
    if (placed.toMs > this.#newest || this.#newest - placed.toMs > ABSURD_MS) this.#keep(placed.toMs);
    return placed;
  }

  #read(): number {
    try {
      const endMs = Number(readFileSync(this.#file, 'utf8'));
      if (Number.isSafeInteger(endMs)) return endMs;
      this.#log.warn({ file: this.#file }, 'when the last record ended cannot be read: it is no number');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        this.#log.warn({ file: this.#file }, `when the last record ended cannot be read: ${reasonOf(error)}`);
    }
    return 0;
  }

  /** A disk that is full keeps no record from being told. */
  #keep(endMs: number): void {
    this.#newest = endMs;
    try {
      writeDurably(this.#file, String(endMs));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) this.#log.error({ err: error }, reasonOf(error));
      this.#isFailing = true;
    }
  }
}

function movedTo(fromMs: number, evidence: ProbeEvidence): ProbeEvidence {
  const record = decodeLinkRecord(evidence.evidence);
  const toMs = Math.max(fromMs + 1, record.toMs);
  const within = (ms: number) => Math.min(toMs, Math.max(fromMs, ms));
  const gaps = record.gaps.map((gap) => ({
    fromMs: within(gap.fromMs),
    toMs: within(gap.toMs),
    probes: gap.probes,
  }));
  const moved: LinkRecord = { ...record, fromMs, toMs, gaps };
  return { ...evidence, fromMs, toMs, evidence: encodeLinkRecord(moved) };
}
