import { join } from 'node:path';
import type { Cancel } from '../../core/clock.ts';
import type { ServiceContext } from '../../core/context.ts';
import { Random } from '../farm/random.ts';
import type { Place } from '../farm/sun.ts';
import { placeLink, removeLink } from '../port-link.ts';
import { Pty } from '../pty.ts';
import type { GnssConfig, GnssFault } from './gnss-config.ts';
import { madeUpEpoch } from './made-up-epoch.ts';
import { type Epoch, readRecording } from './recording.ts';
import { restamped } from './sentence.ts';

const SECOND_MS = 1000;
/** A receiver computes before it talks. */
const LATENCY_MS = 120;
const DAY_MS = 86_400_000;
const OLD_RECEIVER_DAYS = -7168;
/** A reader has read by then. */
const READ_WITHIN_MS = 900;
const LONGEST_NOISE_BYTES = 12;

/** A receiver that talks by itself on a pseudo-terminal: a recording, or positions that are made up. */
export class GnssReceiver {
  readonly id: string;
  readonly portPath: string;
  faults: readonly GnssFault[];
  readonly #config: GnssConfig;
  readonly #place: Place;
  readonly #context: ServiceContext;
  readonly #random: Random;
  readonly #faultRandom: Random;
  #epochs: readonly Epoch[] = [];
  #pty: Pty | undefined;
  #cancel: Cancel | undefined;
  #spoken = 0;
  #livedMs = 0;
  #livedSinceDiscardMs = 0;

  constructor(config: GnssConfig, place: Place, seed: number, context: ServiceContext) {
    this.id = config.id;
    this.portPath = join(context.dataFolder, 'sim', config.id);
    this.faults = config.faults;
    this.#config = config;
    this.#place = place;
    this.#context = context;
    this.#random = new Random(seed, `gnss ${config.id}`);
    this.#faultRandom = new Random(seed, `gnss ${config.id} faults`);
  }

  /** Throws `CONFIG_UNREADABLE` or `CONFIG_INVALID` for a recording that is none, and what a port may throw. */
  async open(): Promise<void> {
    if (this.#pty) return;
    const { clock, log, configFolder } = this.#context;
    const { recording } = this.#config;
    if (recording !== undefined) this.#epochs = readRecording(recording, configFolder);
    const pty = await Pty.open(clock, {
      // Settings that a gateway sends to its receiver change nothing here.
      receive: () => {},
      lost: (error) => log.error({ gnss: this.id }, `simulated port lost: ${error.message}`),
    });
    this.#pty = pty;
    placeLink(this.portPath, pty.path);
    this.#plan();
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    const pty = this.#pty;
    this.#pty = undefined;
    if (!pty) return;
    removeLink(this.portPath, pty.path);
    await pty.close();
  }

  #plan(): void {
    const { clock } = this.#context;
    const epoch = this.#epochs[this.#spoken % Math.max(1, this.#epochs.length)];
    // Made-up positions are those of each whole second, told a moment later, as receivers do.
    const untilSecondMs = SECOND_MS - (clock.nowMs() % SECOND_MS) + LATENCY_MS;
    const waitMs = epoch ? epoch.afterMs / this.#config.speed : untilSecondMs;
    this.#cancel = clock.after(waitMs, () => {
      this.#livedMs += waitMs;
      // On a real line what nobody listens to is gone; a terminal would keep it, and a gateway read old times later.
      this.#livedSinceDiscardMs += waitMs;
      if (this.#livedSinceDiscardMs >= READ_WITHIN_MS) {
        this.#livedSinceDiscardMs = 0;
        this.#pty?.discardUnread();
      }
      this.#speak(epoch);
      this.#spoken += 1;
      this.#plan();
    });
  }

  #speak(epoch: Epoch | undefined): void {
    const faults = new Map(this.faults.map((fault) => [fault.kind, fault]));
    const offDays = faults.get('wrong-date');
    const offMs = offDays ? (offDays.offDays ?? OLD_RECEIVER_DAYS) * DAY_MS : 0;
    const utcMs = this.#context.clock.nowMs() + offMs;
    const lines = epoch && !faults.has('no-fix') ? this.#replayed(epoch, utcMs) : this.#madeUp(utcMs);
    if (faults.has('dead')) return;
    for (const line of lines) this.#send(line, faults);
  }

  #replayed({ lines }: Epoch, utcMs: number): readonly string[] {
    return this.#config.restamp ? lines.map((line) => restamped(line, utcMs)) : lines;
  }

  #madeUp(utcMs: number): string[] {
    const livedS = this.#livedMs / SECOND_MS;
    const { noFix } = this.#config;
    const isInSpell = noFix !== undefined && livedS % noFix.everyS >= noFix.everyS - noFix.forS;
    const hasFix = !isInSpell && !this.faults.some(({ kind }) => kind === 'no-fix');
    const moment = { utcMs: Math.floor(utcMs / SECOND_MS) * SECOND_MS, livedS, hasFix };
    return madeUpEpoch(this.#config, this.#place, this.#random, moment);
  }

  #send(line: string, faults: ReadonlyMap<GnssFault['kind'], GnssFault>): void {
    const strikes = (kind: GnssFault['kind']) => {
      const fault = faults.get(kind);
      return fault !== undefined && this.#faultRandom.chance(fault.share ?? 1);
    };
    const bytes = Buffer.from(`${line}\r\n`, 'latin1');
    if (strikes('checksum')) bytes[1 + this.#faultRandom.below(Math.max(1, line.length - 4))]! ^= 1;
    const stray = strikes('noise') ? 1 + this.#faultRandom.below(LONGEST_NOISE_BYTES) : 0;
    const noise = Uint8Array.from({ length: stray }, () => this.#faultRandom.below(256));
    this.#pty?.write(Buffer.concat([noise, bytes]));
  }
}
