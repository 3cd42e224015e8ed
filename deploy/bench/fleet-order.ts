/** What the fleet process is told to do; one order for each process. */
export interface FleetOrder {
  readonly url: string;
  readonly gateways: number;
  readonly seriesPerGateway: number;
  /** At most `seriesPerGateway`; with fewer the series take turns. */
  readonly readingsPerMessage: number;
  /** Whether the gateways keep ledgers, so that every message is confirmed and may be waited for. */
  readonly isNumbered: boolean;
  /** For so long data is published as fast as it is taken; absent where `messagesPerGateway` says when it is enough. */
  readonly seconds?: number;
  readonly messagesPerGateway?: number;
  /** Whether those messages are historical; then every gateway also sends a live one each second meanwhile. */
  readonly isBacklog?: boolean;
  /** Unconfirmed messages of each gateway. */
  readonly windowMessages: number;
  /** The run ends where for so long nothing of the data is confirmed, live messages beside a backlog apart. Default 20 s. */
  readonly stallMs?: number;
}

/** First all births are out; then, after 'go', all data is out and confirmed. */
export type FleetReport =
  | { readonly kind: 'born' }
  | {
      readonly kind: 'done';
      /** Births included: every reading that must be found. */
      readonly readings: number;
      readonly messages: number;
      /** From the first message to the last confirmation; without numbers, to the last byte sent. */
      readonly elapsedMs: number;
      readonly unconfirmed: number;
      /** The longest that a live message waited for its confirmation, where there was a backlog. */
      readonly oldestLiveMs: number;
      readonly fromMs: number;
      readonly toMs: number;
    };
