import type { Clock } from '../../core/clock.ts';
import { findQuantity } from '../../core/quantities.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { type DeviceSpec, type Driver, GATEWAY_ITSELF, type MetricSpec, type Outcome } from '../driver.ts';
import type { Outbox, OutboxStatus } from './outbox.ts';

const BACKLOG = metric('backlog');
const DROPPED = metric('dropped');
const EVERY_MS = 10_000;

/** Reports how much is waiting in the outbox and how much it gave up, as readings of the gateway. */
export class OutboxDriver implements Driver {
  readonly devices: readonly DeviceSpec[] = [
    { id: GATEWAY_ITSELF, metrics: [BACKLOG, DROPPED], groups: [{ id: 'outbox', everyMs: EVERY_MS }] },
  ];
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #look: (status: OutboxStatus) => void;

  constructor(outbox: Outbox, clock: Clock, look: (status: OutboxStatus) => void = () => {}) {
    this.#outbox = outbox;
    this.#clock = clock;
    this.#look = look;
  }

  async poll(): Promise<Outcome> {
    const status = this.#outbox.status();
    this.#look(status);
    const { waiting, dropped } = status;
    const samples = [
      { metric: BACKLOG, value: waiting, quality: 'good' as const },
      { metric: DROPPED, value: dropped, quality: 'good' as const },
    ];
    return { device: GATEWAY_ITSELF, timeMs: this.#clock.nowMs(), isReached: true, samples };
  }

  async stop(): Promise<void> {}
}

function metric(field: string): MetricSpec {
  const quantity = findQuantity('gateway', field)!;
  return { quantity, point: '', zone: '', link: '', class: '', dataType: DATA_TYPES.Double };
}
