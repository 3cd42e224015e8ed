import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ServiceContext } from '../../../core/context.ts';
import { reasonOf, SluiceError, type Words } from '../../../core/errors.ts';
import { FolderLock } from '../../../core/folder-lock.ts';
import type { ReadingBatch, Series } from '../../../core/reading-batch.ts';
import { LastValues } from '../last-values.ts';
import { RowReader, seriesSince } from '../rows.ts';
import { compareSeries, type ScanBatch, type ScanQuery } from '../scan.ts';
import { compareTags, groupTags, matchingSeries } from '../series-filter.ts';
import type { LastReading, SeriesData, SeriesFilter, SeriesQuery, Store, WriteResult } from '../store.ts';
import type { Expired, RolledUp, Upkeep } from '../upkeep.ts';
import { type EngineAnswer, type EnginePage, HEAD_LIMITS, type HeadLimits } from './engine.ts';
import type {
  EngineError,
  EngineOpened,
  EngineReply,
  EngineRequest,
  EngineResult,
  EngineSetup,
} from './protocol.ts';

/** Of many series with few readings, so many are asked for at once. */
const SERIES_PER_PAGE = 64;

type Task = EngineRequest extends infer R ? (R extends unknown ? Omit<R, 'id'> : never) : never;

interface Waiting {
  readonly resolve: (result: EngineResult) => void;
  readonly reject: (error: SluiceError) => void;
}

/**
 * Readings in a file under the data folder, with no server: the engine runs in a worker thread, last values and the
 * list of series are kept here. Its ids of series are those of the file.
 */
export class EmbeddedStore implements Store {
  readonly name = 'store';
  readonly #context: ServiceContext;
  readonly #folder: string;
  readonly #limits: HeadLimits;
  readonly #waiting = new Map<number, Waiting>();
  #rows = new RowReader('embedded');
  #last = new LastValues(this.#rows.table);
  #lock: FolderLock | undefined;
  #worker: Worker | undefined;
  #starting: Promise<void> | undefined;
  #isWanted = false;
  /** Series that the file has, counted from the first. */
  #savedSeries = 0;
  #nextId = 0;

  constructor(context: ServiceContext, limits: HeadLimits = HEAD_LIMITS) {
    this.#context = context;
    this.#folder = join(context.dataFolder, 'store');
    this.#limits = limits;
  }

  /** Throws `DATA_FOLDER_IN_USE`, `DATA_FOLDER_UNUSABLE`, `STORE_UNAVAILABLE` or `STORE_CORRUPT`. */
  async start(): Promise<void> {
    this.#isWanted = true;
    await this.#open();
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#starting?.catch(() => {});
    const worker = this.#worker;
    if (worker) {
      const exited = new Promise((resolve) => worker.once('exit', resolve));
      // Where the thread has died meanwhile there is nothing left to close.
      await this.#ask({ kind: 'close' }).catch(() => {});
      await exited;
    }
    this.#lock?.release();
    this.#lock = undefined;
  }

  async write(batch: ReadingBatch): Promise<WriteResult> {
    await this.#open();
    const rows = this.#rows.read(batch);
    const knownSeries = this.#rows.table.size;
    const series = seriesSince(this.#rows.table, this.#savedSeries);
    const { length, seriesId, timeMs, value, status, texts, rejected } = rows;
    if (length > 0) {
      const write = { series, rows: { length, seriesId, timeMs, value, status, texts } };
      await this.#ask({ kind: 'write', write }).catch((error) => {
        throw error.retryable ? error : notWritten(error);
      });
      this.#savedSeries = Math.max(this.#savedSeries, knownSeries);
      this.#last.take(rows);
    }
    return { stored: length, rejected };
  }

  async query(query: SeriesQuery): Promise<SeriesData[]> {
    await this.#open();
    const groups = new Map<string, { tags: SeriesData['tags']; ids: number[] }>();
    for (const series of matchingSeries(this.#rows.table, query)) {
      const tags = groupTags(series, query.groupBy);
      const key = JSON.stringify(tags);
      const group = groups.get(key);
      if (group) group.ids.push(series.id);
      else groups.set(key, { tags, ids: [series.id] });
    }
    const ordered = [...groups.values()].sort((a, b) => compareTags(a.tags, b.tags));
    const { fromMs, toMs, window, maxPoints } = query;
    const answers = (await this.#ask({
      kind: 'query',
      query: { groups: ordered.map(({ ids }) => ids), fromMs, toMs, maxPoints, ...(window && { window }) },
    })) as EngineAnswer[];
    const { measurement, field } = query;
    return answers.flatMap((answer, index) =>
      answer.timeMs.length > 0 ? [{ measurement, field, tags: ordered[index]!.tags, ...answer }] : [],
    );
  }

  async *scan(query: ScanQuery): AsyncGenerator<ScanBatch> {
    await this.#open();
    const { fromMs, toMs } = query;
    const series = matchingSeries(this.#rows.table, query).sort(compareSeries);
    let resumeMs = fromMs;
    for (let next = 0; next < series.length; ) {
      await this.#open();
      const asked = series.slice(next, next + SERIES_PER_PAGE);
      const scan = { ids: asked.map(({ id }) => id), fromMs, toMs, resumeMs };
      const page = (await this.#ask({ kind: 'scan', scan })) as EnginePage;
      for (const { index, ...columns } of page.parts) yield { series: asked[index]!, ...columns };
      next += page.done;
      resumeMs = page.resumeMs;
    }
  }

  async last(filter: SeriesFilter): Promise<LastReading[]> {
    await this.#open();
    return this.#last.find(filter);
  }

  async series(filter: SeriesFilter): Promise<Series[]> {
    await this.#open();
    return this.#last.find(filter).map(({ series }) => series);
  }

  readonly upkeep: Upkeep = {
    rollUp: async (endMs, budgetMs) => {
      await this.#open();
      return (await this.#ask({ kind: 'rollUp', endMs, budgetMs })) as RolledUp;
    },
    expire: async (order, budgetMs) => {
      await this.#open();
      // Before the engine hears of it, so that nothing of that time is on its way any more when it begins.
      if (order.rawMs !== undefined) this.#rows.refuseBefore(order.measurement, order.rawMs);
      return (await this.#ask({ kind: 'expire', order, budgetMs })) as Expired;
    },
    assertCanExpire() {},
  };

  /** Starts the worker where it does not run, or has died since. */
  async #open(): Promise<void> {
    if (!this.#isWanted)
      throw unavailable('it is not started', { en: 'Start Sluice.', zh: '请启动 Sluice。' });
    if (this.#worker) return;
    this.#starting ??= this.#startWorker().finally(() => {
      this.#starting = undefined;
    });
    await this.#starting;
  }

  async #startWorker(): Promise<void> {
    this.#lock ??= new FolderLock(this.#folder);
    const setup: EngineSetup = { file: join(this.#folder, 'readings.sqlite'), limits: this.#limits };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: setup });
    try {
      this.#adopt(await firstMessage(worker));
    } catch (thrown) {
      await worker.terminate();
      this.#lock.release();
      this.#lock = undefined;
      throw thrown instanceof SluiceError ? thrown : engineDied(thrown);
    }
    worker.on('message', (reply: EngineReply) => this.#settle(reply));
    worker.on('error', (thrown) => this.#lose(engineDied(thrown)));
    worker.on('exit', () => this.#lose(engineDied('its thread ended')));
    this.#worker = worker;
  }

  #adopt(opened: EngineOpened): void {
    if ('error' in opened) throw reviveError(opened.error);
    const { series, last, keptFrom, damage } = opened;
    if (damage)
      this.#context.log.error({ service: this.name, code: damage.code }, reviveError(damage).message);
    this.#rows = new RowReader('embedded');
    this.#last = new LastValues(this.#rows.table);
    for (const one of series) this.#rows.table.intern(one);
    for (const [measurement, rawMs] of keptFrom) this.#rows.refuseBefore(measurement, rawMs);
    this.#savedSeries = series.length;
    this.#last.take(last);
  }

  #ask(task: Task): Promise<EngineResult> {
    const worker = this.#worker;
    if (!worker) return Promise.reject(engineDied('its thread ended'));
    const request = { ...task, id: this.#nextId++ } as EngineRequest;
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      worker.postMessage(request);
    });
  }

  #settle(reply: EngineReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(reviveError(reply.error));
    else waiting?.resolve(reply.result);
  }

  #lose(error: SluiceError): void {
    if (this.#worker && this.#isWanted) {
      this.#context.log.error({ service: this.name }, error.message);
    }
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** Rejects where the thread ends before it has said anything. */
function firstMessage(worker: Worker): Promise<EngineOpened> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`its thread ended with code ${code}`)));
  });
}

function reviveError({ code, details }: EngineError): SluiceError {
  return new SluiceError(code, details);
}

/** Whatever ails the file, the readings are good: they must come again, not be given up. */
function notWritten(error: SluiceError): SluiceError {
  const mend = {
    en: 'Mend that and start again; until then nothing is written.',
    zh: '请先解决该问题并重新启动；在此之前不会写入任何数据。',
  };
  return unavailable(error.message, mend, error);
}

function engineDied(thrown: unknown): SluiceError {
  const mend = { en: 'It is started again by itself.', zh: '系统将自动重新启动。' };
  return unavailable(reasonOf(thrown), mend, thrown);
}

function unavailable(reason: string, mend: Words, cause?: unknown): SluiceError {
  return new SluiceError('STORE_UNAVAILABLE', { store: 'embedded', reason, mend }, cause);
}
