import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../../core/errors.ts';
import { type CertificateKind, type Issuer, makeCertificate, makeRevocations } from './certificate.ts';

const DAY_MS = 86_400_000;
/** The clocks of others may be a little behind. */
const EARLIER_MS = 5 * 60_000;
const DAYS: Record<CertificateKind, number> = { authority: 3_650, server: 825, client: 825 };
const AUTHORITY = 'ca';
const REVOKED = 'revoked.pem';

export interface CertificateState {
  readonly file: string;
  readonly name: string;
  readonly serial: string;
  readonly toMs: number;
}

/**
 * An authority of one's own and what it has signed, in one folder: `ca.pem`, `ca-key.pem`, `NAME.pem`, `NAME-key.pem`,
 * `revoked.pem`; all for this user only. Nothing is overwritten but by `renew` and `revoke`, which put the new file in place
 * in one step. Throws `CERTIFICATE_FOLDER`.
 */
export class CertificateFolder {
  readonly #folder: string;
  readonly #nowMs: number;

  constructor(folder: string, nowMs: number) {
    this.#folder = folder;
    this.#nowMs = nowMs;
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  /** The certificate's file. */
  async make(kind: CertificateKind, name: string, names: readonly string[] = []): Promise<string> {
    if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(name)) {
      const en = `"${name}" cannot name a certificate: use letters, digits, _ - and dots`;
      throw refusal(en, `"${name}" 不能用作证书名称：请使用字母、数字、_ - 和点`);
    }
    const [certFile, keyFile] = [this.path(`${name}.pem`), this.path(`${name}-key.pem`)];
    for (const file of [certFile, keyFile]) {
      if (!existsSync(file)) continue;
      const en = `${file} is there already, and is not overwritten; renew it, or choose another name or folder`;
      throw refusal(en, `${file} 已存在，不会覆盖；请续期，或改用其他名称或目录`);
    }
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const commonName =
      kind === 'authority' ? `Sluice CA ${new Date(this.#nowMs).toISOString().slice(0, 10)}` : name;
    const issuer = kind === 'authority' ? { commonName, ...keys } : this.#issuer();
    const cert = await makeCertificate(
      { kind, commonName, names, publicKey: keys.publicKey, ...this.#validity(kind) },
      issuer,
    );
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
    writeFileSync(keyFile, key, { mode: 0o600, flag: 'wx' });
    writeFileSync(certFile, cert, { mode: 0o600, flag: 'wx' });
    return certFile;
  }

  /** The same key and names for another term. */
  async renew(name: string): Promise<CertificateState> {
    const { certificate, file } = this.#read(name);
    const isServer = certificate.keyUsage?.includes('1.3.6.1.5.5.7.3.1') ?? false;
    const kind = certificate.ca ? 'authority' : isServer ? 'server' : 'client';
    const names = (certificate.subjectAltName ?? '')
      .split(', ')
      .flatMap((one) => one.match(/^(?:DNS|IP Address):(.+)$/)?.[1] ?? []);
    const issuer = this.#issuer();
    const publicKey = createPublicKey(this.#text(`${name}-key.pem`));
    const commonName = commonNameOf(certificate);
    const text = await makeCertificate(
      { kind, commonName, names, publicKey, ...this.#validity(kind) },
      issuer,
    );
    this.#replace(file, text);
    return this.#state(`${name}.pem`);
  }

  /** From now on the broker refuses it, where `crlFile` names the list. */
  async revoke(name: string): Promise<string> {
    const { certificate } = this.#read(name);
    const listed = this.path('revoked.json');
    const serials: string[] = existsSync(listed) ? JSON.parse(readFileSync(listed, 'utf8')) : [];
    if (!serials.includes(certificate.serialNumber)) serials.push(certificate.serialNumber);
    const { toMs } = this.#validity('authority');
    const list = await makeRevocations(serials, this.#nowMs - EARLIER_MS, toMs, this.#issuer());
    this.#replace(listed, `${JSON.stringify(serials)}\n`);
    this.#replace(this.path(REVOKED), list);
    return this.path(REVOKED);
  }

  list(): CertificateState[] {
    if (!existsSync(this.#folder)) return [];
    const files = readdirSync(this.#folder).filter(
      (name) => name.endsWith('.pem') && !name.endsWith('-key.pem') && name !== REVOKED,
    );
    return files.toSorted().map((name) => this.#state(name));
  }

  #state(fileName: string): CertificateState {
    const certificate = new X509Certificate(this.#text(fileName));
    return {
      file: this.path(fileName),
      name: commonNameOf(certificate),
      serial: certificate.serialNumber,
      toMs: Date.parse(certificate.validTo),
    };
  }

  #read(name: string): { certificate: X509Certificate; file: string } {
    return { certificate: new X509Certificate(this.#text(`${name}.pem`)), file: this.path(`${name}.pem`) };
  }

  #issuer(): Issuer {
    const privateKey = createPrivateKey(this.#text(`${AUTHORITY}-key.pem`));
    const commonName = commonNameOf(new X509Certificate(this.#text(`${AUTHORITY}.pem`)));
    return { commonName, privateKey, publicKey: createPublicKey(this.#text(`${AUTHORITY}-key.pem`)) };
  }

  #validity(kind: CertificateKind): { fromMs: number; toMs: number } {
    return { fromMs: this.#nowMs - EARLIER_MS, toMs: this.#nowMs + DAYS[kind] * DAY_MS };
  }

  #text(fileName: string): string {
    const file = this.path(fileName);
    if (existsSync(file)) return readFileSync(file, 'utf8');
    const isAuthority = fileName.startsWith(`${AUTHORITY}.`) || fileName.startsWith(`${AUTHORITY}-`);
    const [hint, hintZh] = isAuthority
      ? [' (npm run certs -- ca makes it)', '（可用 npm run certs -- ca 生成）']
      : ['', ''];
    throw refusal(`there is no ${file}${hint}`, `没有 ${file}${hintZh}`);
  }

  #replace(file: string, text: string): void {
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }
}

function commonNameOf({ subject }: X509Certificate): string {
  return subject.match(/^CN=(.+)$/m)?.[1] ?? '';
}

function refusal(en: string, zh: string): SluiceError {
  return new SluiceError('CERTIFICATE_FOLDER', { problem: { en, zh } });
}
