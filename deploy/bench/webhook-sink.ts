import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface SunkHook {
  /** `performance.now()` when the last byte was there. */
  readonly atMs: number;
  readonly idempotencyKey: string;
  readonly isSigned: boolean;
  readonly body: {
    readonly text: string;
    readonly alerts: readonly {
      readonly what: string;
      readonly id: string;
      readonly key?: string;
      readonly sinceMs?: number;
    }[];
  };
}

/** A receiver of webhooks, as docs/notify.md says to write one: for tests, and to measure how long an alert takes. */
export class WebhookSink {
  readonly hooks: SunkHook[] = [];
  /** What it answers; undefined: nothing at all. */
  status: number | undefined = 204;
  readonly #secret: string;
  #server: Server | undefined;

  constructor(secret: string) {
    this.#secret = secret;
  }

  async start(port = 0): Promise<void> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const {
          'sluice-timestamp': time,
          'sluice-signature': signature,
          'idempotency-key': key,
        } = request.headers;
        this.hooks.push({
          atMs: performance.now(),
          idempotencyKey: String(key),
          isSigned: this.#isSigned(String(time), text, String(signature)),
          body: JSON.parse(text),
        });
        if (this.status === undefined) return;
        response.writeHead(this.status, { location: '/elsewhere' }).end();
      });
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server!.address() as AddressInfo).port}/hook`;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((done) => (server ? server.close(done) : done(undefined)));
  }

  #isSigned(time: string, body: string, signature: string): boolean {
    if (Math.abs(Date.now() / 1000 - Number(time)) > 300) return false;
    const right = Buffer.from(
      `v1=${createHmac('sha256', this.#secret).update(`${time}.${body}`).digest('hex')}`,
    );
    const given = Buffer.from(signature);
    return right.length === given.length && timingSafeEqual(right, given);
  }
}
