import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The doors of InfluxDB 2.x that Sluice uses, before a 1.x: `POST /api/v2/write?org&bucket&precision` and
 * `GET /query` and `POST /api/v2/delete`, all with `Authorization: Token …`, and 422 where 2.x refuses some points. For tests.
 */
export class V2Proxy {
  readonly #target: string;
  readonly #expected: { readonly org: string; readonly token: string };
  #server: Server | undefined;
  #port = 0;

  static async start(target: string, expected: { org: string; token: string }): Promise<V2Proxy> {
    const proxy = new V2Proxy(target, expected);
    await proxy.listen();
    return proxy;
  }

  constructor(target: string, expected: { readonly org: string; readonly token: string }) {
    this.#target = target;
    this.#expected = expected;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** On the same port as before. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#forward(request, response));
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #delete(url: URL, body: Buffer, response: ServerResponse): Promise<void> {
    const { start, stop, predicate } = JSON.parse(body.toString()) as Record<string, string>;
    const quoted = '("(?:[^"\\\\]|\\\\.)*")';
    const form = new RegExp(`^_measurement=${quoted} AND gateway=${quoted}$`);
    const [, measurement, gateway] = form.exec(predicate ?? '') ?? [];
    if (gateway === undefined || url.searchParams.get('org') !== this.#expected.org) {
      return answer(response, 400, { code: 'invalid', message: `unexpected delete: ${body}` });
    }
    const of = `"gateway" = '${JSON.parse(gateway)}'`;
    const q = `DELETE FROM ${measurement} WHERE ${of} AND time >= '${start}' AND time < '${stop}'`;
    const db = url.searchParams.get('bucket') ?? '';
    const deleted = await fetch(`${this.#target}/query?${new URLSearchParams({ db, q })}`, {
      method: 'POST',
    });
    // It is done when the body has come, not before.
    await deleted.text();
    response.writeHead(204).end();
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (request.headers.authorization !== `Token ${this.#expected.token}`) {
      return answer(response, 401, { code: 'unauthorized', message: 'unauthorized access' });
    }
    if (request.method === 'GET' && url.pathname === '/query') {
      const found = await fetch(`${this.#target}/query${url.search}`);
      response.writeHead(found.status, { 'content-type': 'application/json' }).end(await found.text());
      return;
    }
    if (request.method === 'POST' && url.pathname === '/api/v2/delete') {
      await this.#delete(url, await bodyOf(request), response);
      return;
    }
    const { org, bucket, precision } = Object.fromEntries(url.searchParams);
    if (request.method !== 'POST' || url.pathname !== '/api/v2/write' || org !== this.#expected.org) {
      return answer(response, 404, { code: 'not found', message: `no such path or organization: ${url}` });
    }
    const target = `${this.#target}/write?${new URLSearchParams({ db: bucket ?? '', precision: precision ?? '' })}`;
    const written = await fetch(target, { method: 'POST', body: await bodyOf(request) });
    if (written.status === 204) response.writeHead(204).end();
    else {
      const { error } = (await written.json()) as { error: string };
      const isPartial = error.startsWith('partial write');
      const code = isPartial ? 'unprocessable entity' : 'not found';
      answer(response, isPartial ? 422 : written.status, { code, message: error });
    }
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
