import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { BrokerLogin } from '../../core/broker-connection.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { CommandRequest } from '../../core/command.ts';
import { asSluiceError, reasonOf, SluiceError, type Words } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import type { Payload } from '../../core/sparkplug/payload.ts';
import { formatTopic, type MessageType, parseTopic, stateTopic } from '../../core/sparkplug/topic.ts';
import { wasHungUp } from '../../core/was-hung-up.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { BdSeqFile } from './bd-seq-file.ts';
import { readCommands } from './edge-commands.ts';
import {
  createSession,
  dyingDevices,
  type SessionEffect,
  type SessionInput,
  type SessionState,
  stepSession,
} from './edge-session.ts';
import { parseHostState } from './host-state.ts';
import { deviceDeath, type MetricTable, nodeDeath } from './metric-table.ts';

export interface EdgeClientOptions {
  readonly site: string;
  readonly gateway: string;
  readonly url: string;
  readonly login: BrokerLogin;
  readonly primaryHost: string | undefined;
  readonly table: MetricTable;
  readonly outbox: Outbox;
  readonly bdSeqFile: BdSeqFile;
  readonly clock: Clock;
  readonly log: Log;
  /** A host commands a metric of a device, or of the gateway itself. What it throws stays with that command. */
  readonly onCommand: (request: CommandRequest) => void;
  /** The text of a `Care/Request`. */
  readonly onCare: (text: string) => void;
  /** The text of a `Links/Plan`. */
  readonly onPlan: (text: string) => void;
  /** Of the plan of links in force; `undefined` for a gateway that takes none. */
  readonly planVersion: () => string | undefined;
  /** 0 to 1, for the time until the next try, and until the births once the primary host has come. */
  readonly random?: () => number;
}

/** Messages handed to the socket and not yet written: enough to keep it busy, few enough to lose little with it. */
const MOST_UNDER_WAY = 32;
const CONNECT_TIMEOUT_MS = 10_000;
/** What is sent to a broker that hangs is lost until this has shown it, 1.5 times over; two bytes each way are cheap. */
const KEEPALIVE_S = 10;
const GOODBYE_MS = 1_000;
/** Two gateways of one id push each other out again and again. A connection that lasts this long lets tries be quick again. */
const SETTLED_AFTER_MS = 10_000;
/** And one that lasts this long lets the next trouble be told, though it was told before. */
const LASTING_MS = 60_000;
/**
 * Silence after which the connection is made anew, though the broker answers its pings: it may have lost the subscription
 * (RabbitMQ can, when a server of a cluster dies). A host may as well be away, and then it only costs: so each time doubles it.
 */
const FIRST_UNHEARD_MS = 5 * 60_000;
const LONGEST_UNHEARD_MS = 3_600_000;
/** The code of a SUBACK for a topic that is not granted (MQTT 3.1.1, clause 3.9.3). */
const REFUSED = 0x80;
/** Brokers give no reason. Two clients of one name are the one that nobody thinks of (MQTT-3.1.4-2). */
const CONNECTION_CLOSED: Words = {
  en: 'the connection was closed, as it is too when another gateway has the same site and id',
  zh: '连接已关闭；若另一网关使用了相同的站点和标识，也会如此',
};
/** A bad command is told once in so long, with the number of those that were not. */
const PROBLEM_EVERY_MS = 10_000;

/** The edge session on an MQTT connection: performs what the session decides, and feeds it from the outbox. */
export class EdgeClient {
  readonly #options: EdgeClientOptions;
  readonly #log: Log;
  #state: SessionState;
  #client: MqttClient | undefined;
  #underWay = 0;
  #isPumping = false;
  #cancelRetry: Cancel | undefined;
  #cancelBirth: Cancel | undefined;
  #cancelSettled: Cancel | undefined;
  #closed: Promise<void> | undefined;
  #trouble: SluiceError | undefined;
  /** What was logged last, so that a connection that comes and goes is not told each time. */
  #told: string | undefined;
  #isOnlineToTell = true;
  #onlineAtMs = 0;
  #problems = 0;
  #problemAtMs = Number.NEGATIVE_INFINITY;
  #unheardMs = FIRST_UNHEARD_MS;
  #cancelListening: Cancel | undefined;

  constructor(options: EdgeClientOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#state = createSession(options.bdSeqFile.read(), options.primaryHost !== undefined);
    options.outbox.onReady = () => this.pump();
  }

  get isOnline(): boolean {
    return this.#state.phase === 'online';
  }

  /** Why nothing goes out at present. */
  get trouble(): SluiceError | undefined {
    return this.#trouble;
  }

  start(): void {
    this.#step({ kind: 'start' });
  }

  /** Says goodbye as the standard asks, and resolves when the connection is closed. */
  async stop(): Promise<void> {
    this.#cancelRetry?.();
    this.#cancelBirth?.();
    this.#cancelSettled?.();
    this.#cancelListening?.();
    this.#step({ kind: 'stop' });
    await this.#closed;
  }

  deviceUp(device: string): void {
    this.#step({ kind: 'device-up', device });
  }

  deviceDown(device: string): void {
    this.#step({ kind: 'device-down', device });
    this.pump();
  }

  /** These are no devices of the table any more, or it has others too: all births again. */
  devicesReplaced(gone: readonly string[]): void {
    this.#step({ kind: 'devices-gone', devices: gone });
    this.rebirth();
  }

  /** Sends what waits in the outbox, as far as the socket takes it. */
  pump(): void {
    // MQTT.js calls back within `publish` where the socket takes the bytes at once: that must not begin another round.
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      this.#sendWaiting();
    } finally {
      this.#isPumping = false;
    }
  }

  /** All births again, because what they say of the gateway has changed. */
  rebirth(): void {
    this.#step({ kind: 'rebirth' });
    this.pump();
  }

  #sendWaiting(): void {
    while (this.isOnline && this.#underWay < MOST_UNDER_WAY) {
      const entry = this.#options.outbox.next();
      if (!entry) break;
      const isRetired = entry.kind === 'readings' && !this.#options.table.has(entry.message.device);
      this.#step({ kind: 'data', entry, isRetired });
    }
    for (const { device, isRevived } of dyingDevices(this.#state)) {
      if (!this.#options.outbox.holds(device, isRevived ? 'unconfirmed' : 'unsent'))
        this.#step({ kind: 'device-drained', device });
    }
  }

  #step(input: SessionInput): void {
    const { state, effects } = stepSession(this.#state, input);
    if (state.phase !== 'awaiting-host' || !state.isBirthDue) this.#cancelBirth?.();
    if (state.phase !== 'online') this.#cancelSettled?.();
    const isNewlyOnline = state.phase === 'online' && this.#state.phase !== 'online';
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
    if (isNewlyOnline) {
      this.#cameOnline();
      this.pump();
    }
  }

  #cameOnline(): void {
    const { url, outbox, clock } = this.#options;
    this.#trouble = undefined;
    this.#onlineAtMs = clock.monotonicMs();
    outbox.connect();
    this.#cancelSettled = clock.after(SETTLED_AFTER_MS, () => this.#step({ kind: 'settled' }));
    if (!this.#isOnlineToTell) return;
    this.#isOnlineToTell = false;
    this.#log.info({ broker: url, backlog: outbox.status().waiting }, 'online: births are out');
  }

  #perform(effect: SessionEffect): void {
    const { table, outbox, clock } = this.#options;
    const nowMs = clock.nowMs();
    switch (effect.kind) {
      case 'connect':
        this.#connect(effect.bdSeq);
        return;
      case 'disconnect':
        this.#disconnect();
        return;
      case 'retry-after':
        this.#cancelRetry = clock.after(this.#spread(effect.delayMs), () => this.#step({ kind: 'retry' }));
        return;
      case 'birth-within': {
        const delayMs = effect.longestMs * (this.#options.random ?? Math.random)();
        this.#cancelBirth = clock.after(delayMs, () => this.#step({ kind: 'birth-due' }));
        return;
      }
      case 'hold-data':
        this.#underWay = 0;
        outbox.release();
        return;
      case 'node-birth':
        this.#publishNodeBirth(effect, nowMs);
        return;
      case 'device-birth':
        this.#publish('DBIRTH', effect.device, table.deviceBirth(effect.device, effect.seq, nowMs));
        return;
      case 'device-death':
        this.#publish('DDEATH', effect.device, deviceDeath(effect.seq, nowMs));
        return;
      case 'node-death':
        this.#publish('NDEATH', '', nodeDeath(effect.bdSeq, nowMs));
        return;
      case 'data':
        this.#publishData(effect);
        return;
    }
  }

  /** Half of the time to one and a half: after a power cut not every gateway of a region comes in the same second. */
  #spread(delayMs: number): number {
    return delayMs * (0.5 + (this.#options.random ?? Math.random)());
  }

  #connect(bdSeq: number): void {
    const { url, bdSeqFile } = this.#options;
    try {
      bdSeqFile.write(bdSeq);
    } catch (error) {
      // The session works without it; only a restart would count from an older number.
      this.#log.error({ error: reasonOf(error) }, 'cannot keep bdSeq in the data folder');
    }
    const client = connect(url, this.#connectOptions(bdSeq));
    this.#client = client;
    const ofThisClient =
      <T extends unknown[]>(fn: (...args: T) => void) =>
      (...args: T) => {
        if (client === this.#client) fn(...args);
      };
    let problem: string | Words = CONNECTION_CLOSED;
    client.on('error', (error) => {
      if (!(this.isOnline && wasHungUp(error))) problem = reasonOf(error);
    });
    const refused = (topic: string) => {
      problem = { en: `the broker refuses to subscribe ${topic}`, zh: `代理拒绝订阅 ${topic}` };
      client.end(true);
    };
    client.on(
      'connect',
      ofThisClient(() => this.#subscribe(client, refused)),
    );
    client.on(
      'message',
      ofThisClient((topic: string, payload: Buffer, { retain }: { retain: boolean }) =>
        this.#receive(topic, payload, retain),
      ),
    );
    client.on(
      'close',
      ofThisClient(() => {
        this.#client = undefined;
        client.end(true);
        this.#report(problem);
        this.#step({ kind: 'disconnected' });
      }),
    );
  }

  /** MQTT 3.1.1, clean session, and NDEATH as the will (tck-id-principles-persistence-clean-session-311). */
  #connectOptions(bdSeq: number): IClientOptions {
    const { site, gateway, login, clock } = this.#options;
    return {
      protocolVersion: 4,
      clean: true,
      clientId: `sluice-${site}-${gateway}`,
      // The will carries bdSeq, so every connection needs a client of its own.
      reconnectPeriod: 0,
      // What is meant is: close the connection when the broker refuses it, rather than wait for the broker to.
      reconnectOnConnackError: true,
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepalive: KEEPALIVE_S,
      // Data at QoS 0 is never answered, so it is no sign of life and must not put off the next ping.
      reschedulePings: false,
      will: {
        topic: formatTopic({ site, type: 'NDEATH', gateway }),
        payload: Buffer.from(encodePayload(nodeDeath(bdSeq, clock.nowMs()))),
        qos: 1,
        retain: false,
      },
      ...login,
    };
  }

  #subscribe(client: MqttClient, refused: (topic: string) => void): void {
    const { site, gateway, primaryHost, table } = this.#options;
    const topics = [formatTopic({ site, type: 'NCMD', gateway })];
    // One for each device: what hosts send to devices that are not here is not asked for.
    for (const device of table.writableDevices)
      topics.push(formatTopic({ site, type: 'DCMD', gateway, device }));
    if (primaryHost !== undefined) topics.push(stateTopic(primaryHost));
    client.subscribe(topics, { qos: 1 }, (error, grants) => {
      if (client !== this.#client || !client.connected) return;
      const refusal = grants?.find(({ qos }) => (qos as number) === REFUSED);
      if (error || refusal) {
        refused(refusal?.topic ?? topics.join(', '));
        return;
      }
      this.#step({ kind: 'connected' });
      this.#listen();
    });
  }

  /** Waits from now on for whoever says something, and not all gateways of a host equally long. */
  #listen(): void {
    const { clock } = this.#options;
    this.#cancelListening?.();
    this.#cancelListening = clock.after(this.#spread(this.#unheardMs), () => this.#hearsNothing());
  }

  #hearsNothing(): void {
    const isOwedAnswer =
      this.#state.phase === 'awaiting-host' ||
      this.#options.outbox.status().unconfirmedForMs >= this.#unheardMs / 2;
    if (!isOwedAnswer) {
      this.#listen();
      return;
    }
    this.#log.warn({ waitedS: Math.round(this.#unheardMs / 1_000) }, 'nobody answers: connecting anew');
    this.#unheardMs = Math.min(2 * this.#unheardMs, LONGEST_UNHEARD_MS);
    this.#step({ kind: 'unheard' });
  }

  #disconnect(): void {
    const client = this.#client;
    if (!client) return;
    this.#client = undefined;
    const { stream, connected } = client;
    this.#closed = new Promise((resolve) => {
      // A broker that hangs is not waited for, as MQTT.js would, even if it is told to hurry.
      const cancel = this.#options.clock.after(GOODBYE_MS, () => stream.destroy());
      stream.once('close', () => {
        cancel();
        resolve();
      });
      client.end(!connected);
    });
  }

  #receive(topic: string, bytes: Buffer, isRetained: boolean): void {
    const { primaryHost } = this.#options;
    this.#listen();
    if (primaryHost !== undefined && topic === stateTopic(primaryHost)) {
      const hostState = parseHostState(bytes.toString());
      if (hostState) this.#step({ kind: 'host-state', ...hostState, isRetained });
      else this.#log.warn({ topic }, 'a host STATE that cannot be read was passed over');
      return;
    }
    this.#obey(topic, bytes);
  }

  #obey(topic: string, bytes: Buffer): void {
    // Unlike STATE, which a broker may keep and say at each connection, it is of now.
    this.#unheardMs = FIRST_UNHEARD_MS;
    const { table, outbox, onCommand, onCare, onPlan } = this.#options;
    const { device = '' } = parseTopic(topic);
    const asked = readCommands(bytes, device, table);
    for (const problem of asked.problems) this.#passedOver(topic, problem);
    for (const confirmation of asked.confirmations) outbox.confirm(confirmation);
    const each = [
      ...asked.commands.map((command) => () => onCommand(command)),
      ...asked.careRequests.map((text) => () => onCare(text)),
      ...asked.plans.map((text) => () => onPlan(text)),
    ];
    for (const act of each) {
      try {
        act();
      } catch (thrown) {
        this.#log.error({ topic, err: thrown }, asSluiceError(thrown).message);
      }
    }
    if (!asked.isRebirth) return;
    this.#log.info({}, 'a host asks for a rebirth');
    this.rebirth();
  }

  #passedOver(topic: string, problem: string): void {
    this.#problems++;
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#problemAtMs < PROBLEM_EVERY_MS) return;
    this.#log.warn({ topic, problem, since: this.#problems }, 'a command was passed over');
    this.#problemAtMs = nowMs;
    this.#problems = 0;
  }

  #publishData({ entry, seq }: Extract<SessionEffect, { kind: 'data' }>): void {
    const { table, outbox, clock } = this.#options;
    const device = entry.kind === 'dropped' ? '' : entry.message.device;
    const client = this.#client;
    this.#underWay++;
    const written = (error?: Error | null) => {
      if (error || client !== this.#client || !this.isOnline) return;
      this.#underWay--;
      outbox.written(entry);
      if (this.#underWay < MOST_UNDER_WAY / 2) this.pump();
    };
    this.#publish(device === '' ? 'NDATA' : 'DDATA', device, table.data(entry, seq, clock.nowMs()), written);
  }

  #publishNodeBirth({ seq, bdSeq }: Extract<SessionEffect, { kind: 'node-birth' }>, nowMs: number): void {
    const { table, outbox, planVersion } = this.#options;
    this.#publish('NBIRTH', '', table.nodeBirth(seq, bdSeq, outbox.ledger, nowMs, planVersion()));
  }

  #publish(type: MessageType, device: string, payload: Payload, done?: (error?: Error | null) => void): void {
    const { site, gateway } = this.#options;
    const topic = formatTopic({ site, type, gateway, ...(device === '' ? {} : { device }) });
    const bytes = Buffer.from(encodePayload(payload, { omitTypes: type === 'NDATA' || type === 'DDATA' }));
    this.#client?.publish(topic, bytes, { qos: 0, retain: false }, done);
  }

  /** One line when the broker goes away or refuses in another way than before, not one for each try. */
  #report(reason: string | Words): void {
    const error = new SluiceError('BROKER_UNAVAILABLE', { url: this.#options.url, reason });
    if (this.#state.phase === 'stopped') return;
    this.#trouble = error;
    const hasLasted = this.isOnline && this.#options.clock.monotonicMs() - this.#onlineAtMs >= LASTING_MS;
    if (error.message === this.#told && !hasLasted) return;
    this.#told = error.message;
    this.#isOnlineToTell = true;
    this.#log.error({ code: error.code }, error.message);
  }
}
