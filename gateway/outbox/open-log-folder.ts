import { mkdir, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Book, BookFile } from './book-file.ts';
import type { LedgerBook } from './message-log.ts';
import type { DroppedRange, OutboxMetric } from './outbox.ts';
import { RangeSet } from './range-set.ts';
import { type Scanned, scanSegment } from './scan-segment.ts';
import type { Segment } from './segment.ts';

/** What earlier runs left. */
export interface OpenedLog {
  readonly bookFile: BookFile;
  /** `undefined` where there is none yet. */
  readonly ledger: string | undefined;
  /** In order. */
  readonly segments: Segment[];
  /** The highest that any file has. */
  readonly serial: number;
  readonly next: number;
  readonly book: LedgerBook;
  readonly newestOf: Map<string, number>;
}

/** A file that was just made is no longer. */
const NEW_BYTES = 256;
const NAME = /^(\d{8,15})\.log$/;

export function segmentFile(folder: string, serial: number): string {
  return join(folder, `${String(serial).padStart(8, '0')}.log`);
}

/** Reads every segment once. Files that are not of the newest ledger are left alone. Throws what the disk says. */
export async function openLogFolder(folder: string, machineBoot: string, nowMs: number): Promise<OpenedLog> {
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []);
  const serials = names.map(Number).sort((a, b) => a - b);
  const bookFile = new BookFile(join(folder, 'book.json'));
  const kept = await bookFile.read();
  const scanned = await scanAll(folder, serials);
  const ledger = scanned.at(-1)?.ledger ?? kept?.ledger;
  const book = kept?.ledger === ledger ? kept : undefined;
  const mine = inOrder(scanned.filter((one) => one.ledger === ledger));
  const end = Math.max(book?.first ?? 0, usedBy(book) + 1, ...mine.map(({ segment }) => segment.end));
  const promise = mine.findLast((one) => one.end)?.end;
  // A machine that has started anew without a goodbye may have lost the last that was written.
  const isCut = promise?.kind === 'reserve' && promise.machineBoot !== machineBoot;
  const next = isCut ? Math.max(end, promise.number) : end;
  const dropped = [...(book?.dropped ?? [])];
  const settled = new RangeSet(book?.settled.map(([first, last]) => ({ first, last })));
  dropped.push(...missing(mine, settled, dropped, book?.first ?? mine[0]?.segment.first ?? 0, next, nowMs));
  return {
    bookFile,
    ledger,
    segments: mine.map(({ segment }) => segment),
    serial: serials.at(-1) ?? 0,
    next,
    book: { settled: settled.ranges, dropped, times: book?.times ?? [] },
    newestOf: new Map(mine.flatMap(({ newestOf }) => [...newestOf])),
  };
}

/** The highest number that the book knows of; -1 where it knows of none. Its file may be gone, and it is used all the same. */
function usedBy(book: Book | undefined): number {
  const settled = book?.settled.map(([, last]) => last) ?? [];
  const dropped = book?.dropped.map(({ last }) => last) ?? [];
  return Math.max(-1, ...settled, ...dropped);
}

async function scanAll(folder: string, serials: readonly number[]): Promise<Scanned[]> {
  const metrics = new Map<string, OutboxMetric>();
  const intern = (metric: OutboxMetric) => {
    const identity = JSON.stringify(metric);
    const known = metrics.get(identity) ?? metric;
    metrics.set(identity, known);
    return known;
  };
  const scanned: Scanned[] = [];
  for (const serial of serials) {
    const file = segmentFile(folder, serial);
    const bytes = await readFile(file);
    const one = scanSegment(bytes, file, serial, intern);
    if (one && one.ranges.length > 0) scanned.push(one);
    // Nothing is in it, but its promise about numbers counts.
    else if (one?.end) scanned.push(one);
    // Cut off while it was made; or nobody can tell whose the numbers in it are, and somebody may want to look at it.
    else if (bytes.length <= NEW_BYTES) await unlink(file);
    else await rename(file, `${file}.damaged`);
  }
  return scanned;
}

/** A file that holds numbers which an earlier one holds as well is a copy, and stays out. */
function inOrder(scanned: readonly Scanned[]): Scanned[] {
  let end = 0;
  return scanned.filter(({ segment }) => {
    if (segment.first < end) return false;
    end = Math.max(end, segment.end);
    return true;
  });
}

/** Numbers that are neither in a segment nor settled nor known as dropped: damaged, or lost by a power cut. */
function missing(
  mine: readonly Scanned[],
  settled: RangeSet,
  dropped: readonly DroppedRange[],
  first: number,
  next: number,
  nowMs: number,
): DroppedRange[] {
  const accounted = new RangeSet([...settled.ranges, ...dropped, ...mine.flatMap(({ ranges }) => ranges)]);
  return accounted.gaps(first, next - 1).map((gap) => {
    // The time of what is missing lies between its neighbours'.
    const before = mine.findLast(
      ({ segment }) => segment.first <= gap.first && segment.end > segment.first,
    )?.segment;
    const after = mine.find(({ segment }) => segment.end > gap.last)?.segment;
    const fromMs = Math.max(0, Math.round(before?.fromMs ?? after?.fromMs ?? nowMs));
    return { ...gap, fromMs, toMs: Math.max(fromMs, Math.round(after?.toMs ?? nowMs)) };
  });
}
