import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { changeProblems, type LinkChange, type LinkConfig } from './link-config.ts';
import type { LinkAnswer, LinkOrder } from './link-forwarder.ts';
import type { LinkReport } from './link-report.ts';

interface Question {
  readonly resolve: (links: readonly LinkReport[]) => void;
  readonly reject: (error: Error) => void;
}

/** Links in a thread of their own, so that nothing else in this process lengthens a delay. */
export class SimulatedLinks {
  readonly #configs: ReadonlyMap<string, LinkConfig>;
  readonly #seed: number;
  readonly #log: Log;
  #worker: Worker | undefined;
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
    const workerData = { configs: [...this.#configs.values()], seed: this.#seed };
    const worker = new Worker(new URL('./link-worker.ts', import.meta.url), { workerData });
    const [answer] = (await once(worker, 'message')) as [LinkAnswer];
    if (answer.kind === 'closed-door') {
      await worker.terminate();
      const { id, address, reason } = answer;
      throw new SluiceError('LISTEN_FAILED', {
        ...{ what: `link ${id} of the simulator`, address, reason, setting: `links, ${id}: listen` },
      });
    }
    if (answer.kind === 'open') this.#ports = answer.ports;
    worker.on('message', (told: LinkAnswer) => this.#hear(told));
    worker.on('error', (error) => this.#end(worker, reasonOf(error)));
    worker.on('exit', () => this.#end(worker, 'its thread ended'));
    this.#worker = worker;
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (!worker) return;
    const exited = once(worker, 'exit');
    worker.postMessage({ kind: 'stop' } satisfies LinkOrder);
    await exited;
    this.#refuseAll('the simulator is stopping');
  }

  /** Where senders find a link; known while it is up. Throws a RangeError where there is none. */
  port(id: string): number {
    this.#config(id);
    return this.#ports[id]!;
  }

  /** For the packets that come from now on. Throws a RangeError where there is no such link, and `CONFIG_INVALID`. */
  change(id: string, change: LinkChange): void {
    this.#config(id);
    const problems = changeProblems(id, change);
    if (problems.length > 0) {
      throw new SluiceError('CONFIG_INVALID', { problems: problems.map((one) => `  ${one}`).join('\n') });
    }
    this.#order({ kind: 'change', id, change });
  }

  /** After every change that was made before. Empty while the links are not up. */
  reports(): Promise<readonly LinkReport[]> {
    if (!this.#worker) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const number = ++this.#asked;
      this.#questions.set(number, { resolve, reject });
      this.#order({ kind: 'report', number });
    });
  }

  /** Throws a RangeError where there is none. */
  async report(id: string): Promise<LinkReport> {
    this.#config(id);
    const found = (await this.reports()).find((one) => one.id === id);
    if (!found) throw new RangeError(`link ${id} is not up`);
    return found;
  }

  #config(id: string): LinkConfig {
    const config = this.#configs.get(id);
    if (!config) throw new RangeError(`the simulator has no link ${id}`);
    return config;
  }

  #order(order: LinkOrder): void {
    this.#worker?.postMessage(order);
  }

  #hear(told: LinkAnswer): void {
    if (told.kind === 'trouble') this.#log.warn(`link ${told.id}: ${told.reason}`);
    if (told.kind !== 'report') return;
    this.#questions.get(told.number)?.resolve(told.links);
    this.#questions.delete(told.number);
  }

  #end(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#log.error(`simulated links are down: ${reason}`);
    this.#refuseAll(reason);
  }

  #refuseAll(reason: string): void {
    for (const { reject } of this.#questions.values()) reject(new Error(reason));
    this.#questions.clear();
  }
}
