import type { DatagramSocket } from '../../../../core/datagrams/datagram-loop.ts';
import { runLoopThread } from '../../../../core/datagrams/run-loop-thread.ts';
import { decodeReply, encodeSenderPacket } from '../stamp-packet.ts';

export interface BenchSetup {
  readonly port: number;
  readonly probes: number;
  readonly everyMs: number;
}

/** Ascending, ms. */
export interface BenchResult {
  /** T4 − T1, and the same without what the reflector says that it took. */
  readonly withDwell: readonly number[];
  readonly roundTrip: readonly number[];
  /** How long after it was due a probe was sent. */
  readonly lateness: readonly number[];
}

const LAST_ANSWER_MS = 500;
const clock = { isSynced: false, errorMs: Number.NaN };

/** Sends probes at fixed intervals, and tells of their answers when the last one should be there. */
await runLoopThread<BenchSetup, never, BenchResult>(async ({ loop, data, post }) => {
  const { port, probes, everyMs } = data;
  const options = { address: '127.0.0.1', port: 0, dscp: 0, ttl: 0, receiveBufferBytes: 1_000_000 } as const;
  const socket: DatagramSocket = await loop.open({ family: 4, ...options });
  const packet = Buffer.from(new ArrayBuffer(44));
  const sentMs = new Float64Array(probes);
  const [withDwell, roundTrip, lateness]: [number[], number[], number[]] = [[], [], []];
  const startMs = loop.monotonicMs() + 100;
  let sent = 0;
  const dueMs = () => startMs + sent * everyMs + (sent < probes ? 0 : LAST_ANSWER_MS);
  const ascending = (values: number[]) => values.sort((a, b) => a - b);
  return {
    dueMs: () => (sent > probes ? Number.POSITIVE_INFINITY : dueMs()),
    turn: () => {
      if (sent < probes) {
        lateness.push(loop.monotonicMs() - dueMs());
        encodeSenderPacket(packet, { sequence: sent, utcMs: loop.utcMs(), format: 'ntp', clock });
        sentMs[sent] = socket.send(packet, '127.0.0.1', port);
      } else
        post({
          withDwell: ascending(withDwell),
          roundTrip: ascending(roundTrip),
          lateness: ascending(lateness),
        });
      sent += 1;
    },
    datagram: (_, { bytes, arrivedMs }) => {
      const reply = decodeReply(bytes, 'ntp', arrivedMs);
      if (reply.kind === 'rejected') return;
      const tookMs = arrivedMs - sentMs[reply.senderSequence]!;
      withDwell.push(tookMs);
      roundTrip.push(tookMs - reply.dwellMs);
    },
    message: () => {},
  };
});
