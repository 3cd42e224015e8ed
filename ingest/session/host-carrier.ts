import type { Cancel, Clock } from '../../core/clock.ts';
import type { ErrorCode } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import type { LedgerBook } from '../ledger/ledger-book.ts';
import type { LetterSink, RefusedMessage } from '../letters/letter.ts';
import type { PlanDesk } from '../mesh/plan-desk.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { GIVEN_UP, type Outcome, type Receipt } from '../pipeline/receipt.ts';
import type { RefusalLog } from '../pipeline/refusal-log.ts';
import type { BirthCache } from './births/birth-cache.ts';
import type { HostEffect, HostInput } from './host-effect.ts';
import { stepHost } from './host-session.ts';
import type { HostState } from './host-state.ts';
import { PlainReadings } from './plain-data.ts';

const NOTHING_TO_STORE: Outcome = { stored: 0, rejected: [], isWhole: true };
const MENDED_BY_BIRTH: ReadonlySet<ErrorCode> = new Set(['METRIC_UNKNOWN', 'SENDER_UNBORN']);

type Refused = Extract<HostEffect, { kind: 'refused' }>;
type OmitAt<T> = T extends unknown ? Omit<T, 'at'> : never;

export interface HostCarrierParts {
  readonly host: HostState;
  readonly pipeline: Pick<Pipeline, 'take' | 'takeDropped' | 'refuse' | 'forget'>;
  readonly ledger: Pick<LedgerBook, 'announce' | 'keepsLedger'>;
  readonly letters: LetterSink;
  readonly births: Pick<BirthCache, 'changed'>;
  /** Asked whenever a gateway was born, came or went. */
  readonly plans: Pick<PlanDesk, 'look'>;
  readonly refusals: RefusalLog;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a connection does for the host session. */
export interface HostConnection {
  publish(
    topic: string,
    payload: Uint8Array | string,
    options: { readonly qos: 0 | 1; readonly retain: boolean },
  ): void;
  /** Calls `granted` once the broker has granted it; not at all where the connection breaks before. */
  subscribe(topics: readonly string[], granted: () => void): void;
}

/** Between a connection to a broker and the host session: inputs in, effects out, and its timers. Decides nothing. */
export class HostCarrier {
  readonly #parts: HostCarrierParts;
  readonly #connection: HostConnection;
  readonly #timers = new Map<string, Cancel>();

  constructor(parts: HostCarrierParts, connection: HostConnection) {
    this.#parts = parts;
    this.#connection = connection;
  }

  stop(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** `receipt`, for a message: settled at once where the message brings nothing that has to be stored. */
  step(input: OmitAt<HostInput>, receipt?: Receipt): void {
    const { clock, host } = this.#parts;
    const at = { nowMs: clock.nowMs(), monotonicMs: clock.monotonicMs() };
    const effects = stepHost(host, { ...input, at } as HostInput);
    const isHeld = receipt !== undefined && effects.some(({ kind }) => kind === 'readings');
    this.#carryOut(effects, receipt);
    if (input.kind === 'message') {
      const { topic: source, bytes } = input;
      for (const effect of effects) if (effect.kind === 'refused') this.#keep(effect, { source, bytes });
    }
    if (receipt && !isHeld) receipt.settled(this.#areLettersSafe() ? NOTHING_TO_STORE : GIVEN_UP);
  }

  /** What is only not understood yet comes again from a gateway with a ledger, after the birth that was asked for. */
  #keep({ site = '', gateway = '', error }: Refused, message: RefusedMessage): void {
    const { ledger, letters } = this.#parts;
    if (MENDED_BY_BIRTH.has(error.code) && ledger.keepsLedger(site, gateway)) return;
    letters.keep({ site, gateway }, { code: error.code, describe: () => error }, () => ({ message }));
  }

  #areLettersSafe(): boolean {
    try {
      this.#parts.letters.flush();
      return true;
    } catch {
      // Said by the letters themselves.
      return false;
    }
  }

  /** What follows a subscription waits until the broker has granted it. */
  #carryOut(effects: readonly HostEffect[], receipt?: Receipt): void {
    for (const [index, effect] of effects.entries()) {
      if (effect.kind === 'subscribe') {
        this.#connection.subscribe(effect.topics, () => this.#carryOut(effects.slice(index + 1)));
        return;
      }
      this.#carryOutOne(effect, receipt);
    }
  }

  #carryOutOne(effect: Exclude<HostEffect, { kind: 'subscribe' }>, receipt: Receipt | undefined): void {
    const { pipeline, clock, log } = this.#parts;
    switch (effect.kind) {
      case 'readings':
        if (receipt && effect instanceof PlainReadings) effect.receipt = receipt;
        pipeline.take(receipt && !(effect instanceof PlainReadings) ? { ...effect, receipt } : effect);
        break;
      case 'ledger':
        this.#parts.ledger.announce(effect.site, effect.gateway, effect.said);
        break;
      case 'born':
        this.#parts.births.changed(effect.site, effect.gateway);
        this.#parts.plans.look(effect);
        break;
      case 'dropped':
        pipeline.takeDropped(effect.site, effect.gateway, effect.mark);
        break;
      case 'publish': {
        const { topic, payload, qos, retain } = effect;
        this.#connection.publish(topic, payload, { qos, retain });
        break;
      }
      case 'timer':
        this.#timers.get(effect.key)?.();
        this.#timers.set(
          effect.key,
          clock.after(effect.delayMs, () => {
            this.#timers.delete(effect.key);
            this.step({ kind: 'timer', key: effect.key });
          }),
        );
        break;
      case 'cancelTimer':
        this.#timers.get(effect.key)?.();
        this.#timers.delete(effect.key);
        break;
      case 'presence': {
        const { kind: _kind, online, ...who } = effect;
        this.#parts.births.changed(who.site, who.gateway);
        this.#parts.plans.look(who);
        log.info(who, `${who.device === undefined ? 'gateway' : 'device'} is ${online ? 'on' : 'off'}line`);
        break;
      }
      case 'forgotten':
        pipeline.forget(effect.site, effect.gateway);
        this.#parts.plans.look(effect);
        this.#parts.births.changed(effect.site, effect.gateway);
        break;
      case 'refused':
        this.#refused(effect);
        break;
    }
  }

  #refused({ site, gateway, error, readings }: Refused): void {
    if (site !== undefined && gateway !== undefined) {
      this.#parts.pipeline.refuse(site, gateway, error, readings);
      return;
    }
    this.#parts.refusals.note('unknown sender', error.code, 1, () => error);
  }
}
