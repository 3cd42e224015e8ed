import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { CertificateFolder } from './certificate-folder.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const read = (file: string) => new X509Certificate(readFileSync(file));

test('a server and a client are signed by the authority, for their names only, and kept from others', async () => {
  const folder = join(temporaryFolder(), 'certs');
  const certs = new CertificateFolder(folder, NOW_MS);
  const authority = read(await certs.make('authority', 'ca'));
  const server = read(await certs.make('server', 'server', ['broker.farm.example', '10.0.0.5', 'fd00::5']));
  const client = read(await certs.make('client', 'pump-house'));
  expect(authority.ca).toBe(true);
  expect(authority.verify(authority.publicKey)).toBe(true);
  for (const one of [server, client]) {
    expect(one.checkIssued(authority)).toBe(true);
    expect(one.verify(authority.publicKey)).toBe(true);
    expect(one.ca).toBe(false);
  }
  expect(server.checkHost('broker.farm.example')).toBe('broker.farm.example');
  expect(server.checkIP('10.0.0.5')).toBe('10.0.0.5');
  expect(server.checkIP('fd00::5')).toBe('fd00::5');
  expect(server.checkHost('other.example')).toBeUndefined();
  expect(client.subject).toBe('CN=pump-house');
  expect(server.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(client.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  for (const name of ['ca', 'ca-key', 'server-key', 'pump-house-key'])
    expect(statSync(join(folder, `${name}.pem`)).mode & 0o777).toBe(0o600);
});

test('nothing is overwritten; what is renewed keeps its key and names', async () => {
  const folder = temporaryFolder();
  const certs = new CertificateFolder(folder, NOW_MS);
  await certs.make('authority', 'ca');
  const before = read(await certs.make('server', 'server', ['localhost', '127.0.0.1']));
  await expect(certs.make('authority', 'ca')).rejects.toThrow('is there already');
  await expect(certs.make('client', '../evil')).rejects.toThrow('cannot name a certificate');
  await expect(certs.renew('absent')).rejects.toThrow('there is no');
  const later = new CertificateFolder(folder, NOW_MS + 86_400_000 * 800);
  const { toMs } = await later.renew('server');
  const after = read(join(folder, 'server.pem'));
  expect(toMs).toBeGreaterThan(Date.parse(before.validTo));
  expect(after.subjectAltName).toBe(before.subjectAltName);
  expect(after.publicKey.equals(before.publicKey)).toBe(true);
  expect(after.keyUsage).toEqual(before.keyUsage);
});
