import { KeyObject, webcrypto } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect, type SecureVersion } from 'node:tls';
import { X509CertificateGenerator } from '@peculiar/x509';
import { beforeAll, expect, it } from 'vitest';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { buildApp } from './build-app.ts';
import { FakeSources } from './testing/fake-sources.ts';

let port = 0;

async function selfSigned() {
  const rsa = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2_048 };
  const signingAlgorithm = { ...rsa, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await webcrypto.subtle.generateKey(signingAlgorithm, true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm,
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { cert: made.toString('pem'), key: String(key) };
}

beforeAll(async () => {
  const parts = { clock: new FakeClock(), log: createLog('silent'), tls: await selfSigned() };
  const app = await buildApp(new FakeSources(), parts);
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as AddressInfo).port;
  return () => app.close();
});

/** Version and cipher that were agreed on; undefined where none were. */
function agreed(options: ConnectionOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => {
      resolve(`${socket.getProtocol()} ${socket.getCipher().name}`);
      socket.destroy();
    });
    socket.on('error', () => resolve(undefined));
  });
}

const only = (version: SecureVersion, ciphers: string) => ({
  ...{ minVersion: version, maxVersion: version, ciphers: `${ciphers}:@SECLEVEL=0` },
});

it.each([
  only('TLSv1', 'ALL'),
  only('TLSv1.1', 'ALL'),
  only('TLSv1.2', 'AES128-SHA'),
  only('TLSv1.2', 'AES128-GCM-SHA256'),
  only('TLSv1.2', 'ECDHE-RSA-AES128-SHA'),
  only('TLSv1.2', 'aNULL:eNULL'),
])('does not speak $maxVersion with $ciphers', async (options) => {
  expect(await agreed(options)).toBeUndefined();
});

it.each([
  [only('TLSv1.2', 'ECDHE-RSA-AES128-GCM-SHA256'), 'TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256'],
  [only('TLSv1.2', 'ECDHE-RSA-CHACHA20-POLY1305'), 'TLSv1.2 ECDHE-RSA-CHACHA20-POLY1305'],
  [{ minVersion: 'TLSv1.3' } as const, 'TLSv1.3 TLS_AES_256_GCM_SHA384'],
])('speaks %o', async (options, said) => {
  expect(await agreed(options)).toBe(said);
});
