import type { CoapContent } from '../../core/coap/endpoint-state.ts';
import { CODES } from '../../core/coap/message.ts';
import { OPTIONS, uintOption } from '../../core/coap/option.ts';
import { FORMATS } from '../../core/lwm2m/content-format.ts';
import { formatPath, type Path } from '../../core/lwm2m/path.ts';
import { encodeTlvInstance, encodeTlvResource } from '../../core/lwm2m/tlv.ts';
import { type ResourceValue, writeTextValue, writeTlvValue } from '../../core/lwm2m/value.ts';
import type { SenmlRecord } from '../../core/senml/senml.ts';
import { encodeSenmlCbor } from '../../core/senml/senml-cbor.ts';
import { encodeSenmlJson } from '../../core/senml/senml-json.ts';
import type { Resource } from './resources.ts';

export interface ReadValue {
  readonly path: Path;
  readonly resource: Resource;
  readonly value: ResourceValue;
}

const NOTHING = new Uint8Array();

export function plainAnswer(code: number): CoapContent {
  return { code, options: [], payload: NOTHING };
}

/** 2.05 with the values that were asked for at `path`, in `format`; 4.06 for a format that this node has not. */
export function readAnswer(path: Path, values: readonly ReadValue[], format: number): CoapContent {
  const payload = encode(path, values, format);
  if (!payload) return plainAnswer(CODES.notAcceptable);
  return { code: CODES.content, options: [uintOption(OPTIONS.contentFormat, format)], payload };
}

function encode(path: Path, values: readonly ReadValue[], format: number): Uint8Array | undefined {
  switch (format) {
    case FORMATS.text:
      return path.length === 3 && values.length === 1 ? writeTextValue(values[0]!.value) : undefined;
    case FORMATS.tlv:
      return encodeTlv(path, values);
    case FORMATS.senmlJson:
      return encodeSenmlJson(recordsOf(values));
    case FORMATS.senmlCbor:
      return encodeSenmlCbor(recordsOf(values));
    default:
      return undefined;
  }
}

/** Resources bare where their instance was asked for, wrapped in their instances where the object was. */
function encodeTlv(path: Path, values: readonly ReadValue[]): Uint8Array {
  const resourceOf = ({ path: own, resource, value }: ReadValue) =>
    encodeTlvResource(own[2]!, writeTlvValue(value, resource.type));
  if (path.length > 1) return Buffer.concat(values.map(resourceOf));
  const instances = new Map<number, Uint8Array[]>();
  for (const value of values) {
    const instance = value.path[1]!;
    instances.set(instance, [...(instances.get(instance) ?? []), resourceOf(value)]);
  }
  return Buffer.concat([...instances].map(([id, resources]) => encodeTlvInstance(id, resources)));
}

/** One record for each value: the object instance is the base name, and stays until another comes. */
export function recordsOf(values: readonly ReadValue[], timeS?: number): SenmlRecord[] {
  let base = '';
  return values.map(({ path, value }, index) => {
    const instance = `${formatPath(path.slice(0, 2))}/`;
    const bn = instance === base ? {} : { bn: instance };
    base = instance;
    const bt = index === 0 && timeS !== undefined ? { bt: timeS } : {};
    return { ...bn, ...bt, n: String(path[2]), ...fieldOf(value) };
  });
}

export function fieldOf(value: ResourceValue): SenmlRecord {
  if (typeof value === 'number') return { v: value };
  if (typeof value === 'boolean') return { vb: value };
  return typeof value === 'string' ? { vs: value } : { vd: value };
}
