import type { Identity } from '../../core/access.ts';
import type { Contact, ContactWish } from '../../core/alerts/contact.ts';
import type { Silence, SilenceWish } from '../../core/alerts/silence.ts';
import type { Clock } from '../../core/clock.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { Log } from '../../core/log.ts';
import type { Audit } from '../access/audit.ts';
import type { AlertDesk } from '../alerts/alert-desk.ts';
import type { AlertEvent } from '../alerts/alert-event.ts';
import { ContactBook } from './contact-book.ts';
import type { Delivery, DeliveryState } from './delivery.ts';
import { type DeliveryFilter, NotifyFile } from './notify-file.ts';
import { seesEvent } from './places-of.ts';
import { silencedBy } from './silenced-by.ts';

interface NotifyDeskParts {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  readonly alerts: Pick<AlertDesk, 'get' | 'open' | 'acknowledge'>;
}

/** Tells people of alerts, and takes their answers. */
export class NotifyDesk implements Service {
  readonly name = 'notify';
  readonly #parts: NotifyDeskParts;
  readonly #contacts: ContactBook;
  #file: NotifyFile | undefined;

  constructor(parts: NotifyDeskParts) {
    this.#parts = parts;
    this.#contacts = new ContactBook({
      clock: parts.clock,
      audit: parts.audit,
      file: () => this.#opened(),
      changed: () => {},
    });
  }

  async start(): Promise<void> {
    this.#file = new NotifyFile(this.#parts.folder);
  }

  async stop(): Promise<void> {
    this.#file?.close();
    this.#file = undefined;
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
    const seesKey = (key: string) =>
      this.#parts.alerts.open().some((event) => event.key === key && seesEvent(by, event));
    return this.#contacts.addSilence(wish, by, seesKey);
  }

  /** Throws `NOT_FOUND`. */
  endSilence(id: string, by: string): Silence {
    return this.#contacts.endSilence(id, by);
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

  #toBeChanged(id: string, by: Identity): AlertEvent {
    const event = this.#parts.alerts.get(id);
    if (!seesEvent(by, event))
      throw new SluiceError('NOT_FOUND', { what: { en: `alert ${id}`, zh: `告警 ${id}` } });
    if (event.clearedMs !== undefined) throw new SluiceError('ALERT_ENDED', { id });
    return event;
  }

  #opened(): NotifyFile {
    if (this.#file) return this.#file;
    throw new SluiceError('LEDGER_UNAVAILABLE', { file: 'alerts.db', reason: 'it is not open' });
  }
}
