import type { Cancel, Clock } from '../../core/clock.ts';
import { asSluiceError, type SluiceError } from '../../core/errors.ts';
import { withoutResult } from '../../core/gateway-event.ts';
import type { Service } from '../../core/lifecycle.ts';
import { qualityOf } from '../../core/reading.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import type { CommandDesk } from '../commands/command-desk.ts';
import type { CommandRecord } from '../commands/command-record.ts';
import type { KeptEvent } from '../events/event-sink.ts';
import type { LiveListener, LiveReading } from '../pipeline/live-sink.ts';
import type { RefusalLog } from '../pipeline/refusal-log.ts';
import type { Store } from '../stores/store.ts';
import { commandSender, idOf, NO_DEVICE, parseCommandMessage, userOf } from './command-message.ts';

const ZONE_EVERY_MS = 1_000;
/** Zones come from births, so somebody could make them up. */
const MOST_ZONES = 10_000;

interface AutomationParts {
  readonly clock: Clock;
  readonly refusals: RefusalLog;
  readonly store: Pick<Store, 'last'>;
  readonly commands: Pick<CommandDesk, 'submit'>;
  publish(topic: string, payload: string, options?: { readonly retain: boolean }): void;
}

interface Zone {
  readonly site: string;
  readonly zone: string;
  /** Waits for its second to be over. */
  cancel: Cancel | undefined;
  isChanged: boolean;
}

/**
 * What Node-RED and scripts see of a site, in JSON and at QoS 0, and the door through which they ask for commands:
 *
 *     sluice/{site}/readings/{gateway}/{device}   the live readings of one message; device `_` is the gateway itself
 *     sluice/{site}/zones/{zone}                  retained: the last reading of every series of the zone
 *     sluice/{site}/event                         what gateways tell
 *     sluice/{site}/outcome/{user}                what became of this user's commands
 *     sluice/{site}/command/{user}                in: a command, under the name of the user whom the broker knows
 */
export class AutomationDoor implements LiveListener, Service {
  readonly name = 'automation';
  readonly topics = ['sluice/+/command/+'];
  readonly #parts: AutomationParts;
  readonly #zones = new Map<string, Zone>();

  constructor(parts: AutomationParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {
    for (const { cancel } of this.#zones.values()) cancel?.();
    this.#zones.clear();
  }

  taken(readings: readonly LiveReading[]): void {
    const { site, gateway, device } = readings[0]!.key;
    let timeMs = 0;
    for (const one of readings) timeMs = Math.max(timeMs, one.timeMs);
    const topic = `sluice/${site}/readings/${gateway}/${device || NO_DEVICE}`;
    this.#parts.publish(topic, JSON.stringify({ timeMs, readings: readings.map(shown) }));
  }

  stored({ table, seriesId, length }: ReadingBatch): void {
    const seen = new Set<number>();
    for (let row = 0; row < length; row++) seen.add(seriesId[row]!);
    for (const id of seen) {
      const { site, zone } = table.get(id);
      if (zone !== '') this.#zoneChanged(site, zone);
    }
  }

  events(events: readonly KeptEvent[]): void {
    for (const { site, gateway, event } of events) {
      this.#parts.publish(`sluice/${site}/event`, JSON.stringify({ ...withoutResult(event), gateway }));
    }
  }

  /** A command was taken, has ended, or the truth about it has come. */
  commandChanged({ id, site, issuer, state, answer }: CommandRecord): void {
    const user = userOf(issuer);
    if (user === undefined) return;
    const told = {
      ...{ id, state },
      ...(answer ? { outcome: answer.outcome } : {}),
      ...(answer?.reason ? { reason: answer.reason } : {}),
      ...(answer?.leaseEndsMs === undefined ? {} : { leaseEndsMs: answer.leaseEndsMs }),
    };
    this.#parts.publish(`sluice/${site}/outcome/${user}`, JSON.stringify(told));
  }

  /** A message on one of `topics`. One that cannot be taken is answered with the reason. */
  message(topic: string, bytes: Uint8Array, isRetained: boolean): void {
    const sender = commandSender(topic);
    // Clearing a retained message is an empty one.
    if (!sender || bytes.length === 0) return;
    try {
      const record = this.#parts.commands.submit(parseCommandMessage(sender, bytes, isRetained));
      // A repeat of one that has ended changes nothing, and its sender wants to know all the same.
      if (record.state !== 'pending') this.commandChanged(record);
    } catch (thrown) {
      this.#refuse(sender, idOf(bytes), asSluiceError(thrown));
    }
  }

  #refuse({ site, user }: { site: string; user: string }, id: string | undefined, error: SluiceError): void {
    const { code } = error;
    this.#parts.refusals.note(`mqtt:${user}`, code, 1, () => error);
    const reason = { code, en: error.text('en'), zh: error.text('zh') };
    const told = { ...(id === undefined ? {} : { id }), state: 'refused', outcome: 'refused', reason };
    this.#parts.publish(`sluice/${site}/outcome/${user}`, JSON.stringify(told));
  }

  #zoneChanged(site: string, name: string): void {
    const key = `${site}/${name}`;
    let zone = this.#zones.get(key);
    if (!zone) {
      if (this.#zones.size >= MOST_ZONES) return;
      zone = { site, zone: name, cancel: undefined, isChanged: false };
      this.#zones.set(key, zone);
    }
    if (zone.cancel) zone.isChanged = true;
    else this.#tellZone(zone);
  }

  #tellZone(zone: Zone): void {
    zone.isChanged = false;
    zone.cancel = this.#parts.clock.after(ZONE_EVERY_MS, () => {
      zone.cancel = undefined;
      if (zone.isChanged) this.#tellZone(zone);
    });
    void this.#publishZone(zone);
  }

  async #publishZone({ site, zone }: Zone): Promise<void> {
    try {
      const last = await this.#parts.store.last({ where: { site: [site], zone: [zone] } });
      const readings = last.map(({ series, ...reading }) => ({
        gateway: series.gateway,
        device: series.device || NO_DEVICE,
        ...shown({ key: series, ...reading }),
      }));
      const payload = JSON.stringify({ zone, timeMs: this.#parts.clock.nowMs(), readings });
      this.#parts.publish(`sluice/${site}/zones/${zone}`, payload, { retain: true });
    } catch (thrown) {
      const error = asSluiceError(thrown);
      this.#parts.refusals.note(`zone ${zone}`, error.code, 1, () => error);
    }
  }
}

function shown({ key, value, timeMs, status }: LiveReading) {
  const { measurement, field, point, zone, unit } = key;
  return { measurement, field, point, zone, value, unit, quality: qualityOf(status), timeMs };
}
