import { packSeptets, toSeptets } from './gsm-alphabet.ts';

/** One SMS of a message, as AT+CMGS takes it in PDU mode. */
export interface SmsPart {
  /** Octets after the service centre's address: what AT+CMGS is told (3GPP TS 27.005 section 3.5.1). */
  readonly length: number;
  readonly hex: string;
}

/** Octets of user data of one SMS (3GPP TS 23.040 section 9.2.3.16). */
const MOST_OCTETS = 140;
const HEADER_OCTETS = 6;
/** With the header of a part: 153 septets, 67 UTF-16 units. */
const PART_SEPTETS = Math.floor((8 * (MOST_OCTETS - HEADER_OCTETS)) / 7);
const PART_UNITS = (MOST_OCTETS - HEADER_OCTETS) / 2;
/** Two parts, less what may stay empty where a character of two is not cut in half. */
const MOST_SEPTETS = 2 * PART_SEPTETS - 1;
const MOST_UNITS = 2 * PART_UNITS - 1;

/** How much of two parts a text takes; more than 1 does not fit. */
export function smsSize(text: string): number {
  const septets = toSeptets(text)?.flat().length;
  return septets === undefined ? text.length / MOST_UNITS : septets / MOST_SEPTETS;
}

/**
 * SMS-SUBMIT (3GPP TS 23.040 section 9.2.2.2) by the service centre that the SIM knows:
 *
 *     00 | first octet | 00 message reference | address | 00 PID | DCS | AA validity: 4 days | UDL | [UDH] text
 *
 * in the GSM alphabet where that has all of it, else in UCS-2; in parts (section 9.2.3.24.1) that share `reference`, 0 to 255.
 */
export function encodeSubmit(to: string, text: string, reference: number): SmsPart[] {
  const septets = toSeptets(text);
  const chunks = septets
    ? chunked(septets, 160, PART_SEPTETS)
    : chunked(
        Array.from(text, (character) =>
          Array.from({ length: character.length }, (_, n) => character.charCodeAt(n)),
        ),
        MOST_OCTETS / 2,
        PART_UNITS,
      );
  return chunks.map((chunk, n) => {
    const header = chunks.length > 1 ? [0x05, 0x00, 0x03, reference & 0xff, chunks.length, n + 1] : [];
    // Text in septets goes on at the border of one (section 9.2.3.24): after 48 bits of header, one bit is empty.
    const fillBits = (7 - ((8 * header.length) % 7)) % 7;
    const data = septets ? packSeptets(chunk, fillBits) : unitsToBytes(chunk);
    const lengthOfText = septets
      ? Math.ceil((8 * header.length) / 7) + chunk.length
      : header.length + data.length;
    const firstOctet = 0x11 | (header.length > 0 ? 0x40 : 0);
    const dcs = septets ? 0x00 : 0x08;
    const tpdu = Uint8Array.from([
      ...[firstOctet, 0x00, ...address(to), 0x00, dcs, 0xaa, lengthOfText, ...header, ...data],
    ]);
    return { length: tpdu.length, hex: `00${Buffer.from(tpdu).toString('hex').toUpperCase()}` };
  });
}

/** Digits of a number in the international format, two to an octet and the first in the lower half (section 9.1.2.5). */
function address(to: string): number[] {
  const digits = to.replace('+', '');
  const padded = digits.length % 2 === 0 ? digits : `${digits}f`;
  const octets = padded.match(/../g)!.map((pair) => Number.parseInt(pair[1]! + pair[0]!, 16));
  return [digits.length, 0x91, ...octets];
}

/** All in one where it fits; characters stay whole. */
function chunked(characters: readonly number[][], single: number, each: number): number[][] {
  const all = characters.flat();
  if (all.length <= single) return [all];
  const chunks: number[][] = [];
  let chunk: number[] = [];
  for (const character of characters) {
    if (chunk.length + character.length > each) {
      chunks.push(chunk);
      chunk = [];
    }
    chunk.push(...character);
  }
  return [...chunks, chunk];
}

function unitsToBytes(units: readonly number[]): Uint8Array {
  return Uint8Array.from(units.flatMap((unit) => [unit >> 8, unit & 0xff]));
}
