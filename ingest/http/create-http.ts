import type { AddressInfo } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import type { ServiceContext } from '../../core/context.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import type { App } from './app.ts';
import { buildApp } from './build-app.ts';
import type { HttpConfig } from './config.ts';
import { isLoopback } from './loopback.ts';
import type { HttpSources } from './sources.ts';
import { WordedError } from './worded-error.ts';

/** How long requests under way may take to end once the server stops; then their connections are cut. */
const STOP_GRACE_MS = 500;

export interface HttpService extends Service {
  /** Where people reach it, once it is up; with port 0, the port it was given. */
  readonly url: string | undefined;
}

/** The API, the metrics and the console on one port of loopback. */
export function createHttp(
  config: HttpConfig,
  sources: HttpSources,
  { clock, log }: Pick<ServiceContext, 'clock' | 'log'>,
): HttpService {
  let app: App | undefined;
  return {
    name: 'http',
    get url() {
      const address = app?.server.address() as AddressInfo | null | undefined;
      return address ? `http://${inUrl(config.host)}:${address.port}` : undefined;
    },
    async start() {
      assertLoopback(config);
      // A Fastify that failed to listen cannot listen again, so each try has its own.
      const candidate = await buildApp(sources, { clock, log, allowedHosts: config.allowedHosts });
      try {
        await candidate.listen({ host: config.host, port: config.port, listenTextResolver: () => '' });
      } catch (error) {
        await candidate.close();
        throw listenError(config, error);
      }
      app = candidate;
    },
    async stop() {
      const stopping = app;
      app = undefined;
      if (stopping) await close(stopping, clock);
    },
  };
}

async function close(app: App, clock: Clock): Promise<void> {
  const cancel = clock.after(STOP_GRACE_MS, () => app.server.closeAllConnections());
  try {
    await app.close();
  } finally {
    cancel();
  }
}

function assertLoopback({ host, port }: HttpConfig): void {
  if (isLoopback(host)) return;
  throw new WordedError('LISTEN_WITHOUT_CREDENTIALS', {
    what: 'HTTP',
    address: `${inUrl(host)}:${port}`,
    setting: {
      en: `up an SSH tunnel (ssh -L ${port}:127.0.0.1:${port} this-machine) or a reverse proxy that asks for a password`,
      zh: `SSH 隧道（ssh -L ${port}:127.0.0.1:${port} 本机）或要求密码的反向代理`,
    },
  });
}

function listenError({ host, port }: HttpConfig, error: unknown): SluiceError {
  const place = { what: 'HTTP', address: `${inUrl(host)}:${port}` };
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    return new SluiceError('PORT_TAKEN', { ...place, setting: 'http.port' }, error);
  }
  return new SluiceError('LISTEN_FAILED', { ...place, setting: 'http.host', reason: reasonOf(error) }, error);
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
