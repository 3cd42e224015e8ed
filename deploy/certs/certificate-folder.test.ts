import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { CertificateFolder } from './certificate-folder.ts';
import { der, integer, oid, time } from './der.ts';

const NOW_MS = Date.UTC(2026, 10, 22);
const read = (file: string) => new X509Certificate(readFileSync(file));

// X.690, clauses 8.1.3.5 and 8.3; the arcs of ecdsa-with-SHA256 as RFC 5758 prints them.
test.each([
  [der(0x04, Buffer.alloc(127)).subarray(0, 2), '047f'],
  [der(0x04, Buffer.alloc(435)).subarray(0, 4), '048201b3'],
  [integer(Buffer.from([0x00, 0x80])), '02020080'],
  [integer(Buffer.from([0x00, 0x7f])), '02017f'],
  [oid('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
  [time(Date.UTC(2049, 11, 31, 23, 59, 59)), `170d${Buffer.from('491231235959Z').toString('hex')}`],
  [time(Date.UTC(2050, 0, 1)), `180f${Buffer.from('20500101000000Z').toString('hex')}`],
])('%# is in DER what the standard says', (bytes, hex) => {
  expect(bytes.toString('hex')).toBe(hex);
});

test('a server and a client are signed by the authority, for their names only, and kept from others', () => {
  const folder = join(temporaryFolder(), 'certs');
  const certs = new CertificateFolder(folder, NOW_MS);
  const authority = read(certs.make('authority', 'ca'));
  const server = read(certs.make('server', 'server', ['broker.farm.example', '10.0.0.5', 'fd00::5']));
  const client = read(certs.make('client', 'pump-house'));
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

test('nothing is overwritten; what is renewed keeps its key and names', () => {
  const folder = temporaryFolder();
  const certs = new CertificateFolder(folder, NOW_MS);
  certs.make('authority', 'ca');
  const before = read(certs.make('server', 'server', ['localhost', '127.0.0.1']));
  expect(() => certs.make('authority', 'ca')).toThrow('is there already');
  expect(() => certs.make('client', '../evil')).toThrow('cannot name a certificate');
  expect(() => certs.renew('absent')).toThrow('there is no');
  const later = new CertificateFolder(folder, NOW_MS + 86_400_000 * 800);
  const { toMs } = later.renew('server');
  const after = read(join(folder, 'server.pem'));
  expect(toMs).toBeGreaterThan(Date.parse(before.validTo));
  expect(after.subjectAltName).toBe(before.subjectAltName);
  expect(after.publicKey.equals(before.publicKey)).toBe(true);
  expect(after.keyUsage).toEqual(before.keyUsage);
});
