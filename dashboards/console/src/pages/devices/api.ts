import type { Completeness, Delivery } from '../../../../../core/completeness.ts';
import type { LastReading } from '../../api.ts';

/** Replies of the HTTP API that only this page reads. */
export type Presence = 'online' | 'offline' | 'unknown';

interface Seen {
  readonly presence: Presence;
  readonly sinceMs: number;
  readonly lastSeenMs: number;
}

export interface FoundGateway extends Seen {
  readonly site: string;
  readonly gateway: string;
  readonly devices: readonly (Seen & { readonly device: string })[];
  readonly missedMessages: number;
  readonly delivery: Delivery;
}

/** As the ledgers say it, and what the messages' own numbers do. */
export interface FoundCompleteness extends Completeness {
  readonly replayed: number;
  readonly missedMessages: number;
}

export interface Setup {
  readonly readMs?: number;
  readonly user?: string;
  readonly brokerUrl?: string;
  readonly drivers: readonly {
    readonly driver: string;
    readonly id: string;
    readonly devices: readonly string[];
  }[];
}

export type CareAction =
  | 'read-config'
  | 'check-config'
  | 'apply-config'
  | 'roll-back'
  | 'restart'
  | 'set-log-level'
  | 'probe';

export interface Care {
  readonly id: string;
  readonly action: CareAction;
  readonly issuer: string;
  readonly submittedMs: number;
  readonly expiresAtMs: number;
  readonly state: 'pending' | 'done' | 'failed' | 'unanswered';
  readonly answeredMs?: number;
  readonly result?: unknown;
  readonly reason?: { readonly en: string; readonly zh: string };
}

export interface NewPassword {
  readonly user: string;
  readonly password: string;
  readonly line: string;
}

export interface LetterCount {
  readonly site: string;
  readonly gateway: string;
  readonly code: string;
  readonly waiting: number;
  readonly replayed: number;
  readonly more: number;
  readonly gone: number;
}

export interface Letter {
  readonly id: number;
  readonly code: string;
  readonly reason: { readonly en: string; readonly zh: string };
  readonly receivedMs: number;
  readonly reading?: { readonly device: string; readonly metric: string; readonly value: unknown };
}

export interface Letters {
  readonly letters: readonly Letter[];
  readonly counts: readonly LetterCount[];
}

export interface Replay {
  readonly lookedAt: number;
  readonly replayed: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly notReplayable: number;
  readonly unanswered: number;
  readonly next?: number;
}

export type Machine = { readonly readings: readonly LastReading[] };

export function pathOf({ site, gateway }: { readonly site: string; readonly gateway: string }): string {
  return `/api/v1/gateways/${encodeURIComponent(site)}/${encodeURIComponent(gateway)}`;
}
