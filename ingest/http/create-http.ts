import type { AddressInfo } from 'node:net';
import type { Clock } from '../../core/clock.ts';
import type { ServiceContext } from '../../core/context.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import { formatAddress, isLoopback, listenError } from '../../core/listen.ts';
import type { App } from './app.ts';
import { buildApp } from './build-app.ts';
import type { HttpConfig } from './config.ts';
import type { HttpSources } from './sources.ts';

/** How long requests under way may take to end once the server stops; then their connections are cut. */
const STOP_GRACE_MS = 500;

export interface HttpService extends Service {
  /** Where people reach it, once it is up; with port 0, the port it was given. */
  readonly url: string | undefined;
}

/** The API, the metrics and the console on one port of loopback. Throws `LISTEN_WITHOUT_CREDENTIALS` for any other. */
export function createHttp(
  config: Pick<HttpConfig, 'host' | 'port' | 'allowedHosts'>,
  sources: HttpSources,
  { clock, log }: Pick<ServiceContext, 'clock' | 'log'>,
): HttpService {
  assertLoopback(config);
  let app: App | undefined;
  return {
    name: 'http',
    get url() {
      const address = app?.server.address() as AddressInfo | null | undefined;
      return address ? `http://${formatAddress({ host: config.host, port: address.port })}` : undefined;
    },
    async start() {
      // A Fastify that failed to listen cannot listen again, so each try has its own.
      const candidate = await buildApp(sources, { clock, log, allowedHosts: config.allowedHosts });
      try {
        await candidate.listen({ host: config.host, port: config.port, listenTextResolver: () => '' });
      } catch (error) {
        await candidate.close();
        throw listenError(error as NodeJS.ErrnoException, config, 'HTTP', 'http.port');
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

function assertLoopback({ host, port }: Pick<HttpConfig, 'host' | 'port'>): void {
  if (isLoopback(host)) return;
  throw new SluiceError('LISTEN_WITHOUT_CREDENTIALS', {
    what: 'HTTP',
    address: formatAddress({ host, port }),
    setting: {
      en: `up an SSH tunnel (ssh -L ${port}:127.0.0.1:${port} this-machine) or a reverse proxy that asks for a password`,
      zh: `SSH 隧道（ssh -L ${port}:127.0.0.1:${port} 本机）或要求密码的反向代理`,
    },
  });
}
