import type { CoapContent, Exchange } from '../../core/coap/endpoint-state.ts';
import type { CoapMessage } from '../../core/coap/message.ts';

/** What comes to a node’s session from its message layer, and from time. */
export type NodeInput =
  | { readonly kind: 'time' }
  | { readonly kind: 'request'; readonly exchange: Exchange; readonly message: CoapMessage }
  | { readonly kind: 'response'; readonly id: string; readonly message: CoapMessage }
  | { readonly kind: 'failed'; readonly id: string }
  | { readonly kind: 'delivered'; readonly id: string };

/** What is to be sent to the server. */
export type NodeEffect =
  | {
      readonly kind: 'post';
      readonly id: string;
      readonly request: CoapContent;
      readonly isConfirmable: boolean;
    }
  | { readonly kind: 'answer'; readonly exchange: Exchange; readonly answer: CoapContent }
  | {
      readonly kind: 'notify';
      readonly id: string;
      readonly token: Uint8Array;
      readonly answer: CoapContent;
      readonly isConfirmable: boolean;
    };

/** What a node says and hears. Without I/O and clock; all times on the clock of `nowMs`. */
export interface NodeSession {
  readonly isRegistered: boolean;
  /** Whether its radio listens. */
  isAwake(nowMs: number): boolean;
  /** When the next `time` is wanted. */
  nextDueMs(): number;
  step(input: NodeInput, nowMs: number): NodeEffect[];
  reboot(nowMs: number): void;
}
