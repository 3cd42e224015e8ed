import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { SluiceError } from '../../../core/errors.ts';
import { Engine, type EngineWrite } from './engine.ts';
import { engineError } from './engine-error.ts';
import type {
  EngineError,
  EngineOpened,
  EngineReply,
  EngineRequest,
  EngineResult,
  EngineSetup,
} from './protocol.ts';

/** How long a query may go on before writes and other queries get their turn. */
const SLICE_MS = 4;

/** Of so many turns one goes to roll-ups and deletion while queries wait. */
const TURNS_FOR_QUERIES = 8;

interface QueryJob {
  readonly id: number;
  readonly steps: Generator<void, EngineResult>;
}

/** Runs the engine in turns: all writes that wait, in one commit; a slice of one query; a step of sealing. */
class EngineWorker {
  readonly #engine: Engine;
  readonly #file: string;
  readonly #port: MessagePort;
  readonly #writes: { id: number; write: EngineWrite }[] = [];
  readonly #queries: QueryJob[] = [];
  readonly #upkeep: QueryJob[] = [];
  #turns = 0;
  #closeId: number | undefined;
  #isAwake = false;

  constructor(engine: Engine, file: string, port: MessagePort) {
    this.#engine = engine;
    this.#file = file;
    this.#port = port;
  }

  take(request: EngineRequest): void {
    if (request.kind === 'write') this.#writes.push(request);
    else if (request.kind === 'query') {
      this.#queries.push({ id: request.id, steps: this.#engine.query(request.query) });
    } else if (request.kind === 'scan') {
      this.#queries.push({ id: request.id, steps: this.#engine.scan(request.scan) });
    } else if (request.kind === 'rollUp') {
      this.#upkeep.push({ id: request.id, steps: this.#engine.rollUp(request.endMs, request.budgetMs) });
    } else if (request.kind === 'expire') {
      this.#upkeep.push({ id: request.id, steps: this.#engine.expire(request.order, request.budgetMs) });
    } else this.#closeId = request.id;
    this.wake();
  }

  wake(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isAwake = false;
    this.#commitWrites();
    this.#runQuery();
    if (this.#writes.length + this.#queries.length + this.#upkeep.length > 0) this.wake();
    else if (this.#closeId !== undefined) {
      this.#close(this.#closeId);
      return;
    }
    if (this.#engine.needsSealing && this.#seal()) this.wake();
  }

  #commitWrites(): void {
    if (this.#writes.length === 0) return;
    const writes = this.#writes.splice(0);
    let error: EngineError | undefined;
    try {
      this.#engine.write(writes.map(({ write }) => write));
    } catch (thrown) {
      error = this.#errorOf(thrown);
    }
    for (const { id } of writes) this.#reply(error ? { id, error } : { id });
  }

  #runQuery(): void {
    // Roll-ups and deletion wait for whoever waits for an answer, but not for ever.
    const isForUpkeep = this.#queries.length === 0 || ++this.#turns % TURNS_FOR_QUERIES === 0;
    const jobs = isForUpkeep && this.#upkeep.length > 0 ? this.#upkeep : this.#queries;
    const job = jobs.shift();
    if (!job) return;
    const endMs = performance.now() + SLICE_MS;
    try {
      do {
        const step = job.steps.next();
        if (step.done) {
          this.#reply({ id: job.id, result: step.value });
          return;
        }
      } while (performance.now() < endMs);
      jobs.push(job);
    } catch (thrown) {
      this.#reply({ id: job.id, error: this.#errorOf(thrown) });
    }
  }

  /** Whether it went well. Where it did not, the rows are safe in the log, and a later turn tries again. */
  #seal(): boolean {
    try {
      this.#engine.sealSome();
      return true;
    } catch {
      // A head that cannot be sealed fills up, and then writes are refused with the reason.
      return false;
    }
  }

  #close(id: number): void {
    this.#engine.close();
    this.#reply({ id });
    this.#port.close();
  }

  #reply(reply: EngineReply): void {
    this.#port.postMessage(reply);
  }

  #errorOf(thrown: unknown): EngineError {
    return plain(engineError(this.#file, thrown));
  }
}

function plain({ code, details }: SluiceError): EngineError {
  return { code, details };
}

function open(port: MessagePort): void {
  const { file, limits } = workerData as EngineSetup;
  let opened: EngineOpened;
  let engine: Engine | undefined;
  try {
    engine = new Engine(file, limits);
    const { rows: last, damage } = engine.last();
    const keptFrom = engine.keptFrom();
    opened = { series: engine.series(), last, keptFrom, ...(damage && { damage: plain(damage) }) };
  } catch (thrown) {
    engine?.close();
    port.postMessage({ error: plain(engineError(file, thrown)) } satisfies EngineOpened);
    return;
  }
  port.postMessage(opened);
  const worker = new EngineWorker(engine, file, port);
  port.on('message', (request: EngineRequest) => worker.take(request));
  worker.wake();
}

if (parentPort) open(parentPort);
