import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { ERRORS, reasonOf, SluiceError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { answerControl } from './control-routes.ts';
import type { Simulator } from './service.ts';

const LONGEST_BODY = 65_536;

/**
 * HTTP with JSON on a Unix socket, by which another process of the same user looks behind the devices and breaks
 * them. A socket and not a port: no page in a browser can reach it, and the folder's rights guard it.
 */
export class ControlDoor {
  readonly path: string;
  readonly #simulator: Simulator;
  readonly #log: Log;
  #server: Server | undefined;

  constructor(path: string, simulator: Simulator, log: Log) {
    this.path = path;
    this.#simulator = simulator;
    this.#log = log;
  }

  /** Whoever calls it holds the lock on the data folder: a socket that is there was left by a killed process. Throws `LISTEN_FAILED`. */
  async open(): Promise<void> {
    const server = createServer((request, response) => {
      void this.#answer(request, response);
    });
    try {
      mkdirSync(dirname(this.path), { recursive: true });
      rmSync(this.path, { force: true });
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(this.path, resolve);
      });
      chmodSync(this.path, 0o600);
    } catch (error) {
      server.close();
      const details = { what: 'the control door', address: this.path, setting: 'control' };
      throw new SluiceError('LISTEN_FAILED', { ...details, reason: reasonOf(error) }, error);
    }
    this.#server = server;
    this.#log.info(`control door at ${this.path}`);
  }

  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, body } = await this.#perform(request);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  }

  async #perform(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    try {
      const url = new URL(request.url ?? '/', 'http://simulator');
      const text = await readText(request);
      const body: unknown = text === '' ? undefined : parseJson(text);
      const answer = await answerControl(this.#simulator, request.method ?? 'GET', url, body);
      return { status: 200, body: answer ?? {} };
    } catch (error) {
      if (error instanceof SluiceError) {
        return { status: ERRORS[error.code].http, body: { code: error.code, message: error.message } };
      }
      // What is not there, asked for by name.
      if (error instanceof RangeError) return { status: 404, body: { message: error.message } };
      this.#log.error(`control door: ${reasonOf(error)}`);
      return { status: 500, body: { message: reasonOf(error) } };
    }
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LONGEST_BODY) {
      throw new SluiceError('CONFIG_INVALID', { problems: `  a body has at most ${LONGEST_BODY} bytes` });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SluiceError('CONFIG_INVALID', { problems: `  not valid JSON: ${reasonOf(error)}` }, error);
  }
}
