/** A packet as aedes hands it over; `brokerId` with `brokerCounter` names it while this process lives. */
export interface StoredPacket {
  cmd: string;
  brokerId?: string | undefined;
  brokerCounter?: number | undefined;
  topic: string;
  payload: Buffer;
  qos: number;
  retain: boolean;
  dup: boolean;
  messageId?: number | undefined;
}

/** What aedes hands over stays its own. */
export function ownPacket(packet: StoredPacket, messageId: number | undefined): StoredPacket {
  const { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup } = packet;
  return { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup: dup ?? false, messageId };
}

/** A slice of what came from the socket would take its whole chunk along, to another thread or into a queue. */
export function ownCopy(bytes: Buffer): Buffer {
  if (bytes.byteLength === bytes.buffer.byteLength) return bytes;
  return Buffer.from(new Uint8Array(bytes).buffer);
}

export function nameOf({ brokerId, brokerCounter }: StoredPacket): string {
  return `${brokerId}:${brokerCounter}`;
}
