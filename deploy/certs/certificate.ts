import { type KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
  X509CrlGenerator,
} from '@peculiar/x509';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };
const CRITICAL = true;

export type CertificateKind = 'authority' | 'server' | 'client';

export interface CertificateRequest {
  readonly kind: CertificateKind;
  readonly commonName: string;
  /** DNS names and IP addresses, of a server. */
  readonly names: readonly string[];
  readonly publicKey: KeyObject;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Issuer {
  readonly commonName: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** An X.509 v3 certificate (RFC 5280, clause 4.1) in PEM, signed with ECDSA over P-256. */
export async function makeCertificate(request: CertificateRequest, issuer: Issuer): Promise<string> {
  const { commonName, publicKey, fromMs, toMs } = request;
  const serial = randomBytes(16);
  serial[0]! &= 0x7f; // A positive number (clause 4.1.2.2).
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serial.toString('hex'),
    subject: [{ CN: [commonName] }],
    issuer: [{ CN: [issuer.commonName] }],
    notBefore: new Date(fromMs),
    notAfter: new Date(toMs),
    publicKey: toVerify(publicKey),
    signingKey: toSign(issuer.privateKey),
    signingAlgorithm: SIGNATURE,
    extensions: await extensionsOf(request, issuer),
  });
  return `${certificate.toString('pem')}\n`;
}

/** A certificate revocation list (RFC 5280, clause 5.1) in PEM. Serial numbers in hexadecimal. */
export async function makeRevocations(
  serials: readonly string[],
  fromMs: number,
  toMs: number,
  issuer: Issuer,
): Promise<string> {
  const list = await X509CrlGenerator.create({
    issuer: [{ CN: [issuer.commonName] }],
    thisUpdate: new Date(fromMs),
    nextUpdate: new Date(toMs),
    entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: new Date(fromMs) })),
    signingKey: toSign(issuer.privateKey),
    signingAlgorithm: SIGNATURE,
    extensions: [await AuthorityKeyIdentifierExtension.create(toVerify(issuer.publicKey))],
  });
  // RFC 7468, clause 6; the library's own label is another, which OpenSSL does not know.
  return `${PemConverter.encode(list.rawData, 'X509 CRL')}\n`;
}

async function extensionsOf(
  { kind, names, publicKey }: CertificateRequest,
  issuer: Issuer,
): Promise<Extension[]> {
  const keys = [
    await SubjectKeyIdentifierExtension.create(toVerify(publicKey)),
    await AuthorityKeyIdentifierExtension.create(toVerify(issuer.publicKey)),
  ];
  if (kind === 'authority') {
    const usages = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
    const constraints = new BasicConstraintsExtension(true, 0, CRITICAL);
    return [constraints, new KeyUsagesExtension(usages, CRITICAL), ...keys];
  }
  const purpose = kind === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth;
  const alternatives = names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }) as const);
  return [
    new BasicConstraintsExtension(false, undefined, CRITICAL),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, CRITICAL),
    new ExtendedKeyUsageExtension([purpose]),
    ...(alternatives.length === 0 ? [] : [new SubjectAlternativeNameExtension(alternatives)]),
    ...keys,
  ];
}

const toSign = (key: KeyObject) => key.toCryptoKey(CURVE, true, ['sign']);
const toVerify = (key: KeyObject) => key.toCryptoKey(CURVE, true, ['verify']);
