import { randomUUID } from 'node:crypto';
import type { Identity } from '../../core/access.ts';
import type { Contact, ContactWish, WayKind } from '../../core/alerts/contact.ts';
import type { Silence, SilenceWish } from '../../core/alerts/silence.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import { SluiceError, type Words } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import type { Audit } from '../access/audit.ts';
import type { AlertDesk, EventsNow, PlannedTelling } from '../alerts/alert-desk.ts';
import type { AlertEvent } from '../alerts/alert-event.ts';
import type { Condition } from '../alerts/condition.ts';
import { opened } from '../state-database.ts';
import type { NotifyConfig } from './config.ts';
import { ContactBook } from './contact-book.ts';
import { Courier } from './courier.ts';
import type { Delivery, DeliveryState } from './delivery.ts';
import { type DeliveryFilter, NotifyFile } from './notify-file.ts';
import { isMatched, seesCause, seesEvent } from './places-of.ts';
import { isStateWay, laneOf, type PlanOptions } from './plan-state.ts';
import { deliveryKey } from './plan-tellings.ts';
import { silencedBy, silenceEndMs } from './silenced-by.ts';
import type { Way } from './ways/way.ts';

interface NotifyDeskParts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  readonly alerts: Pick<AlertDesk, 'get' | 'peek' | 'open' | 'acknowledge' | 'note'>;
  readonly ways: ReadonlyMap<WayKind, Way>;
}

const WAY_WORDS: Record<WayKind, Words> = {
  webhook: { en: 'webhook', zh: ' webhook ' },
  mail: { en: 'mail', zh: '邮件' },
  mqtt: { en: 'MQTT', zh: ' MQTT ' },
  sms: { en: 'SMS', zh: '短信' },
};
const CLEAR_EVERY_MS = 3_600_000;
/** Deliveries kept at most. */
const MOST_DELIVERIES = 100_000;

export interface NotifyStatus {
  readonly ways: readonly {
    readonly kind: WayKind;
    /** Why nothing gets out by it. */
    readonly error?: SluiceError;
    /** Of a modem, dBm, as it last said. */
    readonly signalDbm?: number;
  }[];
  readonly sent: number;
  readonly failed: number;
  readonly waiting: number;
}

/** Tells people of alerts, and takes their answers. */
export class NotifyDesk implements Service {
  readonly name = 'notify';
  readonly #parts: NotifyDeskParts;
  readonly #contacts: ContactBook;
  readonly #config: NotifyConfig;
  #file: NotifyFile | undefined;
  #courier: Courier | undefined;
  #cancelClear: Cancel | undefined;

  constructor(config: NotifyConfig, parts: NotifyDeskParts) {
    this.#config = config;
    this.#parts = parts;
    this.#contacts = new ContactBook({
      clock: parts.clock,
      audit: parts.audit,
      file: () => this.#opened(),
      moving: (before, after) => this.#courier?.moving(before, after),
      changed: () => {
        this.#courier?.refresh();
        this.#courier?.look();
      },
    });
  }

  async start(): Promise<void> {
    const { folder, clock, log, alerts, ways } = this.#parts;
    this.#file = new NotifyFile(folder);
    this.#clear();
    const { consoleUrl, zone } = this.#config;
    this.#courier = new Courier({
      ...{ clock, log, file: this.#file, ways, options: planOptions(this.#config), consoleUrl, zone },
      ...{ open: () => alerts.open(), peek: (id) => alerts.peek(id) },
    });
    for (const way of ways.values()) way.start?.(this.#file);
    this.#courier.start();
  }

  async stop(): Promise<void> {
    this.#cancelClear?.();
    await this.#courier?.stop();
    this.#courier = undefined;
    await Promise.all(Array.from(this.#parts.ways.values(), (way) => way.stop?.()));
    this.#file?.close();
    this.#file = undefined;
  }

  /** What keeps alerts from being told: the disk, or a way that cannot send. */
  trouble(): SluiceError | undefined {
    const ways = [...this.#parts.ways.values()];
    return this.#courier?.trouble() ?? ways.map((way) => way.trouble?.()).find((one) => one !== undefined);
  }

  /** What is to be told of events that are about to be kept. Never throws. */
  along(events: EventsNow): PlannedTelling | undefined {
    return this.#courier?.along(events);
  }

  /** Events have changed. Never throws. */
  look(): void {
    this.#courier?.look();
  }

  /** Whom messages do not reach: until one does, or the contact is changed. Undefined while that is not known. */
  undelivered(): Condition[] | undefined {
    if (!this.#courier) return undefined;
    const broken = [...this.#courier.broken().values()];
    if (broken.length === 0) return [];
    const names = new Map(this.contacts().map(({ id, name }) => [id, name]));
    return broken.flatMap(({ contact, kind, sinceMs }): Condition | [] => {
      const name = names.get(contact);
      // Given up just when its contact was taken away.
      if (name === undefined) return [];
      const way = WAY_WORDS[kind];
      return {
        ...{ key: deliveryKey(contact, kind), kind: 'delivery', subject: `${contact}/${kind}` },
        ...{ severity: 'warning', sinceMs, noticedMs: this.#parts.clock.nowMs(), explains: false },
        words: {
          en: `${name} is not reached by ${way.en}: messages about alerts are given up`,
          zh: `无法通过${way.zh}通知${name}：告警消息已放弃`,
        },
      };
    });
  }

  /** Of each way that is set up; and messages since this process started, and that wait now. */
  status(): NotifyStatus {
    const ways = Array.from(this.#parts.ways, ([kind, way]) => {
      const error = way.trouble?.();
      return { kind, ...(error ? { error } : {}), ...(way.signal?.() ?? {}) };
    });
    return { ways, ...(this.#courier?.counts() ?? { sent: 0, failed: 0, waiting: 0 }) };
  }

  /** One message by each way of a contact, at once. Throws `NOT_FOUND` or `LEDGER_UNAVAILABLE`. */
  test(id: string, who: string): readonly Delivery[] {
    const contact = this.#contacts.contact(id);
    this.#parts.audit.record({ who, action: 'contact.tested', subject: id });
    const nowMs = this.#parts.clock.nowMs();
    const deliveries = contact.ways
      .filter((way) => !isStateWay(way))
      .map((way): Delivery => {
        const item = { alert: '', what: 'test', severity: 'info', timeMs: nowMs } as const;
        return {
          ...{ id: randomUUID(), contact: id, way, lane: laneOf(id, way, ''), items: [item], more: 0 },
          ...{ state: 'waiting', createdMs: nowMs, dueMs: nowMs, tries: 0 },
        };
      });
    this.#courier?.test(contact, deliveries);
    return deliveries;
  }

  contacts(): Contact[] {
    return this.#contacts.contacts();
  }

  /** Throws `REQUEST_INVALID` or `CONTACTS_FULL`. */
  addContact(wish: ContactWish, who: string): Contact {
    return this.#contacts.addContact(wish, who);
  }

  /** Throws `NOT_FOUND`, `VERSION_STALE` or `REQUEST_INVALID`. */
  changeContact(id: string, wish: ContactWish, version: number, who: string): Contact {
    return this.#contacts.changeContact(id, wish, version, who);
  }

  /** Throws `NOT_FOUND`, or `REQUEST_INVALID` where another contact escalates to it. */
  dropContact(id: string, who: string): Contact {
    return this.#contacts.dropContact(id, who);
  }

  silences(): Silence[] {
    return this.#contacts.silences();
  }

  /** Throws `REQUEST_INVALID`, `NOT_PERMITTED` or `CONTACTS_FULL`. */
  addSilence(wish: SilenceWish, by: Identity): Silence {
    const silence = this.#contacts.addSilence(wish, by, this.#seesCauseOf(by));
    this.#note(silence, { step: 'silenced', who: by.name, note: silence.reason });
    return silence;
  }

  /** Throws `NOT_FOUND`, also where it is none of theirs. */
  endSilence(id: string, by: Identity): Silence {
    const wasOn = this.silences().some((one) => one.id === id && this.#isOn(one));
    const silence = this.#contacts.endSilence(id, by, this.#seesCauseOf(by));
    if (wasOn) this.#note(silence, { step: 'unsilenced', who: by.name });
    return silence;
  }

  /** Throws `NOT_FOUND`, also where `by` does not see it, or `ALERT_ENDED`. */
  acknowledge(id: string, by: Identity, note?: string): AlertEvent {
    this.#toBeChanged(id, by);
    this.#parts.audit.record({
      ...{ who: by.name, action: 'alert.acknowledged', subject: id },
      ...(note === undefined ? {} : { why: note }),
    });
    return this.#parts.alerts.acknowledge(id, by.name, note);
  }

  /** What has the same cause is silenced too. Throws as `acknowledge` and `addSilence`. */
  silence(id: string, by: Identity, reason: string, forS: number): Silence {
    const { key } = this.#toBeChanged(id, by);
    const untilMs = this.#parts.clock.nowMs() + 1000 * forS;
    return this.addSilence({ matcher: { key }, reason, untilMs }, by);
  }

  silencedBy(event: AlertEvent): Silence | undefined {
    return silencedBy(event, this.silences(), this.#parts.clock.nowMs());
  }

  /** Newest first. */
  deliveries(filter: DeliveryFilter): Delivery[] {
    return this.#opened().deliveries(filter);
  }

  counts(alert: string): Record<DeliveryState, number> {
    return this.#opened().counts(alert);
  }

  #isOn(silence: Silence): boolean {
    return silenceEndMs(silence) > this.#parts.clock.nowMs();
  }

  /** What becomes of a silence is a part of what happened to each event that it keeps quiet. */
  #note({ matcher }: Silence, entry: Parameters<AlertDesk['note']>[1]): void {
    const { alerts } = this.#parts;
    alerts.note(
      alerts.open().filter((event) => isMatched(matcher, event)),
      entry,
    );
  }

  #seesCauseOf(by: Identity) {
    return (key: string) =>
      this.#parts.alerts.open().some((event) => event.key === key && seesCause(by, event));
  }

  #toBeChanged(id: string, by: Identity): AlertEvent {
    const event = this.#parts.alerts.get(id);
    if (!seesEvent(by, event))
      throw new SluiceError('NOT_FOUND', { what: { en: `alert ${id}`, zh: `告警 ${id}` } });
    if (event.clearedMs !== undefined) throw new SluiceError('ALERT_ENDED', { id });
    return event;
  }

  #clear(): void {
    const { clock, log } = this.#parts;
    try {
      this.#file?.clear(clock.nowMs() - 86_400_000 * this.#config.keepDays, MOST_DELIVERIES);
    } catch (thrown) {
      log.warn({ err: thrown }, 'old deliveries are cleared later');
    }
    this.#cancelClear = clock.after(CLEAR_EVERY_MS, () => this.#clear());
  }

  #opened(): NotifyFile {
    return opened(this.#file, 'alerts.db');
  }
}

function planOptions({ perContact, giveUpAfterS, webhook, mail, sms }: NotifyConfig): PlanOptions {
  const perHour = (most = Number.POSITIVE_INFINITY) => ({ most, perMs: 3_600_000 });
  return {
    perContact: { most: perContact.most, perMs: 1000 * perContact.perS },
    giveUpMs: 1000 * giveUpAfterS,
    perWay: {
      ...{ webhook: perHour(webhook?.perHour), mail: perHour(mail?.perHour) },
      ...{ sms: perHour(sms?.perHour), mqtt: perHour() },
    },
  };
}
