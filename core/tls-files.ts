import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { reasonOf, SluiceError, type Words } from './errors.ts';

/** PEM texts, as node:tls takes them. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

const CERTIFICATE: Words = { en: 'a certificate (PEM)', zh: '证书（PEM）' };
const AUTHORITY: Words = { en: 'certificates of authorities (PEM)', zh: 'CA 证书（PEM）' };
const KEY: Words = { en: 'a private key (PEM, without a passphrase)', zh: '私钥（PEM，无口令）' };
const REVOCATIONS: Words = { en: 'a revocation list (PEM)', zh: '吊销列表（PEM）' };

/**
 * A certificate, its chain where it has one, and its key. Whatever would show only as a failed handshake later is said
 * here with the file's name. Without `nowMs` the time is not looked at: a gateway's clock may not be set yet. Throws `TLS_FILE_UNUSABLE`, `CERTIFICATE_NOT_VALID_NOW` or `CERTIFICATE_KEY_MISMATCH`.
 */
export function readKeyPair(certFile: string, keyFile: string, nowMs?: number): KeyPair {
  const cert = readPem(certFile, CERTIFICATE);
  const first = parse(certFile, CERTIFICATE, () => new X509Certificate(cert));
  checkTime(certFile, first, nowMs);
  const key = readPem(keyFile, KEY);
  const privateKey = parse(keyFile, KEY, () => createPrivateKey(key));
  if (!first.checkPrivateKey(privateKey))
    throw new SluiceError('CERTIFICATE_KEY_MISMATCH', { certFile, keyFile });
  return { cert, key };
}

/** The certificates of the authorities that are believed. Throws `TLS_FILE_UNUSABLE` or `CERTIFICATE_NOT_VALID_NOW`. */
export function readAuthorities(file: string, nowMs?: number): string {
  const text = readPem(file, AUTHORITY);
  for (const one of text.match(/-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----/gs) ?? ['']) {
    checkTime(
      file,
      parse(file, AUTHORITY, () => new X509Certificate(one)),
      nowMs,
    );
  }
  return text;
}

/** A certificate revocation list. Throws `TLS_FILE_UNUSABLE`. */
export function readRevocations(file: string): string {
  const text = readPem(file, REVOCATIONS);
  if (!text.includes('-----BEGIN X509 CRL-----')) throw unusable(file, REVOCATIONS, 'it holds none');
  return text;
}

function readPem(file: string, what: Words): string {
  return parse(file, what, () => readFileSync(file, 'utf8'));
}

function checkTime(file: string, { validFrom, validTo }: X509Certificate, nowMs?: number): void {
  if (nowMs === undefined) return;
  if (nowMs >= Date.parse(validFrom) && nowMs <= Date.parse(validTo)) return;
  throw new SluiceError('CERTIFICATE_NOT_VALID_NOW', { file, from: validFrom, to: validTo });
}

function parse<T>(file: string, what: Words, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unusable(file, what, reasonOf(error), error);
  }
}

function unusable(file: string, what: Words, reason: string, cause?: unknown): SluiceError {
  return new SluiceError('TLS_FILE_UNUSABLE', { file, what, reason }, cause);
}
