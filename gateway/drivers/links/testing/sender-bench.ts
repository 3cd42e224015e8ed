import type { ClockDiscipline, Datagram } from '../../../../core/datagrams/datagram-loop.ts';
import type { StampProbe } from '../../../../core/links/link-plan.ts';
import { decodeLinkRecord, type LinkRecord, totalOf } from '../../../../core/links/link-record.ts';
import type { Measures } from '../../../../core/links/measures.ts';
import { settle } from '../../../../core/testing/fake-clock.ts';
import { encodeReply, stampReply } from '../../stamp/stamp-packet.ts';
import type { StampNews } from '../stamp-messages.ts';
import { StampSender } from '../stamp-sender.ts';
import { arriving, FakeLoop, type SentDatagram } from './fake-loop.ts';

export const NOON_MS = Date.UTC(2026, 10, 23, 12);
export const PEER = '192.0.2.1';
export const AWAY_MS = 8;

const SPEC: StampProbe = {
  ...{ kind: 'stamp', address: PEER, port: 862, ratePerS: 10, spacing: 'periodic', timeoutMs: 1_000 },
  ...{ dscp: 0, sizeBytes: 44, sourcePorts: [0], timestamps: 'ntp', reflector: 'stateless' },
};

/** A sender with its loop, and a reflector that answers what it is told to. */
export class SenderBench {
  readonly loop = new FakeLoop(NOON_MS);
  readonly news: StampNews[] = [];
  readonly sender: StampSender;
  /** The machine was asleep for so long. */
  asleepMs = 0;
  /** How far the reflector trusts its clock; left out, as the loop does. */
  reflectorClock: ClockDiscipline | undefined;
  #random = 0;
  #answered = 0;

  constructor(kind: 'kernel' | 'dgram' = 'kernel') {
    this.loop.kind = kind;
    this.sender = new StampSender({
      loop: this.loop,
      tell: (news) => this.news.push(news),
      // Spread evenly, and the same each time.
      random: () => {
        this.#random = (this.#random + 0.618_034) % 1;
        return this.#random;
      },
      firstSequence: () => 2 ** 32 - 3,
      uptimeMs: () => this.loop.monotonicMs() + this.asleepMs,
    });
  }

  async probe(links: Readonly<Record<string, Partial<StampProbe>>>, addresses = new Map([[PEER, PEER]])) {
    const planned = Object.entries(links).map(([link, spec]) => ({ link, spec: { ...SPEC, ...spec } }));
    this.sender.message({ kind: 'links', recordMs: 60_000, links: planned, addresses });
    await settle();
  }

  /** Time passes; each probe is answered after `AWAY_MS`, where `answers` is not told to be silent. */
  pass(ms: number, isAnswering = true): void {
    for (let passed = 0; passed < ms; passed++) {
      this.loop.pass(1, this.sender);
      if (isAnswering) this.answer();
      else this.#answered = this.loop.sent.length;
    }
  }

  answer(): void {
    for (let next = this.loop.sent[this.#answered]; next; next = this.loop.sent[this.#answered]) {
      if (this.loop.monotonicMs() - next.monotonicMs < AWAY_MS) return;
      this.#answered++;
      this.hear(next);
    }
  }

  hear(sent: SentDatagram, parts: Partial<Datagram> = {}): void {
    const { loop } = this;
    this.sender.datagram(sent.socket, arriving(loop, sent, this.reply(sent), parts));
  }

  reply({ bytes, utcMs }: SentDatagram): Buffer {
    const into = Buffer.alloc(9_000);
    const receivedMs = utcMs + 3;
    const pending = encodeReply(into, bytes, {
      receivedMs,
      clock: this.reflectorClock ?? this.loop.clock,
      ttl: 61,
    })!;
    // It keeps it for 2 ms.
    stampReply(into, pending, receivedMs + 2);
    return into.subarray(0, pending.lengthBytes);
  }

  stop(): void {
    this.sender.message({ kind: 'stop' });
    this.pass(500);
  }

  records(link = 'a'): LinkRecord[] {
    return this.news.flatMap((one) =>
      one.kind === 'evidence' && one.evidence.link === link ? [decodeLinkRecord(one.evidence.evidence)] : [],
    );
  }

  total(link = 'a'): Measures {
    return totalOf({ flows: this.records(link).flatMap(({ flows }) => flows) });
  }

  notes(): string[] {
    return this.news.flatMap((one) => (one.kind === 'note' ? [one.text] : []));
  }
}
