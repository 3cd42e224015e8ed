import { describeAnswer, describeRequest } from '../../../core/modbus/describe.ts';
import type { TraceLine } from '../../driver.ts';
import type { Exchange, MasterEffect } from './master.ts';

/** Tells a technician in words what goes over a line. `bytes` are those that arrived since the last request. */
export class BusTrace {
  readonly #watcher: () => ((line: TraceLine) => void) | undefined;
  #heard: Uint8Array[] = [];

  /** `watcher` is whom to tell; nobody, most of the time, and then nothing is kept. */
  constructor(watcher: () => ((line: TraceLine) => void) | undefined) {
    this.#watcher = watcher;
  }

  sent({ unit, request }: Exchange, bytes: Uint8Array): void {
    const tell = this.#watcher();
    if (!tell) return;
    this.#flush('nobody waits for it');
    tell({ direction: 'sent', bytes, text: describeRequest(unit, request) });
  }

  heard(bytes: Uint8Array): void {
    if (this.#watcher()) this.#heard.push(bytes.slice());
  }

  ended(effect: Extract<MasterEffect, { kind: 'answer' | 'fault' }>): void {
    if (!this.#watcher()) return;
    const text = effect.kind === 'answer' ? describeAnswer(effect.answer) : effect.reason;
    if (this.#heard.length > 0) this.#flush(text);
    else this.note('no answer');
  }

  note(text: string): void {
    this.#watcher()?.({ direction: 'note', text });
  }

  #flush(text: string): void {
    if (this.#heard.length === 0) return;
    const bytes = Uint8Array.from(this.#heard.flatMap((part) => [...part]));
    this.#heard = [];
    this.#watcher()?.({ direction: 'received', bytes, text });
  }
}
