import { reasonOf } from '../errors.ts';
import { checkRecords, senmlError } from './check-records.ts';
import { SENML_LIMITS, type SenmlLimits, type SenmlRecord } from './senml.ts';

/** Throws `PAYLOAD_INVALID` for what is no SenML JSON in UTF-8, or above the limits. */
export function decodeSenmlJson(bytes: Uint8Array, limits: SenmlLimits = SENML_LIMITS): SenmlRecord[] {
  const { length } = bytes;
  if (length > limits.maxBytes) throw senmlError(`more than ${limits.maxBytes} bytes`, length);
  let pack: unknown;
  try {
    pack = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw senmlError(`not JSON: ${reasonOf(error).slice(0, 100)}`, length, error);
  }
  const records = Array.isArray(pack) ? pack.map(fieldsOf) : pack;
  return checkRecords(records, limits, length);
}

export function encodeSenmlJson(pack: readonly SenmlRecord[]): Uint8Array {
  const plain = pack.map(({ vd, ...rest }) =>
    vd === undefined ? rest : { ...rest, vd: Buffer.from(vd).toString('base64url') },
  );
  return Buffer.from(JSON.stringify(plain), 'utf8');
}

/** Data is base64url text in JSON (RFC 8428, 5). */
function fieldsOf(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record;
  const fields = new Map<string, unknown>(Object.entries(record));
  const data = fields.get('vd');
  if (typeof data === 'string' && /^[\w-]*=*$/.test(data)) fields.set('vd', Buffer.from(data, 'base64url'));
  return fields;
}
