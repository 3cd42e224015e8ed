import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import type { Server as TlsServer } from 'node:tls';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { ServiceContext } from '../../core/context.ts';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import { formatAddress, isLoopback, listenError } from '../../core/listen.ts';
import { type KeyPair, readKeyPair } from '../../core/tls-files.ts';
import { watchFiles } from '../../core/watch-files.ts';
import type { App } from './app.ts';
import { buildApp } from './build-app.ts';
import type { HttpConfig } from './config.ts';
import { SessionCookie } from './session-cookie.ts';
import type { HttpSources } from './sources.ts';
import { TLS_RULES } from './tls-rules.ts';

/** How long requests under way may take to end once the server stops; then their connections are cut. */
const STOP_GRACE_MS = 500;
const LOOK_EVERY_MS = 10_000;
const HOUR_MS = 3_600_000;

export interface HttpService extends Service {
  /** Where people reach it, once it is up; with port 0, the port it was given. */
  readonly url: string | undefined;
}

type Parts = Pick<ServiceContext, 'clock' | 'log' | 'configFolder'>;
type Config = Omit<HttpConfig, 'maxBodyBytes' | 'maxBodyReadings' | 'firstPasswordFile'>;

/**
 * The API, the metrics and the console on one port. Throws `SIGN_IN_OFF_REFUSED` or `LISTEN_WITHOUT_CREDENTIALS` for an address that
 * other machines can reach where anybody could do anything there, or passwords would pass the network to be read.
 */
export function createHttp(config: Config, sources: HttpSources, parts: Parts): HttpService {
  assertSafe(config);
  const { host, port, allowedHosts, signIn, behindProxy, session } = config;
  const isSecure = config.tls !== undefined || behindProxy;
  const cookie =
    signIn === 'off'
      ? undefined
      : new SessionCookie(isSecure, HOUR_MS * Math.max(session.idleH, session.mostH));
  let app: App | undefined;
  let unwatch: Cancel | undefined;
  return {
    name: 'http',
    get url() {
      const address = app?.server.address() as AddressInfo | null | undefined;
      const scheme = config.tls ? 'https' : 'http';
      return address ? `${scheme}://${formatAddress({ host, port: address.port })}` : undefined;
    },
    async start() {
      const { clock, log } = parts;
      const tls = readTls(config, parts);
      // A Fastify that failed to listen cannot listen again, so each try has its own.
      const candidate = await buildApp(sources, { clock, log, allowedHosts, cookie, tls, behindProxy });
      try {
        await candidate.listen({ host, port, listenTextResolver: () => '' });
      } catch (error) {
        await candidate.close();
        throw listenError(error as NodeJS.ErrnoException, config, 'HTTP', 'http.port');
      }
      app = candidate;
      unwatch = watchTls(config, parts, candidate.server as unknown as TlsServer);
    },
    async stop() {
      unwatch?.();
      const stopping = app;
      app = undefined;
      if (stopping) await close(stopping, parts.clock);
    },
  };
}

function tlsFiles({ tls }: Config, { configFolder }: Parts): readonly [string, string] | undefined {
  return tls && [resolve(configFolder, tls.certFile), resolve(configFolder, tls.keyFile)];
}

function readTls(config: Config, parts: Parts): KeyPair | undefined {
  const files = tlsFiles(config, parts);
  return files && readKeyPair(...files, parts.clock.nowMs());
}

/** A certificate that was renewed is used for connections to come; one that cannot be used leaves the old one in place. */
function watchTls(config: Config, parts: Parts, server: TlsServer): Cancel | undefined {
  const files = tlsFiles(config, parts);
  return (
    files &&
    watchFiles(files, LOOK_EVERY_MS, parts.clock, () => {
      try {
        server.setSecureContext({ ...readKeyPair(...files, parts.clock.nowMs()), ...TLS_RULES });
        parts.log.info({ file: files[0] }, 'HTTPS has a new certificate');
      } catch (thrown) {
        const error = asSluiceError(thrown);
        parts.log.error(
          { code: error.code },
          `HTTPS goes on with the certificate that it has: ${error.message}`,
        );
      }
    })
  );
}

async function close(app: App, clock: Clock): Promise<void> {
  const cancel = clock.after(STOP_GRACE_MS, () => app.server.closeAllConnections());
  try {
    await app.close();
  } finally {
    cancel();
  }
}

function assertSafe({ host, port, signIn, tls, behindProxy }: Config): void {
  // Whoever comes through a proxy may come from anywhere.
  if (signIn === 'off' && (behindProxy || !isLoopback(host)))
    throw new SluiceError('SIGN_IN_OFF_REFUSED', { address: formatAddress({ host, port }) });
  if (isLoopback(host) || tls || behindProxy) return;
  throw new SluiceError('LISTEN_WITHOUT_CREDENTIALS', {
    what: 'HTTP',
    address: formatAddress({ host, port }),
    setting: {
      en: `http.tls (certFile, keyFile), http.behindProxy where a reverse proxy with TLS stands in front, or up an SSH tunnel (ssh -L ${port}:127.0.0.1:${port} this-machine)`,
      zh: `http.tls（certFile、keyFile），或在前面有 TLS 反向代理时设置 http.behindProxy，或使用 SSH 隧道（ssh -L ${port}:127.0.0.1:${port} 本机）`,
    },
  });
}
