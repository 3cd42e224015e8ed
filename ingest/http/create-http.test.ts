import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import type { SluiceError } from '../../core/errors.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { HttpConfig } from './config.ts';
import { createHttp } from './create-http.ts';
import { FakeSources } from './testing/fake-sources.ts';

const signal = new AbortController().signal;

function service(settings: Partial<HttpConfig>, sources = new FakeSources()) {
  const config = checkConfig(HttpConfig, { signIn: 'off', ...settings });
  const http = createHttp(config, sources, serviceContext());
  onTestFinished(() => http.stop());
  return http;
}

function thrownBy(act: () => unknown): SluiceError {
  try {
    act();
  } catch (thrown) {
    return thrown as SluiceError;
  }
  throw new Error('nothing was thrown');
}

describe('createHttp', () => {
  it('listens on loopback and says where', async () => {
    const http = service({ port: 0 });
    await http.start(signal);
    expect(http.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${http.url}/api/health`)).status).toBe(200);
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'farm.local', '127.evil.example'])(
    'refuses to listen on %s, and says how to reach it instead',
    (host) => {
      const error = thrownBy(() => service({ host, port: 8080, signIn: 'required' }));
      expect(error).toMatchObject({ code: 'LISTEN_WITHOUT_CREDENTIALS', retryable: false });
      expect(error.text('en')).toContain('ssh -L 8080:127.0.0.1:8080');
      expect(error.text('zh')).toContain('反向代理');
    },
  );

  it.each([
    ['on an address that others reach', { host: '0.0.0.0' }],
    ['behind a proxy, through which anybody may come', { behindProxy: true }],
    ['with TLS, which keeps nobody out', { host: '0.0.0.0', tls: { certFile: 'c', keyFile: 'k' } }],
  ])('refuses to go without sign-in %s', (_, settings) => {
    expect(thrownBy(() => service({ ...settings, signIn: 'off' }))).toMatchObject({
      code: 'SIGN_IN_OFF_REFUSED',
    });
  });

  it('asks for sign-in where nothing else is set, and lets others in behind TLS or a proxy', () => {
    expect(checkConfig(HttpConfig, {}).signIn).toBe('required');
    service({ host: '0.0.0.0', signIn: 'required', behindProxy: true });
    service({ host: '0.0.0.0', signIn: 'required', tls: { certFile: 'c', keyFile: 'k' } });
  });

  it('gives a cookie that no script and no other site can use, over HTTPS only behind a proxy', async () => {
    const sources = new FakeSources();
    sources.access.put('wang', { role: 'viewer', sites: [], links: [] });
    for (const behindProxy of [false, true]) {
      const http = service({ port: 0, signIn: 'required', behindProxy }, sources);
      await http.start(signal);
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ name: 'wang', password: 'right' });
      const { headers: said } = await fetch(`${http.url}/api/v1/session`, { method: 'POST', headers, body });
      const cookie = said.get('set-cookie')!;
      expect(cookie).toMatch(/; Path=\/; HttpOnly; .*SameSite=Strict|HttpOnly; SameSite=Strict/);
      expect(/^__Host-.*Secure/.test(cookie)).toBe(behindProxy);
    }
  });

  it('waits for a taken port: the same service starts once the port is free', async () => {
    const port = await freePort();
    const other = createServer().listen(port, '127.0.0.1');
    const http = service({ port });
    await expect(http.start(signal)).rejects.toMatchObject({ code: 'PORT_TAKEN', retryable: true });
    await new Promise((resolve) => other.close(resolve));
    await http.start(signal);
    expect((await fetch(`${http.url}/api/health`)).status).toBe(200);
  });

  it.each([
    ['a method that does not exist', 'BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
    ['an address of 20 kB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431],
    ['no HTTP at all', 'hello\r\n\r\n', 400],
  ])('answers %s with an error of the catalogue, as safe as any other', async (_, request, status) => {
    const http = service({ port: 0 });
    await http.start(signal);
    const socket = connect(Number(new URL(http.url!).port), '127.0.0.1');
    socket.write(request);
    const answer = (await socket.setEncoding('utf8').toArray()).join('');
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain('x-content-type-options: nosniff\r\n');
    const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    expect(JSON.parse(body)).toMatchObject({ code: 'REQUEST_INVALID', details: { field: 'request' } });
    expect(answer).toContain(`content-length: ${body.length}\r\n`);
  });

  it('cuts those that pipeline without end, and answers everybody else meanwhile', async () => {
    const http = service({ port: 0 });
    await http.start(signal);
    const flood = 'GET /api/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(5_000);
    const floods = await Promise.all(
      Array.from({ length: 20 }, () => opened(Number(new URL(http.url!).port), flood)),
    );
    const startMs = performance.now();
    expect((await fetch(`${http.url}/api/health`)).status).toBe(200);
    expect(performance.now() - startMs).toBeLessThan(60_000);
    await eventually(() => floods.every((socket) => socket.destroyed));
  });

  it('stops at once though connections are open: idle, silent, and waiting for an answer', async () => {
    const sources = new FakeSources();
    let asked = 0;
    sources.store.last = () => {
      asked++;
      return new Promise(() => {});
    };
    const http = service({ port: 0 }, sources);
    await http.start(signal);
    const port = Number(new URL(http.url!).port);
    await opened(port, 'GET /api/health HTTP/1.1\r\nhost: localhost\r\n\r\n', 'HTTP/1.1 200');
    await opened(port, '');
    await opened(port, 'GET /api/v1/last HTTP/1.1\r\nhost: localhost\r\n\r\n');
    await eventually(() => asked === 1);
    const startMs = performance.now();
    await http.stop();
    expect(performance.now() - startMs).toBeLessThan(4_000);
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
    await http.stop();
  });
});

/** A raw connection that has sent `text` and, where asked for, has been answered. */
async function opened(port: number, text: string, answer?: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.write(text);
  if (answer !== undefined) await eventually(() => heard.startsWith(answer));
  return socket;
}
