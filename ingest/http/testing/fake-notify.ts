import type { Identity } from '../../../core/access.ts';
import type { Contact, ContactWish } from '../../../core/alerts/contact.ts';
import type { Silence, SilenceWish } from '../../../core/alerts/silence.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { AlertEvent } from '../../alerts/alert-event.ts';
import type { Delivery, DeliveryState } from '../../notify/delivery.ts';
import type { NotifyStatus } from '../../notify/notify-desk.ts';
import { silencedBy } from '../../notify/silenced-by.ts';
import type { HttpSources } from '../sources.ts';

type Notify = HttpSources['notify'];

/** Keeps what it is told in memory, and delivers nothing. */
export class FakeNotify implements Notify {
  people: Contact[] = [];
  kept: Silence[] = [];
  delivered: Delivery[] = [];
  readonly acknowledged: { id: string; who: string; note?: string }[] = [];
  /** What silences are judged by; a test that shows another time sets it. */
  nowMs = (): number => Date.now();
  readonly #alert: (id: string) => AlertEvent;

  constructor(alert: (id: string) => AlertEvent) {
    this.#alert = alert;
  }

  acknowledge(id: string, { name: who }: Identity, note?: string): AlertEvent {
    const event = this.#alert(id);
    const said = { who, ...(note === undefined ? {} : { note }) };
    this.acknowledged.push({ id, ...said });
    const acknowledged = { ...said, timeMs: this.nowMs() };
    // So that the next look at the list shows it.
    return Object.assign(event, {
      acknowledged,
      timeline: [...event.timeline, { step: 'acknowledged', ...acknowledged }],
    });
  }

  silence(id: string, by: Identity, reason: string, forS: number): Silence {
    const { key } = this.#alert(id);
    const fromMs = this.nowMs();
    return this.#keepSilence({ matcher: { key }, reason, untilMs: fromMs + 1000 * forS }, by, fromMs);
  }

  silencedBy(event: AlertEvent): Silence | undefined {
    return silencedBy(event, this.kept, this.nowMs());
  }

  counts(alert: string): Record<DeliveryState, number> {
    const counts = { waiting: 0, sent: 0, failed: 0, dropped: 0 };
    for (const { items, state } of this.delivered)
      if (items.some((item) => item.alert === alert)) counts[state]++;
    return counts;
  }

  contacts(): Contact[] {
    return this.people;
  }

  addContact(wish: ContactWish, who: string): Contact {
    const id = `contact-${this.people.length + 1}`;
    const contact = { ...wish, id, version: 1, setBy: who, setMs: this.nowMs() };
    this.people.push(contact);
    return contact;
  }

  changeContact(id: string, wish: ContactWish, version: number, who: string): Contact {
    const before = this.#contact(id);
    if (before.version !== version)
      throw new SluiceError('VERSION_STALE', { what: `contact ${id}`, version: before.version });
    const contact = { ...wish, id, version: version + 1, setBy: who, setMs: this.nowMs() };
    this.people = this.people.map((one) => (one.id === id ? contact : one));
    return contact;
  }

  dropContact(id: string): Contact {
    const contact = this.#contact(id);
    this.people = this.people.filter((one) => one !== contact);
    return contact;
  }

  silences(): Silence[] {
    return this.kept;
  }

  addSilence(wish: SilenceWish, by: Identity): Silence {
    return this.#keepSilence(wish, by, this.nowMs());
  }

  #keepSilence(wish: SilenceWish, by: Identity, fromMs: number): Silence {
    const id = `silence-${this.kept.length + 1}`;
    const silence = { ...wish, id, who: by.name, fromMs };
    this.kept.push(silence);
    return silence;
  }

  endSilence(id: string, { name: by }: Identity): Silence {
    const before = this.kept.find((one) => one.id === id);
    if (!before) throw new SluiceError('NOT_FOUND', { what: { en: `silence ${id}`, zh: `静默 ${id}` } });
    const after = { ...before, ended: { ms: this.nowMs(), by } };
    this.kept = this.kept.map((one) => (one === before ? after : one));
    return after;
  }

  deliveries(): Delivery[] {
    return this.delivered;
  }

  test(id: string): Delivery[] {
    const lane = `${id}|test`;
    return this.#contact(id).ways.map((way) => ({
      ...{ id: `test-${way.kind}`, contact: id, way, lane, more: 0, state: 'waiting', tries: 0 },
      items: [{ alert: '', what: 'test', severity: 'info', timeMs: this.nowMs() }],
      ...{ createdMs: this.nowMs(), dueMs: this.nowMs() },
    }));
  }

  state: NotifyStatus = { ways: [], sent: 0, failed: 0, waiting: 0 };
  status(): NotifyStatus {
    return this.state;
  }

  #contact(id: string): Contact {
    const contact = this.people.find((one) => one.id === id);
    if (contact) return contact;
    throw new SluiceError('NOT_FOUND', { what: { en: `contact ${id}`, zh: `联系人 ${id}` } });
  }
}
