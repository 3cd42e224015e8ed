import { decode } from 'cbor2';
import { reasonOf, SluiceError } from '../errors.ts';
import { resolveRecords } from '../senml/resolve-records.ts';
import type { SenmlRecord } from '../senml/senml.ts';
import { decodeSenmlCbor, encodeSenmlCbor } from '../senml/senml-cbor.ts';
import { decodeSenmlJson, encodeSenmlJson } from '../senml/senml-json.ts';
import { FORMATS } from './content-format.ts';
import { formatPath, type Path, parsePath } from './path.ts';
import { decodeTlv, encodeTlvResource } from './tlv.ts';
import {
  type ResourceType,
  type ResourceValue,
  readTextValue,
  readTlvValue,
  writeTextValue,
  writeTlvValue,
} from './value.ts';

/** A value of a resource, as a client sent it. */
export interface PathValue {
  readonly path: Path;
  readonly value: ResourceValue;
  /** UTC, where the client gave a time. */
  readonly timeMs: number | undefined;
}

export interface Content {
  /** The content format; where none is given it is guessed from what was asked for. */
  readonly format: number | undefined;
  readonly payload: Uint8Array;
  /** What was asked for; empty for a Send, which names its resources itself. */
  readonly path: Path;
  /** What the client has its objects under, '' but for an alternate path such as `/lwm2m`: names may begin with it. */
  readonly root?: string;
  /** `undefined` for a resource that nobody wants: it is left out. */
  readonly typeOf: (path: Path) => ResourceType | undefined;
  readonly nowMs: number;
}

/** The values of a read, a notification or a Send, in any format that clients answer with. Throws `PAYLOAD_INVALID`. */
export function decodeContent(content: Content): PathValue[] {
  const { format, payload, path } = content;
  switch (format ?? (path.length >= 3 ? FORMATS.text : FORMATS.tlv)) {
    case FORMATS.text:
      return single(content, readTextValue);
    case FORMATS.opaque:
      return single(content, (bytes) => bytes);
    case FORMATS.cbor:
      return single(content, readCborValue);
    case FORMATS.tlv:
    case FORMATS.legacyTlv:
      return fromTlv(content);
    case FORMATS.senmlJson:
      return fromSenml(content, decodeSenmlJson(payload));
    case FORMATS.senmlCbor:
      return fromSenml(content, decodeSenmlCbor(payload));
    case FORMATS.json:
    case FORMATS.lwm2mJson:
    case FORMATS.legacyJson:
      return fromSenml(content, recordsOfOldJson(payload));
    default:
      throw invalid(`content format ${format} is not known here`, payload.length);
  }
}

/** One value for a resource in a format that a client takes; `undefined` for a format that cannot be written. */
export function encodeContent(
  format: number,
  path: Path,
  value: ResourceValue,
  type: ResourceType,
): Uint8Array | undefined {
  switch (format) {
    case FORMATS.text:
      return writeTextValue(value);
    case FORMATS.tlv:
    case FORMATS.legacyTlv:
      return encodeTlvResource(path[2]!, writeTlvValue(value, type));
    case FORMATS.senmlJson:
      return encodeSenmlJson([record(path, value)]);
    case FORMATS.senmlCbor:
      return encodeSenmlCbor([record(path, value)]);
    default:
      return undefined;
  }
}

function record(path: Path, value: ResourceValue): SenmlRecord {
  const bn = formatPath(path);
  if (typeof value === 'number') return { bn, v: value };
  if (typeof value === 'boolean') return { bn, vb: value };
  return typeof value === 'string' ? { bn, vs: value } : { bn, vd: value };
}

function single(
  { payload, path, typeOf }: Content,
  read: (bytes: Uint8Array, type: ResourceType) => ResourceValue,
): PathValue[] {
  if (path.length < 3) throw invalid('one value for more than one resource', payload.length);
  const type = typeOf(path);
  return type === undefined ? [] : [{ path, value: read(payload, type), timeMs: undefined }];
}

function fromTlv({ payload, path, typeOf }: Content): PathValue[] {
  return decodeTlv(payload, path).flatMap(({ path: own, bytes }) => {
    const type = typeOf(own);
    return type === undefined ? [] : [{ path: own, value: readTlvValue(bytes, type), timeMs: undefined }];
  });
}

function fromSenml({ path, root, typeOf, nowMs }: Content, records: readonly SenmlRecord[]): PathValue[] {
  return resolveRecords(records, nowMs).flatMap(({ name: given, value, timeMs }) => {
    const name = root && given.startsWith(`${root}/`) ? given.slice(root.length) : given;
    // A client may leave out the part of the name that was asked for.
    const own = parsePath(name.startsWith('/') ? name : `${formatPath(path)}/${name}`);
    const type = own && typeOf(own);
    if (!type || value === undefined) return [];
    return [{ path: own, value: asType(value, type), timeMs }];
  });
}

/** A number may stand for a boolean, and the other way round: some clients know only numbers. */
function asType(value: ResourceValue, type: ResourceType): ResourceValue {
  if (type === 'boolean' && typeof value === 'number') return value !== 0;
  if (type !== 'boolean' && typeof value === 'boolean') return Number(value);
  return value;
}

function readCborValue(bytes: Uint8Array, type: ResourceType): ResourceValue {
  let value: unknown;
  try {
    value = decode(bytes, { maxDepth: 2, ignoreGlobalTags: true, preferMap: true });
  } catch (error) {
    throw invalid(`not CBOR: ${reasonOf(error).slice(0, 100)}`, bytes.length);
  }
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number' || typeof value === 'boolean') return asType(value, type);
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  throw invalid('a CBOR value is neither number, text, boolean nor data', bytes.length);
}

/** LwM2M 1.0 JSON: `{"bn":"/3/0/","bt":…,"e":[{"n":"9","v":71,"t":…}]}`, with sv for text, bv for booleans. */
function recordsOfOldJson(payload: Uint8Array): SenmlRecord[] {
  let pack: unknown;
  try {
    pack = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch (error) {
    throw invalid(`not JSON: ${reasonOf(error).slice(0, 100)}`, payload.length);
  }
  if (Array.isArray(pack)) return decodeSenmlJson(payload);
  const { bn, bt, e: entries } = (pack ?? {}) as Record<string, unknown>;
  if (!Array.isArray(entries)) throw invalid('LwM2M JSON has no list "e"', payload.length);
  const renamed = entries.map((entry: unknown) => {
    const { n, v, sv, bv, t } = (entry ?? {}) as Record<string, unknown>;
    return { n, v, vs: sv, vb: bv, t };
  });
  return decodeSenmlJson(Buffer.from(JSON.stringify([{ ...renamed[0], bn, bt }, ...renamed.slice(1)])));
}

function invalid(reason: string, length: number): SluiceError {
  return new SluiceError('PAYLOAD_INVALID', { reason, offset: 0, length });
}
