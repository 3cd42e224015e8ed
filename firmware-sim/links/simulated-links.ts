import { type LoopWorker, startLoopWorker } from '../../core/datagrams/start-loop-worker.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { changeProblems, type LinkChange, type LinkConfig } from './link-config.ts';
import type { LinkAnswer, LinkOrder } from './link-forwarder.ts';
import type { LinkReport } from './link-report.ts';
import type { LinkThreadData } from './link-thread.ts';

interface Question {
  readonly resolve: (links: readonly LinkReport[]) => void;
  readonly reject: (error: Error) => void;
}

/** Links in a thread of their own, so that nothing else in this process lengthens a delay. */
export class SimulatedLinks {
  readonly #configs: ReadonlyMap<string, LinkConfig>;
  readonly #seed: number;
  readonly #log: Log;
  #worker: LoopWorker<LinkOrder> | undefined;
  #ports: Readonly<Record<string, number>> = {};
  #asked = 0;
  readonly #questions = new Map<number, Question>();

  constructor(configs: readonly LinkConfig[], seed: number, log: Log) {
    this.#configs = new Map(configs.map((one) => [one.id, one]));
    this.#seed = seed;
    this.#log = log;
  }

  /** Throws `LISTEN_FAILED`, and then nothing is open. */
  async open(): Promise<void> {
    if (this.#configs.size === 0 || this.#worker) return;
    const data: LinkThreadData = { configs: [...this.#configs.values()], seed: this.#seed };
    this.#worker = await startLoopWorker<LinkOrder, LinkAnswer>(
      new URL('./link-thread.ts', import.meta.url),
      {
        ...{ name: 'simulated links', data },
        message: (told) => this.#hear(told),
        failed: (error) => {
          this.#worker = undefined;
          this.#log.error({ code: error.code }, `simulated links are down: ${error.message}`);
          this.#refuseAll(error);
        },
      },
    );
    const { reason } = this.#worker;
    if (reason !== undefined)
      this.#log.warn(`delays of simulated links are true to about 1 ms only: ${reason}`);
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.stop();
    this.#refuseAll(new RangeError('the simulator is not up'));
  }

  /** Where senders find a link; known while it is up. Throws a RangeError where there is none. */
  port(id: string): number {
    this.#mustHave(id);
    return this.#ports[id]!;
  }

  /** For the packets that come from now on. Throws a RangeError where there is no such link, and `CONFIG_INVALID`. */
  change(id: string, change: LinkChange): void {
    this.#mustHave(id);
    const problems = changeProblems(id, change);
    if (problems.length > 0) {
      throw new SluiceError('CONFIG_INVALID', { problems: problems.map((one) => `  ${one}`).join('\n') });
    }
    this.#worker?.post({ kind: 'change', id, change });
  }

  /** After every change that was made before. Empty while the links are not up. */
  reports(): Promise<readonly LinkReport[]> {
    const worker = this.#worker;
    if (!worker) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const number = ++this.#asked;
      this.#questions.set(number, { resolve, reject });
      worker.post({ kind: 'report', number });
    });
  }

  /** Throws a RangeError where there is none. */
  async report(id: string): Promise<LinkReport> {
    this.#mustHave(id);
    const found = (await this.reports()).find((one) => one.id === id);
    if (!found) throw new RangeError(`link ${id} is not up`);
    return found;
  }

  #mustHave(id: string): void {
    if (!this.#configs.has(id)) throw new RangeError(`the simulator has no link ${id}`);
  }

  #hear(told: LinkAnswer): void {
    if (told.kind === 'open') this.#ports = told.ports;
    else if (told.kind === 'trouble') this.#log.warn(`link ${told.id}: ${told.reason}`);
    else {
      this.#questions.get(told.number)?.resolve(told.links);
      this.#questions.delete(told.number);
    }
  }

  #refuseAll(error: Error): void {
    for (const { reject } of this.#questions.values()) reject(error);
    this.#questions.clear();
  }
}
