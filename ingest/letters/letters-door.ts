import { dirname, join, resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { loadConfig } from '../../core/config.ts';
import { SluiceError } from '../../core/errors.ts';
import { formatAddress } from '../../core/listen.ts';
import { createLog } from '../../core/log.ts';
import { bearerHeaders } from '../access/bearer-headers.ts';
import { IngestConfig } from '../config.ts';
import { LedgerBook } from '../ledger/ledger-book.ts';
import { Accounting } from '../pipeline/accounting.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { RefusalLog } from '../pipeline/refusal-log.ts';
import { createStore } from '../stores/stores.ts';
import { DeadLetters } from './dead-letters.ts';
import type { KeptLetter } from './letter.ts';
import type { LetterCount, LetterFilter } from './letter-file.ts';
import { Replayer, type ReplayReport, type ReplayRequest } from './replayer.ts';

export interface LetterPage {
  /** Newest first. */
  readonly letters: readonly Pick<KeptLetter, 'id' | 'site' | 'gateway' | 'code' | 'receivedMs' | 'state'>[];
  readonly reasons: readonly { readonly en: string; readonly zh: string }[];
  readonly counts: readonly LetterCount[];
}

/** The letters for a program at the terminal, whether ingest runs or not. */
export interface LettersDoor {
  list(filter: LetterFilter, limit: number): Promise<LetterPage>;
  replay(request: ReplayRequest): Promise<ReplayReport>;
  close(): Promise<void>;
}

export interface DoorOptions {
  /** Where ingest answers; without it, where the settings say. */
  readonly url: string | undefined;
  readonly configFile: string | undefined;
  readonly dataFolder: string;
}

/**
 * Through the HTTP API of the ingest that runs, so that no two processes write in one store; where none runs, through the
 * files of the settings that are given. Throws `INGEST_UNREACHABLE`, `DATA_FOLDER_IN_USE`, `CONFIG_…`.
 */
export async function openLetters({ url, configFile, dataFolder }: DoorOptions): Promise<LettersDoor> {
  const config = configFile === undefined ? undefined : loadConfig(IngestConfig, configFile);
  const address = url ?? `http://${formatAddress(config?.http ?? { host: '127.0.0.1', port: 8080 })}`;
  if (await answers(address)) return remote(address);
  if (config && configFile !== undefined && url === undefined) return local(config, configFile, dataFolder);
  throw new SluiceError('INGEST_UNREACHABLE', { url: address });
}

async function answers(address: string): Promise<boolean> {
  try {
    const { headers } = await fetch(new URL('/api/health', address));
    return headers.get('content-type')?.startsWith('application/json') ?? false;
  } catch {
    return false;
  }
}

function remote(address: string): LettersDoor {
  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const post = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...bearerHeaders() },
      body: JSON.stringify(body),
    };
    const answer = await fetch(new URL(path, address), body ? post : { headers: bearerHeaders() });
    const said = (await answer.json()) as T & { code: 'REQUEST_INVALID'; details: Record<string, string> };
    if (answer.ok) return said;
    throw new SluiceError(said.code, said.details);
  };
  return {
    async list(filter, limit) {
      const query = new URLSearchParams({ limit: String(limit) });
      for (const [name, value] of Object.entries(asQuery(filter))) {
        for (const one of [value].flat()) query.append(name, String(one));
      }
      type Letter = LetterPage['letters'][number] & { readonly reason: LetterPage['reasons'][number] };
      type Reply = { readonly letters: readonly Letter[]; readonly counts: readonly LetterCount[] };
      const { letters, counts } = await ask<Reply>(`/api/v1/dead-letters?${query}`);
      return { letters, counts, reasons: letters.map(({ reason }) => reason) };
    },
    replay: ({ shiftMs, isDryRun, after, ...filter }) =>
      ask('/api/v1/dead-letters/replay', {
        ...asQuery(filter),
        ...{ shiftMs, isDryRun },
        ...(after === undefined ? {} : { after }),
      }),
    close: async () => {},
  };
}

function asQuery({ sites, gateways, codes, fromMs, toMs, ...rest }: LetterFilter) {
  return {
    ...rest,
    ...(sites ? { site: sites } : {}),
    ...(gateways ? { gateway: gateways } : {}),
    ...(codes?.[0] ? { code: codes[0] } : {}),
    ...(fromMs === undefined ? {} : { from: new Date(fromMs).toISOString() }),
    ...(toMs === undefined ? {} : { to: new Date(toMs).toISOString() }),
  };
}

/** The part of ingest that a replay needs, in this process. The ledger's lock keeps any other ingest out. */
async function local(config: IngestConfig, configFile: string, dataFolder: string): Promise<LettersDoor> {
  const clock = systemClock;
  const log = createLog('error');
  const folder = join(resolve(dataFolder), 'ingest');
  const store = createStore(config.store, {
    ...{ clock, log, dataFolder: resolve(dataFolder), configFolder: dirname(resolve(configFile)) },
    ...{ states: () => new Map(), announce: () => {} },
  });
  const ledger = new LedgerBook(
    { folder, maxGateways: config.session.maxGateways },
    { clock, log, confirm() {} },
  );
  const letters = new DeadLetters(config.letters, { folder, clock, log });
  const pipeline = new Pipeline(config.pipeline, {
    ...{ store, ledger, letters, clock, log, accounting: new Accounting(), events: { keep() {} } },
    refusals: new RefusalLog(createLog('silent'), clock),
  });
  const replayer = new Replayer({ letters, pipeline, clock, maxAheadS: config.pipeline.maxAheadS });
  const services = [ledger, letters, store, pipeline];
  const close = async () => {
    for (const one of services.toReversed()) await one.stop();
  };
  try {
    for (const one of services) await one.start(AbortSignal.timeout(60_000));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    async list(filter, limit) {
      const found = letters.find(filter, { limit });
      const reasons = found.map(({ code, details }) => {
        const error = new SluiceError(code, details);
        return { en: error.text('en'), zh: error.text('zh') };
      });
      return { letters: found, reasons, counts: letters.counts() };
    },
    replay: (request) => replayer.replay(request),
    close,
  };
}
