import { describeAnswer, describeRequest } from '../../../core/modbus/describe.ts';
import type { TraceLine } from '../../driver.ts';
import type { Exchange, MasterEffect } from './master.ts';

/** Tells a technician in words what goes over a line. `bytes` are those that arrived since the last request. */
export class BusTrace {
  readonly #tell: (line: TraceLine) => void;
  #heard: Uint8Array[] = [];

  constructor(tell: (line: TraceLine) => void) {
    this.#tell = tell;
  }

  sent({ unit, request }: Exchange, bytes: Uint8Array): void {
    this.#flush('nobody waits for it');
    this.#tell({ direction: 'sent', bytes, text: describeRequest(unit, request) });
  }

  heard(bytes: Uint8Array): void {
    this.#heard.push(bytes.slice());
  }

  ended(effect: Extract<MasterEffect, { kind: 'answer' | 'fault' }>): void {
    const text = effect.kind === 'answer' ? describeAnswer(effect.answer) : effect.reason;
    if (this.#heard.length > 0) this.#flush(text);
    else this.note('no answer');
  }

  note(text: string): void {
    this.#tell({ direction: 'note', text });
  }

  #flush(text: string): void {
    if (this.#heard.length === 0) return;
    const bytes = Uint8Array.from(this.#heard.flatMap((part) => [...part]));
    this.#heard = [];
    this.#tell({ direction: 'received', bytes, text });
  }
}
