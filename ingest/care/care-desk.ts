import { randomUUID } from 'node:crypto';
import type { CareRequest } from '../../core/care-request.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import { CARE_METRIC } from '../../core/gateway-event.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { formatTopic } from '../../core/sparkplug/topic.ts';
import type { KeptEvent } from '../events/event-sink.ts';
import { gatewayName } from '../gateway-name.ts';
import type { HostState } from '../session/host-state.ts';
import { opened } from '../state-database.ts';
import { CareFile, type CareRecord } from './care-file.ts';

/** QoS 0 may lose a request; the gateway passes over repeats. */
const REPEAT_MS = 5_000;
/** Under way at once: each may carry a configuration. */
const MOST_OPEN = 100;
/** After its expiry: a device may be slow to probe, and new settings may be on trial for an hour and then go back. */
const ANSWER_WITHIN_MS = 2 * 60_000;
const TRIAL_ANSWER_WITHIN_MS = 2 * 3_600_000;

export interface CareWish {
  readonly site: string;
  readonly gateway: string;
  /** What is asked, without what the desk adds. */
  readonly what: DistributiveOmit<CareRequest, 'id' | 'issuer' | 'expiresAtMs'>;
  readonly issuer: string;
  readonly validForS: number;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

interface CareDeskParts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly host: HostState;
  publish(topic: string, payload: Uint8Array): void;
}

/** `unanswered`: its time was over and nothing is known; an answer that comes late is still taken. */
export type CareState = 'pending' | 'done' | 'failed' | 'unanswered';

/** Hands requests for care to gateways until they are answered, and keeps who asked for what and what came of it. */
export class CareDesk implements Service {
  readonly name = 'care';
  readonly #parts: CareDeskParts;
  readonly #repeats = new Map<string, Cancel>();
  #file: CareFile | undefined;

  constructor(parts: CareDeskParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    this.#file = new CareFile(this.#parts.folder);
    const nowMs = this.#parts.clock.nowMs();
    for (const record of this.#file.open(nowMs - TRIAL_ANSWER_WITHIN_MS)) this.#send(record);
  }

  async stop(): Promise<void> {
    for (const cancel of this.#repeats.values()) cancel();
    this.#repeats.clear();
    this.#file?.close();
    this.#file = undefined;
  }

  /** On the disk when it returns. Throws `COMMAND_TARGET_…`, `COMMANDS_FULL` or `LEDGER_UNAVAILABLE`. */
  submit({ site, gateway, what, issuer, validForS }: CareWish): CareRecord {
    const { host, clock, log } = this.#parts;
    const name = gatewayName({ site, gateway });
    const node = host.nodes.get(name);
    if (!node) {
      const known = [...host.nodes.keys()].slice(0, 12).join(', ') || '–';
      throw new SluiceError('COMMAND_TARGET_UNKNOWN', {
        what: { en: `gateway ${name}`, zh: `网关 ${name}` },
        known,
      });
    }
    if (!node.online) {
      const since = new Date(node.sinceMs).toISOString();
      throw new SluiceError('COMMAND_TARGET_OFFLINE', {
        what: { en: `gateway ${name}`, zh: `网关 ${name}` },
        since,
      });
    }
    if (this.#repeats.size >= MOST_OPEN) throw new SluiceError('COMMANDS_FULL', { limit: MOST_OPEN });
    const submittedMs = clock.nowMs();
    const id = randomUUID();
    const request = { ...what, id, issuer, expiresAtMs: submittedMs + 1000 * validForS } as CareRequest;
    const record: CareRecord = { site, gateway, request, submittedMs };
    this.#opened().add(record);
    log.info({ request: id, site, gateway, action: request.action, issuer }, 'care is asked for');
    this.#send(record);
    return record;
  }

  get(id: string): CareRecord | undefined {
    return this.#opened().get(id);
  }

  /** Of one gateway, newest first. */
  find(site: string, gateway: string, limit: number): CareRecord[] {
    return this.#opened().find(site, gateway, limit);
  }

  stateOf({ answer, request: { action, expiresAtMs } }: CareRecord): CareState {
    if (answer) return answer.isDone ? 'done' : 'failed';
    const isTrial = action === 'apply-config' || action === 'roll-back' || action === 'restart';
    const withinMs = isTrial ? TRIAL_ANSWER_WITHIN_MS : ANSWER_WITHIN_MS;
    return this.#parts.clock.nowMs() < expiresAtMs + withinMs ? 'pending' : 'unanswered';
  }

  /** What gateways told. Each is on the disk when it returns; throws where the disk refuses. */
  take(events: readonly KeptEvent[]): void {
    for (const { site, gateway, event } of events) {
      if (event.kind !== 'care') continue;
      const record = this.#opened().get(event.request);
      // A gateway may only answer for what it was asked itself.
      if (record?.site !== site || record.gateway !== gateway) continue;
      const { isDone, timeMs, result, reason } = event;
      this.#opened().answer(event.request, {
        ...{ isDone, timeMs },
        ...(result === undefined ? {} : { result }),
        ...(reason === undefined ? {} : { reason }),
      });
      this.#repeats.get(event.request)?.();
      this.#repeats.delete(event.request);
      this.#parts.log.info({ request: event.request, isDone, code: reason?.code }, 'care is answered');
    }
  }

  /** Now, and again until it is answered or expires. */
  #send({ site, gateway, request }: CareRecord): void {
    const { clock, publish } = this.#parts;
    const { id, expiresAtMs } = request;
    const nowMs = clock.nowMs();
    this.#repeats.delete(id);
    if (nowMs >= expiresAtMs) return;
    const value = JSON.stringify(request);
    const metrics = [{ name: CARE_METRIC, timeMs: nowMs, dataType: DATA_TYPES.String, value }];
    publish(formatTopic({ site, type: 'NCMD', gateway }), encodePayload({ timeMs: nowMs, metrics }));
    const repeat = () => this.#send({ site, gateway, request, submittedMs: nowMs });
    this.#repeats.set(id, clock.after(Math.min(REPEAT_MS, expiresAtMs - nowMs), repeat));
  }

  #opened(): CareFile {
    return opened(this.#file, 'care.db');
  }
}
