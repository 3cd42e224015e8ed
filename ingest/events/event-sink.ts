import type { GatewayEvent } from '../../core/gateway-event.ts';

export interface KeptEvent {
  readonly site: string;
  readonly gateway: string;
  readonly event: GatewayEvent;
  /** As it came. */
  readonly text: string;
}

export interface EventSink {
  /** When it returns, all of them are on the disk. One that is there already is passed over. Throws where it cannot. */
  keep(events: readonly KeptEvent[]): void;
}
