import type { ErrorCode, ErrorDetails } from '../../core/errors.ts';
import type { Refusal } from '../pipeline/check-reading.ts';

/** `quarantine`: a value whose time cannot be right; `reading`: any other value; `message`: bytes of which nothing came. */
export const LETTER_KINDS = ['quarantine', 'reading', 'message'] as const;
export type LetterKind = (typeof LETTER_KINDS)[number];

/** Empty names where nobody knows who sent it. */
export interface Sender {
  readonly site: string;
  readonly gateway: string;
}

/** A value as it came, with what its birth said of it: enough to judge it again. */
export interface RefusedReading {
  /** Empty for the gateway itself. */
  readonly device: string;
  /** The name of the metric. */
  readonly name: string;
  /** Those properties of its birth that Sluice reads. */
  readonly properties: Readonly<Record<string, string>>;
  /** Null where it is nothing that a store could take: such a one cannot be replayed. */
  readonly value: number | string | boolean | null;
  readonly timeMs: number;
  /** The time of its message, by the clock of its gateway. */
  readonly sentMs: number;
  /** Quality and clock, as `packStatus` has them. */
  readonly status: number;
  readonly isHistorical: boolean;
  /** True where name or text were longer than what is kept: it cannot be replayed. */
  readonly isCut: boolean;
  /** `ledger:number`: what makes a repeat of it recognisable. */
  readonly identity: string | undefined;
}

export interface RefusedMessage {
  /** Where it came in: an MQTT topic, or method and path of a request. */
  readonly source: string;
  readonly bytes: Uint8Array;
}

export type LetterContent =
  | { readonly reading: RefusedReading; readonly message?: never }
  | { readonly message: RefusedMessage; readonly reading?: never };

/** What was refused for good, as it is kept. */
export interface Letter extends Sender {
  readonly kind: LetterKind;
  readonly code: ErrorCode;
  /** What fills the words of its error; a store's own words among them. */
  readonly details: ErrorDetails;
  readonly receivedMs: number;
  readonly content: LetterContent;
}

export type LetterState = 'waiting' | 'replayed';

export interface KeptLetter extends Letter {
  /** Counts up. */
  readonly id: number;
  readonly state: LetterState;
  /** When it was last tried again. */
  readonly triedMs: number | undefined;
}

/** Where everybody brings what they refuse for good. */
export interface LetterSink {
  /**
   * Takes it in; it is on disk after the next `flush`, at the latest a moment later. `content` is asked only where there is room:
   * a sensor that is broken ten times a second is counted and not described.
   */
  keep(sender: Sender, problem: Refusal, content: () => LetterContent): void;
  /** When it returns, everything taken in is on the disk. Costs nothing where that is nothing. Throws `LEDGER_UNAVAILABLE`. */
  flush(): void;
}

export function kindOf({ message }: LetterContent, code: ErrorCode): LetterKind {
  if (message) return 'message';
  return code === 'TIME_IMPOSSIBLE' ? 'quarantine' : 'reading';
}
