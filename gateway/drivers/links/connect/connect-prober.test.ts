import { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { X509CertificateGenerator } from '@peculiar/x509';
import { afterAll, expect, test } from 'vitest';
import type { HttpProbe, TcpProbe } from '../../../../core/links/link-plan.ts';
import { eventually } from '../../../../core/testing/eventually.ts';
import { freePort } from '../../../../core/testing/free-port.ts';
import { toldEvidence } from '../testing/told-evidence.ts';
import { httpProber, tcpProber } from './connect-prober.ts';

const RECORD_MS = 1_000;

// They wait side by side: most of their time is that of records that may still be answered.
const ends: (() => unknown)[] = [];
afterAll(() => Promise.all(ends.splice(0).map((end) => end())));

async function listening(server: Server, host = '127.0.0.1'): Promise<number> {
  server.listen(0, host);
  ends.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** Signed by itself, for another name, and out of date. */
async function unknownKeyPair(): Promise<{ cert: string; key: Buffer }> {
  const signingAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const days = { notBefore: new Date('2020-01-01'), notAfter: new Date('2020-01-02') };
  const made = { name: 'CN=nobody', keys, signingAlgorithm, ...days };
  const cert = (await X509CertificateGenerator.createSelfSigned(made)).toString('pem');
  return { cert, key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }) as Buffer };
}

function tcp(port: number, address = '127.0.0.1'): TcpProbe {
  return { kind: 'tcp', address, port, everyMs: 100, timeoutMs: 500 };
}

test.concurrent('the time to connect, over IPv4 and IPv6; a port that nobody listens on is lost', async () => {
  const { context, total, evidence } = toldEvidence();
  const prober = tcpProber.create(context, 'auto');
  ends.push(() => prober.stop());
  const links = [
    { link: 'four', spec: tcp(await listening(createServer((socket) => socket.on('error', () => {})))) },
    {
      link: 'six',
      spec: tcp(
        await listening(
          createServer((socket) => socket.on('error', () => {})),
          '::1',
        ),
        '::1',
      ),
    },
    { link: 'refused', spec: tcp(await freePort()) },
    { link: 'unnamed', spec: tcp(80, 'no-such-host.invalid') },
  ];
  prober.replace(links, RECORD_MS);
  await prober.start(new AbortController().signal);
  await eventually(() => links.every(({ link }) => total(link).account.scheduled >= 10));
  for (const link of ['four', 'six']) {
    expect(total(link).account).toMatchObject({ lost: 0, late: 0 });
    expect(total(link).account.received).toBeGreaterThan(0);
    expect(total(link).kernelStamped).toBe(0);
  }
  const refused = total('refused').account;
  expect(refused.lost + refused.notSent).toBe(refused.scheduled);
  expect(refused.lost).toBeGreaterThan(5);
  const unnamed = total('unnamed').account;
  expect(unnamed.notSent + unnamed.invalid).toBe(unnamed.scheduled);
  const numbers = evidence.find(({ link, values }) => link === 'four' && values.received)!.values;
  expect(numbers.connect_time).toBeLessThan(500);
  expect(numbers).not.toHaveProperty('latency');
});

test.concurrent('the time to the first byte; an answer after the time-out is late', async () => {
  const { context, total } = toldEvidence();
  const prober = httpProber.create(context, 'auto');
  ends.push(() => prober.stop());
  const quick = await listening(createHttp((_, reply) => void reply.writeHead(503).end('later')));
  const slow = await listening(createHttp((_, reply) => void setTimeout(() => reply.end('at last'), 400)));
  const spec = (port: number, timeoutMs: number): HttpProbe => {
    return { kind: 'http', url: `http://127.0.0.1:${port}/`, everyMs: 1_000, timeoutMs };
  };
  prober.replace(
    [
      { link: 'quick', spec: spec(quick, 2_000) },
      { link: 'slow', spec: spec(slow, 200) },
    ],
    RECORD_MS,
  );
  await prober.start(new AbortController().signal);
  await eventually(() => total('quick').account.received >= 2 && total('slow').account.late >= 1, {
    withinMs: 60_000,
  });
  expect(total('quick').account).toMatchObject({ lost: 0, late: 0 });
  expect(total('slow').account).toMatchObject({ received: 0, lost: 0 });
});

test.concurrent('links may come after the start and go again; the end brings what is left', async () => {
  const { context, total, evidence } = toldEvidence();
  const prober = tcpProber.create(context, 'auto');
  await prober.start(new AbortController().signal);
  let connections = 0;
  const counting = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
  });
  const port = await listening(counting);
  prober.replace([{ link: 'a', spec: tcp(port) }], 300_000);
  prober.replace([{ link: 'a', spec: tcp(port) }], 300_000);
  await eventually(() => connections > 5);
  expect(evidence).toEqual([]);
  await prober.stop();
  const { received, invalid } = total('a').account;
  expect(received + invalid).toBeGreaterThan(3);
  await prober.stop();
});

test.concurrent('what answers is there, whatever it says and whoever signed it; what says nothing is lost', async () => {
  const { context, total } = toldEvidence();
  const prober = httpProber.create(context, 'auto');
  const says = (text: string) =>
    createServer((socket) => {
      socket.on('error', () => {});
      if (text !== '') socket.write(text);
    });
  const closing = createServer((socket) => void socket.on('error', () => {}).destroy());
  const { cert, key } = await unknownKeyPair();
  const secure = createHttps({ cert, key }, (_, reply) => void reply.end());
  const urls = {
    moved: `http://127.0.0.1:${await listening(createHttp((_, reply) => void reply.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()))}/`,
    unsigned: `https://127.0.0.1:${await listening(secure)}/`,
    endless: `http://127.0.0.1:${await listening(says(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(100_000)}`))}/`,
    foreign: `http://127.0.0.1:${await listening(says('220 mail.example ESMTP\r\n'))}/`,
    named: `http://localhost:${await listening(createHttp((_, reply) => void reply.end()))}/`,
    silent: `http://127.0.0.1:${await listening(says(''))}/`,
    closing: `http://127.0.0.1:${await listening(closing)}/`,
  };
  const links = Object.entries(urls).map(([link, url]) => {
    const spec: HttpProbe = { kind: 'http', url, everyMs: 1_000, timeoutMs: 1_000 };
    return { link, spec };
  });
  prober.replace(links, RECORD_MS);
  await prober.start(new AbortController().signal);
  const ends = await eventually(
    () => {
      const accounts = links.map(({ link }) => [link, total(link).account] as const);
      return accounts.every(([, { received, lost }]) => received + lost > 0) && new Map(accounts);
    },
    { withinMs: 60_000 },
  );
  for (const [link, { received, lost }] of ends)
    expect({ link, isLost: lost > 0 && received === 0 }).toEqual({
      link,
      isLost: link === 'silent' || link === 'closing',
    });
  // What is under way keeps nobody waiting.
  const startMs = performance.now();
  await prober.stop();
  expect(performance.now() - startMs).toBeLessThan(3_500);
});
