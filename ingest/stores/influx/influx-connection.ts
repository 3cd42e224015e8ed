import http from 'node:http';
import https from 'node:https';
import { HttpError, InfluxDB, setLogger, type WriteApi } from '@influxdata/influxdb-client';
import { reasonOf, SluiceError } from '../../../core/errors.ts';
import { readSecret } from '../../../core/read-secret.ts';
import type { InfluxConfig } from './config.ts';
import { quoteName } from './names.ts';

/**
 * An answer that is taken as slowly as somebody's line allows stands still meanwhile, which is no failure of the
 * database; longer than the HTTP server lets its own clients stand still (60 s).
 */
const SLOW_READER_MS = 90_000;

/** Answers to a write that was understood but is not wanted as a whole; 413 is a body that is too long. */
const REFUSALS = [400, 413, 422];

/** What the database says to such a write. */
export class RefusedLines extends Error {
  override readonly name = 'RefusedLines';
}

export interface InfluxSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | boolean | null)[])[];
}

/** The client logs every failure by itself; here each one is thrown, and its receiver decides. */
setLogger({ warn() {}, error() {} });

/** HTTP with one InfluxDB: bodies of lines in, answers to InfluxQL out. */
export class InfluxConnection {
  readonly #config: InfluxConfig;
  readonly #client: InfluxDB;
  readonly #slowClient: InfluxDB;
  readonly #agent: http.Agent;
  readonly #writeApi: WriteApi;

  /** Throws `SECRET_UNREADABLE`. */
  constructor(config: InfluxConfig, configFolder: string) {
    this.#config = config;
    const { url, timeoutMs: timeout } = config;
    const token = config.tokenFile && readSecret(config.tokenFile, configFolder);
    this.#agent = url.startsWith('https:')
      ? new https.Agent({ keepAlive: true })
      : new http.Agent({ keepAlive: true });
    const transportOptions = { agent: this.#agent };
    this.#client = new InfluxDB({ url, timeout, transportOptions, ...(token && { token }) });
    const slowTimeout = Math.max(timeout, SLOW_READER_MS);
    this.#slowClient = new InfluxDB({ url, timeout: slowTimeout, transportOptions, ...(token && { token }) });
    this.#writeApi = this.#client.getWriteApi(config.org, config.database, 'ms', {
      // The pipeline retries, and knows what is not stored; the client would drop lines when its buffer is full.
      maxRetries: 0,
      flushInterval: 0,
      gzipThreshold: Number.MAX_SAFE_INTEGER,
    });
    if (config.version === 1) {
      this.#writeApi.path = `/write?db=${encodeURIComponent(config.database)}&precision=ms`;
    }
  }

  /** Resolves when the database has answered that it has all lines. Throws `RefusedLines` or `STORE_UNAVAILABLE`. */
  async write(body: string): Promise<void> {
    try {
      // Both in one go, so that what is flushed is this body and no other.
      this.#writeApi.writeRecord(body);
      await this.#writeApi.flush();
    } catch (error) {
      if (error instanceof HttpError && REFUSALS.includes(error.statusCode)) {
        throw new RefusedLines(this.#wordsOf(error), { cause: error });
      }
      if (error instanceof HttpError && error.statusCode === 404 && this.#config.version === 1) {
        await this.createDatabase();
      }
      throw this.unavailable(error);
    }
  }

  /**
   * The series of the answer, one part after the other as the database sends them; a long series comes in several.
   * Throws `STORE_UNAVAILABLE`, or `STORE_REFUSED` where the database does not take the statement. The database waits
   * where the answer is not taken; `isSlow` where that may last longer than a timeout.
   */
  async *query(statement: string, isSlow = false): AsyncGenerator<InfluxSeries> {
    let rest = '';
    const decoder = new TextDecoder();
    try {
      const { transport } = isSlow ? this.#slowClient : this.#client;
      for await (const chunk of transport.iterate(this.#queryPath(statement), '', {
        method: 'GET',
      })) {
        const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
        rest = lines.pop()!;
        for (const line of lines) yield* this.#seriesOf(line);
      }
    } catch (error) {
      if (error instanceof HttpError && error.statusCode === 400) throw this.#refused(this.#wordsOf(error));
      throw error instanceof SluiceError ? error : this.unavailable(error);
    }
    yield* this.#seriesOf(rest);
  }

  /** Whether that was allowed shows when the database is used. */
  async createDatabase(): Promise<void> {
    const statement = `CREATE DATABASE ${quoteName(this.#config.database)}`;
    try {
      await this.#client.transport.request(this.#queryPath(statement), '', { method: 'POST' });
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  /**
   * Deletes the points of a measurement, named as the database has it, before `beforeMs`: of series with a gateway,
   * as all of ours have. What other programs have written beside them stays. Throws as `query`.
   */
  async deleteBefore(measurement: string, beforeMs: number): Promise<void> {
    const stop = new Date(beforeMs).toISOString();
    if (this.#config.version === 1) {
      const ours = `"site" =~ /./ AND "gateway" =~ /./`;
      await this.#delete(`DELETE FROM ${quoteName(measurement)} WHERE ${ours} AND time < '${stop}'`);
      return;
    }
    // A predicate of 2.x knows nothing but equality.
    const gateways: string[] = [];
    const statement = `SHOW TAG VALUES FROM ${quoteName(measurement)} WITH KEY = "gateway"`;
    for await (const { values } of this.query(statement)) {
      gateways.push(...values.map(([, gateway]) => String(gateway)));
    }
    for (const gateway of gateways) await this.#deleteOf(measurement, gateway, stop);
  }

  /** Whatever is still under way fails at once. */
  close(): void {
    this.#writeApi.dispose();
    this.#agent.destroy();
  }

  databaseMissing(reason: string): SluiceError {
    const { url, database } = this.#config;
    const mend = {
      en: `Create ${database} in the InfluxDB at ${url}, or correct its name.`,
      zh: `请在 ${url} 的 InfluxDB 中创建 ${database}，或更正其名称。`,
    };
    return new SluiceError('STORE_UNAVAILABLE', { store: 'influx', reason, mend });
  }

  unavailable(error: unknown): SluiceError {
    const { url, database } = this.#config;
    const status = error instanceof HttpError ? error.statusCode : undefined;
    const reason = error instanceof HttpError ? this.#wordsOf(error) : reasonOf(error);
    const details = { store: 'influx', reason };
    if (status === 401 || status === 403) {
      const mend = {
        en: `Check the token in tokenFile, and that it may read and write ${database}.`,
        zh: `请检查 tokenFile 中的令牌，并确认其对 ${database} 有读写权限。`,
      };
      return new SluiceError('STORE_UNAVAILABLE', { ...details, mend }, error);
    }
    if (status === 404) return this.databaseMissing(reason);
    const mend = {
      en: `Check that InfluxDB runs at ${url}. Trying again by itself.`,
      zh: `请确认 InfluxDB 正在 ${url} 运行。系统将自动重试。`,
    };
    return new SluiceError('STORE_UNAVAILABLE', { ...details, mend }, error);
  }

  async #delete(statement: string): Promise<void> {
    try {
      const { transport } = this.#slowClient;
      const answer: unknown = await transport.request(this.#queryPath(statement), '', { method: 'POST' });
      // 200 in any case; what went wrong is in the body.
      const text = typeof answer === 'string' ? answer : JSON.stringify(answer ?? '');
      for (const line of text.split('\n')) for (const _ of this.#seriesOf(line));
    } catch (error) {
      throw error instanceof SluiceError ? error : this.unavailable(error);
    }
  }

  async #deleteOf(measurement: string, gateway: string, stop: string): Promise<void> {
    const { org, database } = this.#config;
    const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`;
    const predicate = `_measurement=${quoted(measurement)} AND gateway=${quoted(gateway)}`;
    const path = `/api/v2/delete?${new URLSearchParams({ org, bucket: database })}`;
    const body = JSON.stringify({ start: '1677-09-22T00:00:00Z', stop, predicate });
    const headers = { 'content-type': 'application/json' };
    try {
      await this.#slowClient.transport.request(path, body, { method: 'POST', headers });
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  #queryPath(statement: string): string {
    const { database } = this.#config;
    return `/query?${new URLSearchParams({ db: database, q: statement, epoch: 'ms', chunked: 'true' })}`;
  }

  *#seriesOf(line: string): Generator<InfluxSeries> {
    if (line.trim() === '') return;
    const answer = JSON.parse(line) as {
      error?: string;
      results?: { error?: string; series?: InfluxSeries[] }[];
    };
    const results = answer.results ?? [];
    const reason = answer.error ?? results.find(({ error }) => error)?.error;
    if (reason !== undefined) throw this.#refused(reason);
    for (const { series } of results) yield* series ?? [];
  }

  #refused(reason: string): SluiceError {
    return new SluiceError('STORE_REFUSED', { store: 'influx', reason });
  }

  #wordsOf(error: HttpError): string {
    const { error: words, message } = (error.json ?? {}) as { error?: unknown; message?: unknown };
    const found = [message, words].find((one) => typeof one === 'string');
    return (found as string | undefined) ?? error.body ?? error.message;
  }
}
