import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { canonicalJson, canonicalPieces, type Json, type JsonObject } from './canonical-json.ts';
import { splitLinks } from './split-links.ts';

/** What stands after the statement in its file. */
export interface Seal {
  readonly algorithm: 'Ed25519';
  /** Of the statement's canonical text in UTF-8, lower-case hex. */
  readonly sha256: string;
  /** Of `signedText(sha256)`, base64. */
  readonly value: string;
}

/** Signs the digest and not the text, for a month of many links is made and sent piece by piece. */
function signedText(sha256: string): Uint8Array {
  return Buffer.from(`sluice link statement 1\nsha256 ${sha256}\n`);
}

/** A public key (SPKI in DER, base64) as people compare it: eight groups of eight hexadecimal digits. */
export function fingerprintOf(publicKey: string): string {
  const digest = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
  return digest.match(/.{8}/g)!.join('-');
}

export function publicText(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'der' }).toString('base64');
}

/** The file of a statement, in pieces: `{"statement":…,"signature":…}`. `several` as for `canonicalPieces`. */
export async function* sealed(
  statement: JsonObject,
  several: Readonly<Record<string, AsyncIterable<Json>>>,
  sign: (bytes: Uint8Array) => string,
): AsyncGenerator<string> {
  const hash = createHash('sha256');
  yield '{"statement":';
  for await (const piece of canonicalPieces(statement, several)) {
    hash.update(piece);
    yield piece;
  }
  const sha256 = hash.digest('hex');
  const seal: Seal = { algorithm: 'Ed25519', sha256, value: sign(signedText(sha256)) };
  yield `,"signature":${canonicalJson({ ...seal })}}\n`;
}

/** What is wrong with the form of a file, or with its seal. */
export type SealFault = 'not-json' | 'copy' | 'not-canonical' | 'digest' | 'key' | 'signature';

/** What a file says, and what is wrong with how it is sealed; `publicKey` is the one inside, SPKI in DER and base64. */
export interface Opened {
  /** Without its links. Undefined where the file is no JSON object with a statement. */
  readonly statement: Head | undefined;
  readonly sha256: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly faults: readonly SealFault[];
}

/** What a file says besides its links. */
export type Head = JsonObject & { readonly links: readonly [] };

/**
 * Any byte that is not as it was written is a fault: the file must be exactly the text that its content has, so that what is left out
 * by a parser (white space, a name that comes twice) cannot show a reader something else than what was signed. Links are handed to `take`
 * one after the other, and only one of them is held; `statement` has none.
 */
export function openSealed(text: string, take: (link: Json, head: Head) => void): Opened {
  try {
    return openWhole(text, take);
  } catch (error) {
    const nothing = { statement: undefined, sha256: '', publicKey: '', fingerprint: '' };
    // 1e400 and half a surrogate pair are JSON, and have no canonical text.
    if (error instanceof RangeError) return { ...nothing, faults: ['not-canonical'] };
    if (error instanceof SyntaxError) return { ...nothing, faults: [isCopy(text) ? 'copy' : 'not-json'] };
    throw error;
  }
}

function openWhole(text: string, take: (link: Json, head: Head) => void): Opened {
  const split = splitLinks(text);
  const file: Json = JSON.parse(split?.head ?? '');
  const { statement, signature } = isObject(file) ? file : {};
  if (!isObject(statement) || !isObject(signature)) throw new SyntaxError('there is no statement in it');
  if (!isHead(statement)) throw new RangeError('links stand in it twice');
  const canonical = canonicalJson(statement);
  const linksAt = canonical.indexOf('"links":[') + '"links":['.length;
  const seal = canonicalJson(signature);
  let isCanonical = split!.head === `{"statement":${canonical},"signature":${seal}}\n`;
  const hash = createHash('sha256').update(canonical.slice(0, linksAt));
  for (const [at, { fromAt, toAt }] of split!.links.entries()) {
    const written = text.slice(fromAt, toAt);
    const link: Json = JSON.parse(written);
    const ofLink = canonicalJson(link);
    isCanonical &&= ofLink === written;
    hash.update(at === 0 ? '' : ',').update(ofLink);
    take(link, statement);
  }
  const sha256 = hash.update(canonical.slice(linksAt)).digest('hex');
  const faults: SealFault[] = [];
  if (!isCanonical) faults.push('not-canonical');
  if (signature.sha256 !== sha256) faults.push('digest');
  const issuer = isObject(statement.issuer) ? statement.issuer : {};
  const publicKey = String(issuer.publicKey);
  const fingerprint = fingerprintOf(publicKey);
  const key = readKey(publicKey);
  if (!key || issuer.fingerprint !== fingerprint) faults.push('key');
  if (!key || !isSigned(signature, sha256, key)) faults.push('signature');
  return { statement, sha256, publicKey, fingerprint, faults };
}

/** The page or a table that was made of a statement, which nobody signs. */
function isCopy(text: string): boolean {
  return /^\uFEFF?(<|month,)/i.test(text);
}

function isHead(statement: JsonObject): statement is Head {
  return Array.isArray(statement.links) && statement.links.length === 0;
}

function isSigned(signature: JsonObject, sha256: string, key: KeyObject): boolean {
  const bytes = Buffer.from(String(signature.value), 'base64');
  // Base64 has several texts for the same bytes, and an object takes members that nobody signed.
  const only: JsonObject = { algorithm: 'Ed25519', sha256, value: bytes.toString('base64') };
  return canonicalJson(signature) === canonicalJson(only) && verify(null, signedText(sha256), key, bytes);
}

function readKey(publicKey: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && publicText(key) === publicKey ? key : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
