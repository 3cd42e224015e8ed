/** A message as a phone would show it, or one part of it. */
export interface DecodedSms {
  readonly to: string;
  readonly text: string;
  readonly coding: 'gsm-7' | 'ucs-2';
  readonly part?: { readonly reference: number; readonly of: number; readonly number: number };
}

/**
 * Reads an SMS-SUBMIT (3GPP TS 23.040 section 9.2.2.2) with the address of a service centre before it. Written apart from what
 * ingest encodes with, by other means, so that one mistake is not made twice. Throws where it is not one.
 */
export function decodeSubmit(hex: string): { readonly sms: DecodedSms; readonly length: number } {
  if (!/^([0-9A-F]{2})+$/i.test(hex)) throw new Error('not hexadecimal');
  const all = Buffer.from(hex, 'hex');
  const tpdu = all.subarray(1 + all[0]!);
  const first = tpdu[0]!;
  if ((first & 0x03) !== 0x01) throw new Error('not SMS-SUBMIT');
  const digits = tpdu[2]!;
  const addressEnd = 4 + Math.ceil(digits / 2);
  const swapped = tpdu.toString('hex', 4, addressEnd).replace(/(.)(.)/g, '$2$1');
  const to = `${(tpdu[3]! & 0x70) === 0x10 ? '+' : ''}${swapped.slice(0, digits)}`;
  const dcs = tpdu[addressEnd + 1]!;
  const validityOctets = [0, 7, 1, 7][(first >> 3) & 0x03]!;
  const udlAt = addressEnd + 2 + validityOctets;
  const udl = tpdu[udlAt]!;
  const data = tpdu.subarray(udlAt + 1);
  const headerOctets = (first & 0x40) === 0 ? 0 : data[0]! + 1;
  const part = partOf(data.subarray(0, headerOctets));
  const isUcs2 = dcs === 0x08;
  const dataOctets = isUcs2 ? udl : Math.ceil((udl * 7) / 8);
  if (data.length !== dataOctets || data.length > 140) throw new Error(`${data.length} octets of user data`);
  const text = isUcs2 ? ucs2(data.subarray(headerOctets)) : gsm7(data, udl, headerOctets);
  const coding = isUcs2 ? 'ucs-2' : 'gsm-7';
  return { sms: { to, text, coding, ...(part ? { part } : {}) }, length: tpdu.length };
}

function partOf(header: Buffer): DecodedSms['part'] {
  if (header.length === 0) return undefined;
  if (header[1] !== 0 || header[2] !== 3) throw new Error('an information element other than of parts');
  return { reference: header[3]!, of: header[4]!, number: header[5]! };
}

function ucs2(data: Buffer): string {
  return new TextDecoder('utf-16be').decode(data);
}

/** As a string of bits, the last octet first, cut from the right: slow, and plain to see. */
function gsm7(data: Buffer, septets: number, headerOctets: number): string {
  const bits = [...data]
    .reverse()
    .map((octet) => octet.toString(2).padStart(8, '0'))
    .join('');
  const skipped = Math.ceil((headerOctets * 8) / 7);
  const codes = Array.from({ length: septets - skipped }, (_, n) => {
    const end = bits.length - 7 * (skipped + n);
    return Number.parseInt(bits.slice(end - 7, end), 2);
  });
  let text = '';
  for (let n = 0; n < codes.length; n++)
    text += codes[n] === 0x1b ? (ESCAPED[codes[++n]!] ?? ' ') : TABLE[codes[n]! >> 4]![codes[n]! & 15];
  return text;
}

/** 3GPP TS 23.038 section 6.2.1, sixteen to a row. */
const TABLE = [
  '@£$¥èéùìòÇ\nØø\rÅå',
  'Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ',
  ' !"#¤%&\'()*+,-./',
  '0123456789:;<=>?',
  '¡ABCDEFGHIJKLMNO',
  'PQRSTUVWXYZÄÖÑÜ§',
  '¿abcdefghijklmno',
  'pqrstuvwxyzäöñüà',
];
const ESCAPED: Readonly<Record<number, string>> = {
  ...{ 10: '\f', 20: '^', 40: '{', 41: '}', 47: '\\' },
  ...{ 60: '[', 61: '~', 62: ']', 64: '|', 101: '€' },
};
