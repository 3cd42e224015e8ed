/** CRC-16/MODBUS: polynomial 0x8005, reflected, start 0xFFFF (Modbus over serial line 1.02, appendix B). */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** The checksum of `bytes[from…to)`; on the wire its low byte goes first. */
export function crc16(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let crc = 0xffff;
  for (let index = from; index < to; index++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[index]!) & 0xff]!;
  return crc;
}
