import type { Clock } from '../../core/clock.ts';
import { asSluiceError, type Language, SluiceError } from '../../core/errors.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Door, DoorOutcome } from './door.ts';
import type { DoorReading } from './door-reading.ts';
import { type LineDefaults, lineInvalid, senderOf, tryLineReadings } from './line-protocol/line-readings.ts';
import { parseLines } from './line-protocol/parse-lines.ts';
import type { TimeUnit } from './line-protocol/time-unit.ts';
import { senmlReadings } from './senml/senml-readings.ts';

/** Longer, a request does not wait for the store. */
const ANSWER_MS = 10_000;
/** Where dead letters of this say that they came in. */
const SOURCE = 'POST /api/v1/readings';
/** Bytes of all bodies whose answers have not left yet; what is made of them takes several times as much. */
const MOST_BYTES = 16 * 1024 * 1024;

export type Posted = {
  readonly bytes: Uint8Array;
  /** Why nothing of a site may come this way; undefined where it may. */
  refusal?(site: string): SluiceError | undefined;
} & (
  | { readonly kind: 'lines'; readonly unit: TimeUnit; readonly defaults: LineDefaults }
  | {
      readonly kind: 'senml';
      readonly sender: { readonly site: string; readonly gateway: string; readonly device: string };
    }
);

/** What became of a body of readings. */
export interface PostOutcome {
  readonly stored: number;
  /** In the order of the body; `at` is the line or the record, counted from 1. */
  readonly rejected: readonly { readonly at: number; readonly error: SluiceError }[];
  /** Readings without a time of their own, which were given that of their arrival. */
  readonly untimed: number;
}

interface PostDeskParts {
  readonly door: Pick<Door, 'take' | 'refuse'>;
  readonly pipeline: Pick<Pipeline, 'isCrowded' | 'trouble'>;
  readonly clock: Clock;
}

export interface PostLimits {
  readonly maxBodyBytes: number;
  readonly maxReadings: number;
  /** What records of SenML are called here (`senml.names`). */
  readonly names: Readonly<Record<string, string>>;
}

/** Readings that programs without MQTT bring in one body: answered once the store has them, and not taken where it cannot. */
export class PostDesk {
  readonly #limits: PostLimits;
  readonly #parts: PostDeskParts;
  #bytes = 0;

  constructor(limits: PostLimits, parts: PostDeskParts) {
    this.#limits = limits;
    this.#parts = parts;
  }

  /** For a body that is about to be read. Throws what `add` throws, and the store's own error while it is away. */
  enter(): Entry {
    const { pipeline } = this.#parts;
    const trouble = pipeline.trouble();
    if (trouble) throw trouble;
    if (pipeline.isCrowded) throw busy();
    let own = 0;
    let hasLeft = false;
    return {
      add: (bytes) => {
        const { maxBodyBytes } = this.#limits;
        if (hasLeft) return;
        if (own + bytes > maxBodyBytes) throw tooLarge(`${maxBodyBytes} bytes`, `${maxBodyBytes} 字节`);
        if (this.#bytes + bytes > MOST_BYTES) throw busy();
        own += bytes;
        this.#bytes += bytes;
      },
      leave: () => {
        if (!hasLeft) this.#bytes -= own;
        hasLeft = true;
      },
    };
  }

  /**
   * Resolves when everything is stored or refused. Throws `BODY_TOO_LARGE`, `PAYLOAD_INVALID`, `READINGS_UNSTORED` where
   * something was given up or takes too long.
   */
  async post(posted: Posted): Promise<PostOutcome> {
    const nowMs = this.#parts.clock.nowMs();
    const { readings: made, refused } =
      posted.kind === 'lines' ? this.#readLines(posted, nowMs) : this.#readSenml(posted, nowMs);
    const forbidden: { at: number; error: SluiceError }[] = [];
    const readings = made.filter(({ site, at }) => {
      const error = posted.refusal?.(site);
      if (error) forbidden.push({ at, error });
      return !error;
    });
    const { maxReadings } = this.#limits;
    if (readings.length > maxReadings) throw tooLarge(`${maxReadings} readings`, `${maxReadings} 个读数`);
    for (const { sender, error, text } of refused) {
      this.#parts.door.refuse(sender, error, 1, { source: SOURCE, bytes: Buffer.from(text) });
    }
    const { stored, rejected, isWhole } = await this.#settled(readings);
    if (!isWhole) throw unstored();
    const all = [
      ...forbidden,
      ...refused.map(({ at, error }) => ({ at, error })),
      ...rejected.map(({ at, problem }) => ({ at, error: problem.describe() })),
    ];
    all.sort((one, other) => one.at - other.at);
    return { stored, rejected: all, untimed: readings.filter(({ isTimed }) => !isTimed).length };
  }

  #readLines({ bytes, unit, defaults }: Posted & { readonly kind: 'lines' }, nowMs: number): Read {
    const readings: DoorReading[] = [];
    const refused: Refused[] = [];
    for (const line of parseLines(textOf(bytes), unit)) {
      if ('problem' in line) {
        const { en, zh } = line.problem;
        const sender = senderOf({ tags: [] }, defaults);
        refused.push({ at: line.line, sender, error: lineInvalid(line.line, en, zh), text: line.text });
        continue;
      }
      const made = tryLineReadings(line, defaults, nowMs);
      if (Array.isArray(made)) for (const one of made) readings.push(one);
      else refused.push({ at: line.line, sender: senderOf(line, defaults), error: made, text: line.text });
    }
    return { readings, refused };
  }

  #readSenml({ bytes, sender }: Posted & { readonly kind: 'senml' }, nowMs: number): Read {
    const { names, maxBodyBytes, maxReadings } = this.#limits;
    const limits = { maxBytes: maxBodyBytes, maxRecords: maxReadings };
    try {
      return { readings: senmlReadings(bytes, sender, names, nowMs, limits), refused: [] };
    } catch (thrown) {
      this.#parts.door.refuse(sender, asSluiceError(thrown), 0, { source: SOURCE, bytes });
      throw thrown;
    }
  }

  #settled(readings: readonly DoorReading[]): Promise<DoorOutcome> {
    return new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.after(ANSWER_MS, () => reject(unstored()));
      this.#parts.door.take(readings, (outcome) => {
        cancel();
        resolve(outcome);
      });
    });
  }
}

/** One body among those that are held. */
export interface Entry {
  /** Throws `BODY_TOO_LARGE`, or `READINGS_BUSY` where too many bodies are held already. */
  add(bytes: number): void;
  /** Once its answer has gone. */
  leave(): void;
}

interface Refused {
  readonly at: number;
  readonly sender: { readonly site: string; readonly gateway: string } | undefined;
  readonly error: SluiceError;
  readonly text: string;
}

interface Read {
  readonly readings: readonly DoorReading[];
  readonly refused: readonly Refused[];
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const details = { reason: 'line protocol is UTF-8', offset: 0, length: bytes.length };
    throw new SluiceError('PAYLOAD_INVALID', details, error);
  }
}

function tooLarge(en: string, zh: string): SluiceError {
  return new SluiceError('BODY_TOO_LARGE', { limit: { en, zh } satisfies Record<Language, string> });
}

function busy(): SluiceError {
  return new SluiceError('READINGS_BUSY');
}

function unstored(): SluiceError {
  return new SluiceError('READINGS_UNSTORED', { seconds: ANSWER_MS / 1000 });
}
