import { decodeRequest, encodeResponse } from '../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../core/modbus/rtu.ts';
import { openPtyLine, type PtyLine } from '../../gateway/testing/pty-line.ts';

/** What the slave said: the value of its register, which no other answer has, and when, UTC. */
export interface Answer {
  readonly value: number;
  readonly timeMs: number;
}

/** A Modbus slave on a pseudo-terminal whose third register counts its answers: what it said is known without asking anybody. */
export class CountingSlave {
  readonly answers: Answer[] = [];
  #line: PtyLine | undefined;

  static async on(port: string): Promise<CountingSlave> {
    const slave = new CountingSlave();
    const line = await openPtyLine(port, (frame) => {
      const request = requestIn(frame);
      if (!request) return;
      const { unit, pdu } = request;
      const value = slave.answers.length + 1;
      // Moisture in tenths of a percent, temperature in tenths of a degree, conductivity in µS/cm: that one counts.
      line.send(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers: [234, 100, value] })));
      slave.answers.push({ value, timeMs: Date.now() });
    });
    slave.#line = line;
    return slave;
  }

  /** It answers no more. */
  async unplug(): Promise<void> {
    await this.#line?.unplug();
    this.#line = undefined;
  }
}

/** `undefined` for what no slave answers: the end of a frame that a killed gateway had begun, or two that came together. */
function requestIn(frame: Uint8Array): ReturnType<typeof unwrapRtu> | undefined {
  try {
    return unwrapRtu(frame);
  } catch {
    return undefined;
  }
}
