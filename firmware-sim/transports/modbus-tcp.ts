import type { Cancel } from '../../core/clock.ts';
import { takeMbap, wrapMbap } from '../../core/modbus/mbap.ts';
import { encodeException } from '../../core/modbus/pdu.ts';
import { answerRequest } from '../answer-request.ts';
import { type Fault, strike } from '../faults.ts';
import type { SlaveBusOptions } from '../modbus-slave.ts';
import type { Conversation } from './tcp-transport.ts';

/** What a converter answers for a unit that nobody has (Modbus application protocol 1.1b3, clause 7). */
const TARGET_FAILED = 11;
/** No frame is longer, so what is more than this is kept for nothing. */
const LONGEST_FRAME = 260;
/** Requests of one connection that wait for their answers; the next is told to come again later. */
const MOST_PENDING = 64;
const BUSY = 6;

/**
 * Modbus TCP: each request has a number that its answer repeats, so several may be under way. Of the faults, `dead` and
 * `delay` strike here; `crc` and `noise` cannot, since TCP mends what a wire breaks.
 */
export function conversePerMbap(
  { slaves, clock, random }: Omit<SlaveBusOptions, 'send'>,
  send: (bytes: Uint8Array) => void,
  hangUp: () => void,
): Conversation {
  const pending = new Set<Cancel>();
  let bytes: Uint8Array = new Uint8Array();

  const answer = (transaction: number, unit: number, pdu: Uint8Array) => {
    const slave = slaves.find((one) => one.unit === unit);
    if (!slave) {
      send(wrapMbap({ transaction, unit, pdu: encodeException(pdu[0]!, TARGET_FAILED) }));
      return;
    }
    if (pending.size >= MOST_PENDING) {
      send(wrapMbap({ transaction, unit, pdu: encodeException(pdu[0]!, BUSY) }));
      return;
    }
    const frame = wrapMbap({ transaction, unit, pdu: answerRequest(slave.device, pdu) });
    const { frame: sent, delayMs } = strike(slave.faults.filter(reachesTcp), random, frame);
    if (!sent) return;
    const cancel = clock.after(delayMs + slave.answerDelayMs, () => {
      pending.delete(cancel);
      send(sent);
    });
    pending.add(cancel);
  };

  return {
    receive(more) {
      bytes = Buffer.concat([bytes, more]);
      try {
        for (let taken = takeMbap(bytes); taken; taken = takeMbap(bytes)) {
          const { transaction, unit, pdu } = taken.frame;
          bytes = bytes.subarray(taken.length);
          answer(transaction, unit, pdu);
        }
      } catch {
        // Where the next frame begins cannot be told any more; a real device hangs up too.
        hangUp();
      }
      if (bytes.length > LONGEST_FRAME) hangUp();
    },
    stop() {
      for (const cancel of pending) cancel();
      pending.clear();
    },
  };
}

function reachesTcp({ kind }: Fault): boolean {
  return kind !== 'crc' && kind !== 'noise';
}
