import { once } from 'node:events';
import mqtt, { type MqttClient } from 'mqtt';
import { LEDGER_METRICS, parseConfirmation } from '../../core/ledger.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { FleetGateway } from './fleet-gateway.ts';
import type { FleetOrder, FleetReport } from './fleet-order.ts';

/** Sent in one write where there is room, as a gateway with a backlog does. */
const MESSAGES_PER_WRITE = 16;
const USUAL_STALL_MS = 20_000;
const LIVE_EVERY_MS = 1_000;
const CONNECTS_AT_ONCE = 100;
const REBIRTH = 'Node Control/Rebirth';
const HOUR_MS = 3_600_000;

/** Numbers that are sent and confirmed in order: all, or where there is a backlog, the backlog and what is live. */
interface Lane {
  next: number;
  confirmed: number;
}

/** Every gateway has its own connection, its own window and, where they are numbered, its own confirmations. */
interface Member {
  readonly client: MqttClient;
  readonly gateway: FleetGateway;
  readonly main: Lane;
  readonly live: Lane;
  /** Last number and time of sending of live messages that are not confirmed. */
  readonly waiting: { readonly last: number; readonly sentMs: number }[];
  isBlocked: boolean;
}

/** The gateways of a benchmark, in a process of their own: does what one order says and reports what became of it. */
class Fleet {
  readonly #order: FleetOrder;
  readonly #members: Member[] = [];
  readonly #fromMs = Date.now() - HOUR_MS;
  /** Readings of each gateway that were taken before the fleet connects. */
  readonly #backlog: number;
  #isEnding = false;
  #oldestLiveMs = 0;
  #lastProgressMs = 0;
  /** Live messages go on beside a backlog that does not. */
  #lastOfDataMs = 0;
  #readings = 0;

  constructor(order: FleetOrder) {
    this.#order = order;
    const { isBacklog, messagesPerGateway = 0, readingsPerMessage } = order;
    this.#backlog = isBacklog ? messagesPerGateway * readingsPerMessage : 0;
  }

  async connect(): Promise<void> {
    const { gateways, seriesPerGateway } = this.#order;
    for (let from = 0; from < gateways; from += CONNECTS_AT_ONCE) {
      const count = Math.min(CONNECTS_AT_ONCE, gateways - from);
      await Promise.all(Array.from({ length: count }, (_, n) => this.#connectOne(from + n)));
    }
    this.#readings = gateways * seriesPerGateway;
  }

  async #connectOne(index: number): Promise<void> {
    const gateway = new FleetGateway(index, this.#order);
    const client = await mqtt.connectAsync(this.#order.url, { clientId: gateway.name, keepalive: 600 });
    const main = { next: 0, confirmed: 0 };
    const live = { next: this.#backlog, confirmed: this.#backlog };
    const member = { client, gateway, main, live, waiting: [], isBlocked: false };
    client.on('message', (_topic, bytes) => this.#onCommand(member, bytes));
    await client.subscribeAsync(`spBv1.0/farm/NCMD/${gateway.name}`, { qos: 1 });
    this.#members.push(member);
    this.#giveBirth(member);
  }

  #giveBirth({ client, gateway, main, live }: Member): void {
    client.stream.write(gateway.births(this.#fromMs, main.confirmed, Math.max(main.next, live.next)));
  }

  /** Resolves when everything is confirmed, or nothing has been for long. */
  async run(): Promise<FleetReport> {
    const { seconds, isNumbered, readingsPerMessage } = this.#order;
    const startMs = performance.now();
    this.#lastProgressMs = startMs;
    this.#lastOfDataMs = startMs;
    const ending = setTimeout(() => this.#end(), (seconds ?? 0) * 1000);
    const live = setInterval(() => this.#sendLive(), LIVE_EVERY_MS);
    if (this.#backlog > 0) this.#sendLive();
    for (const member of this.#members) this.#pump(member);
    const births = this.#readings;
    const unconfirmed = await this.#settled();
    clearTimeout(ending);
    clearInterval(live);
    return {
      kind: 'done',
      readings: this.#readings,
      messages: (this.#readings - births) / readingsPerMessage,
      elapsedMs: (isNumbered ? this.#lastProgressMs : performance.now()) - startMs,
      unconfirmed,
      oldestLiveMs: Math.round(this.#oldestLiveMs),
      fromMs: this.#fromMs,
      toMs: this.#fromMs + 2 * HOUR_MS,
    };
  }

  #end(): void {
    this.#isEnding = true;
  }

  async #settled(): Promise<number> {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      const isSent = this.#members.every((member) => this.#isAllSent(member));
      let waiting = 0;
      for (const { main, live, client } of this.#members) {
        if (this.#order.isNumbered) waiting += main.next - main.confirmed + live.next - live.confirmed;
        else waiting += client.stream.writableLength;
      }
      if (isSent && waiting === 0) return 0;
      if (performance.now() - this.#lastOfDataMs > (this.#order.stallMs ?? USUAL_STALL_MS)) return waiting;
    }
  }

  #isAllSent({ main }: Member): boolean {
    const { messagesPerGateway, readingsPerMessage } = this.#order;
    if (messagesPerGateway === undefined) return this.#isEnding;
    return main.next >= messagesPerGateway * readingsPerMessage;
  }

  #pump(member: Member): void {
    const { readingsPerMessage, windowMessages, isNumbered } = this.#order;
    const { main, client } = member;
    while (!member.isBlocked && !this.#isAllSent(member)) {
      const underWay = (main.next - main.confirmed) / readingsPerMessage;
      const isFull = isNumbered && underWay + MESSAGES_PER_WRITE > windowMessages;
      if (isFull) return;
      const parts: Buffer[] = [];
      for (let n = 0; n < MESSAGES_PER_WRITE && !this.#isAllSent(member); n++) {
        const timeMs = this.#fromMs + 1 + main.next / readingsPerMessage;
        parts.push(...this.#next(member, main, timeMs, this.#backlog > 0));
      }
      if (client.stream.write(Buffer.concat(parts))) continue;
      member.isBlocked = true;
      client.stream.once('drain', () => {
        member.isBlocked = false;
        if (!isNumbered) this.#progressed(true);
        this.#pump(member);
      });
    }
  }

  #next({ gateway }: Member, lane: Lane, timeMs: number, isHistorical: boolean): Buffer[] {
    const { readingsPerMessage } = this.#order;
    this.#readings += readingsPerMessage;
    const first = lane.next;
    lane.next += readingsPerMessage;
    return gateway.data(timeMs, first, isHistorical);
  }

  /** Real gateways send what is new at once, whatever waits behind it. */
  #sendLive(): void {
    if (this.#backlog === 0) return;
    for (const member of this.#members) {
      if (this.#isAllSent(member)) continue;
      member.client.stream.write(Buffer.concat(this.#next(member, member.live, Date.now(), false)));
      member.waiting.push({ last: member.live.next - 1, sentMs: performance.now() });
    }
  }

  #progressed(isOfData: boolean): void {
    this.#lastProgressMs = performance.now();
    if (isOfData) this.#lastOfDataMs = this.#lastProgressMs;
  }

  #onCommand(member: Member, bytes: Uint8Array): void {
    const nowMs = performance.now();
    for (const { name, value } of decodePayload(bytes).metrics) {
      if (name === REBIRTH) this.#giveBirth(member);
      const said = name === LEDGER_METRICS.confirm ? parseConfirmation(String(value)) : undefined;
      for (const { first, last } of said?.ranges ?? []) {
        for (const lane of [member.main, member.live]) {
          if (first > lane.confirmed || last < lane.confirmed) continue;
          lane.confirmed = Math.min(last + 1, lane.next);
          this.#progressed(lane === member.main);
        }
      }
    }
    while (member.waiting[0] && member.waiting[0].last < member.live.confirmed) {
      this.#oldestLiveMs = Math.max(this.#oldestLiveMs, nowMs - member.waiting.shift()!.sentMs);
    }
    this.#pump(member);
  }
}

const report = (one: FleetReport) => process.send!(one);
process.on('disconnect', () => process.exit());
const [order] = (await once(process, 'message')) as [FleetOrder];
const fleet = new Fleet(order);
await fleet.connect();
report({ kind: 'born' });
await once(process, 'message');
report(await fleet.run());
