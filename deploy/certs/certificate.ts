import { createHash, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, der, integer, octets, oid, sequence, TRUE, time } from './der.ts';

const OID = {
  commonName: '2.5.4.3',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

const SIGNATURE = sequence(oid(OID.ecdsaWithSha256));
/** Bits of key usage, RFC 5280 clause 4.2.1.3: digitalSignature (0); keyCertSign (5) and cRLSign (6). */
const SIGNS = bits(Buffer.from([0x80]), 7);
const CERTIFIES = bits(Buffer.from([0x06]), 1);

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
export function makeCertificate(request: CertificateRequest, issuer: Issuer): string {
  const { commonName, publicKey, fromMs, toMs } = request;
  const serial = randomBytes(16);
  serial[0]! &= 0x7f;
  const content = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(serial),
    SIGNATURE,
    nameOf(issuer.commonName),
    sequence(time(fromMs), time(toMs)),
    nameOf(commonName),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensionsOf(request, issuer))),
  );
  return pem('CERTIFICATE', signed(content, issuer.privateKey));
}

/** A certificate revocation list (RFC 5280, clause 5.1) in PEM. Serial numbers in hexadecimal. */
export function makeRevocations(
  serials: readonly string[],
  number: number,
  fromMs: number,
  toMs: number,
  issuer: Issuer,
): string {
  const revoked = serials.map((serial) =>
    sequence(
      integer(Buffer.from(serial.padStart(serial.length + (serial.length % 2), '0'), 'hex')),
      time(fromMs),
    ),
  );
  const content = sequence(
    integer(Buffer.from([1])),
    SIGNATURE,
    nameOf(issuer.commonName),
    time(fromMs),
    time(toMs),
    ...(revoked.length === 0 ? [] : [sequence(...revoked)]),
    der(
      0xa0,
      sequence(
        extension(OID.authorityKeyIdentifier, sequence(der(0x80, keyId(issuer.publicKey)))),
        extension(OID.crlNumber, integer(Buffer.from(number.toString(16).padStart(16, '0'), 'hex'))),
      ),
    ),
  );
  return pem('X509 CRL', signed(content, issuer.privateKey));
}

function extensionsOf({ kind, names, publicKey }: CertificateRequest, issuer: Issuer): Buffer[] {
  const keys = [
    extension(OID.subjectKeyIdentifier, octets(keyId(publicKey))),
    extension(OID.authorityKeyIdentifier, sequence(der(0x80, keyId(issuer.publicKey)))),
  ];
  if (kind === 'authority') {
    const constraints = sequence(TRUE, integer(Buffer.from([0])));
    return [critical(OID.basicConstraints, constraints), critical(OID.keyUsage, CERTIFIES), ...keys];
  }
  const purpose = oid(kind === 'server' ? OID.serverAuth : OID.clientAuth);
  return [
    critical(OID.basicConstraints, sequence()),
    critical(OID.keyUsage, SIGNS),
    extension(OID.extendedKeyUsage, sequence(purpose)),
    ...(names.length === 0 ? [] : [extension(OID.subjectAltName, sequence(...names.map(alternativeName)))]),
    ...keys,
  ];
}

const extension = (id: string, value: Uint8Array) => sequence(oid(id), octets(value));
const critical = (id: string, value: Uint8Array) => sequence(oid(id), TRUE, octets(value));

function alternativeName(name: string): Buffer {
  return isIP(name) ? der(0x87, addressBytes(name)) : der(0x82, Buffer.from(name));
}

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail] = address.split('::');
  const groups = (text = '') => text.split(':').filter(Boolean);
  const zeros = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array(zeros).fill('0'), ...groups(tail)];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(commonName)))));
}

/** RFC 5280, clause 4.2.1.2, method 1 over the whole key information: any value will do that is the same in both places. */
function keyId(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

function signed(content: Buffer, key: KeyObject): Buffer {
  return sequence(content, SIGNATURE, bits(sign('sha256', content, key)));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
