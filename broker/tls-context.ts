import type { X509Certificate } from 'node:crypto';
import { resolve } from 'node:path';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { readAuthorities, readKeyPair, readRevocations } from '../core/tls-files.ts';
import type { TlsConfig } from './config.ts';

/** Longer, and it is somebody who holds sockets open. */
const HANDSHAKE_MS = 10_000;

/** What a client certificate says of its bearer. */
export interface CertificateIdentity {
  /** CN, and the DNS names, e-mail addresses and URIs among the SANs. */
  readonly names: readonly string[];
  readonly serial: string;
}

export function tlsFiles(config: TlsConfig, folder: string): string[] {
  const { certFile, keyFile, caFile, crlFile } = config;
  return [certFile, keyFile, caFile, crlFile].flatMap((file) => (file ? [resolve(folder, file)] : []));
}

/** Reads every file, and throws the error that names the one that is wrong. TLS 1.2 is the oldest that is spoken. */
export function tlsOptions(config: TlsConfig, folder: string, nowMs: number): TlsOptions {
  const { certFile, keyFile, caFile, crlFile, clientCertificate } = config;
  const path = (name: string) => resolve(folder, name);
  return {
    ...readKeyPair(path(certFile), path(keyFile), nowMs),
    ...(caFile === undefined ? {} : { ca: readAuthorities(path(caFile), nowMs) }),
    ...(crlFile === undefined ? {} : { crl: readRevocations(path(crlFile)) }),
    minVersion: 'TLSv1.2',
    requestCert: clientCertificate !== 'none',
    // With 'optional' the handshake goes on either way, and whoever shows a wrong one is refused after it.
    rejectUnauthorized: clientCertificate === 'required',
    handshakeTimeout: HANDSHAKE_MS,
  };
}

/** Undefined where none was shown; 'refused' where it is not believed. */
export function certificateOf(
  socket: Pick<TLSSocket, 'getPeerX509Certificate' | 'authorized'>,
): CertificateIdentity | 'refused' | undefined {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) return undefined;
  return socket.authorized ? identityOf(certificate) : 'refused';
}

export function identityOf({
  subject,
  subjectAltName,
  serialNumber,
}: Pick<X509Certificate, 'subject' | 'subjectAltName' | 'serialNumber'>): CertificateIdentity {
  const commonNames = (subject ?? '').split('\n').flatMap((line) => line.match(/^CN=(.+)$/)?.[1] ?? []);
  // Names with a comma or a quote are written in quotes, as JSON; none of ours has any, so they name nobody.
  const others = (subjectAltName ?? '')
    .split(', ')
    .flatMap((one) => one.match(/^(?:DNS|email|URI):([^"]+)$/)?.[1] ?? []);
  return { names: [...new Set([...commonNames, ...others])], serial: serialNumber };
}
