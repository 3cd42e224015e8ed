import type { Contact, ContactWish } from '../../../core/alerts/contact.ts';
import type { AlertEvent } from '../../alerts/alert-event.ts';
import type { Delivery } from '../delivery.ts';
import { planMove } from '../plan-move.ts';
import { planResults } from '../plan-result.ts';
import { EMPTY_PLAN, type PlanOptions, type PlanState, readyDeliveries, toOf } from '../plan-state.ts';
import { planTellings } from '../plan-tellings.ts';
import { contact, gatewayAlert } from './alerts.ts';

const rate = { most: 1_000, perMs: 3_600_000 };
export const OPTIONS: PlanOptions = {
  perContact: { most: 3, perMs: 600_000 },
  perWay: { webhook: rate, mail: rate, mqtt: rate, sms: rate },
  giveUpMs: 3_600_000,
};

/** A plan with its time, alerts and contacts, told in short: `what alert → contact`, with `+` between what is one message. */
export class Planned {
  nowMs = Date.UTC(2026, 5, 1, 4);
  state: PlanState = EMPTY_PLAN;
  readonly alerts = new Map<string, AlertEvent>();
  readonly contacts = new Map<string, Contact>();
  readonly silenced = new Set<string>();
  readonly options: PlanOptions;
  #ids = 0;

  constructor(options: Partial<PlanOptions> = {}) {
    this.options = { ...OPTIONS, ...options };
  }

  person(id: string, more: Partial<ContactWish> = {}): this {
    this.contacts.set(id, contact(id, more));
    return this;
  }

  /** What somebody sets on the page, with `underWay` being sent just then. */
  become(id: string, more: Partial<ContactWish>, underWay: readonly Delivery[] = []): this {
    const before = this.contacts.get(id)!;
    const after = { ...before, ...more };
    this.contacts.set(id, after);
    this.state = planMove(this.state, before, after, {
      ...{
        nowMs: this.nowMs,
        underWay: new Set(underWay.map((one) => one.id)),
        newId: () => `d${++this.#ids}`,
      },
    }).state;
    return this;
  }

  /** To which addresses something waits, and what. */
  waiting(): string[] {
    return [...this.state.lanes.values()]
      .flat()
      .map(
        ({ items, way }) =>
          `${items.map(({ what, alert }) => `${what} ${alert}`).join(' + ')} → ${toOf(way)}`,
      );
  }

  raise(id: string, more: Partial<AlertEvent> = {}): this {
    this.alerts.set(id, gatewayAlert(id, { ...more, raisedMs: this.nowMs }));
    return this;
  }

  change(id: string, more: Partial<AlertEvent>): this {
    this.alerts.set(id, { ...this.alerts.get(id)!, ...more });
    return this;
  }

  clear(id: string): this {
    return this.change(id, { clearedMs: this.nowMs });
  }

  pass(ms: number): this {
    this.nowMs += ms;
    return this;
  }

  look(): this {
    const { state } = planTellings(this.state, {
      ...{ nowMs: this.nowMs, options: this.options, contacts: [...this.contacts.values()] },
      open: [...this.alerts.values()].filter(({ clearedMs }) => clearedMs === undefined),
      ended: (id) => this.alerts.get(id),
      isSilenced: ({ id }) => this.silenced.has(id),
      underWay: new Set(),
      newId: () => `d${++this.#ids}`,
    });
    this.state = state;
    return this;
  }

  ready(): Delivery[] {
    const { nowMs, contacts } = this;
    return readyDeliveries(this.state, this.options, { nowMs, contacts, underWay: new Map() });
  }

  /** Looks, and sends whatever may be sent; `fail`: nothing gets through. */
  tell(fail?: { readonly retryable: boolean; readonly code?: string }): string[] {
    this.look();
    const told: string[] = [];
    for (let ready = this.ready(); ready.length > 0; ready = this.ready()) {
      for (const delivery of ready) {
        const said = delivery.items.map(({ what, alert, endedMs }) => `${endedMs ? 'ended' : what} ${alert}`);
        told.push(
          `${said.join(' + ')}${delivery.more ? ` and ${delivery.more} more` : ''} → ${delivery.contact}`,
        );
        const error = fail && { code: 'DELIVERY_FAILED', message: 'no', ...fail };
        const result = { delivery, nowMs: this.nowMs, jitter: 0.5, ...(error ? { error } : {}) };
        this.state = planResults(this.state, [result], this.options).state;
      }
    }
    return told;
  }
}
