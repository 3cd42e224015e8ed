import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Cancel } from '../../core/clock.ts';
import { reasonOf, SluiceError, type Words } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import { stateTopic } from '../../core/sparkplug/topic.ts';
import { wasHungUp } from '../../core/was-hung-up.ts';
import type { AutomationDoor } from '../automation/automation-door.ts';
import type { BrokerConnectionConfig } from '../config.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { brokerOptions, RECONNECT_MS } from './broker-options.ts';
import { FirstTry } from './first-try.ts';
import { HostCarrier, type HostCarrierParts } from './host-carrier.ts';
import { statePayload } from './host-session.ts';

const FAREWELL_MS = 1_000;
/** Pings and their answers wait meanwhile, and the broker's memory fills: so it must be short. */
const LONGEST_PAUSE_MS = 1_000;
const LONGEST_RECONNECT_MS = 30_000;
/** Two hosts of one id push each other out again and again: a connection that has lasted this long is none of those. */
const LASTING_MS = 60_000;

interface SubscriberParts extends HostCarrierParts {
  readonly pipeline: HostCarrierParts['pipeline'] & Pick<Pipeline, 'isBraking' | 'whenRoom'>;
  /** The door for automation, where it is open. */
  readonly door?: Pick<AutomationDoor, 'topics' | 'message'> | undefined;
  /** Where the files of the connection are looked for. */
  readonly configFolder: string;
}

/**
 * The MQTT connection of the host session; decides nothing. Once started it
 * keeps trying to connect by itself.
 *
 * While the pipeline brakes the next packet is not taken, so the socket fills up and the broker has to wait; but never for long.
 */
export class Subscriber implements Service {
  readonly name = 'subscriber';
  readonly #config: BrokerConnectionConfig;
  readonly #parts: SubscriberParts;
  readonly #carrier: HostCarrier;
  #client: MqttClient | undefined;
  #stateTimestampMs = 0;
  #isAnnounced = false;
  readonly #firstTry = new FirstTry();
  #error: SluiceError | undefined;
  /** What was logged last, so that a connection that comes and goes is not told each time. */
  #told: string | undefined;
  #isReturnToTell = false;
  #cancelLasting: Cancel | undefined;
  #reconnectMs = RECONNECT_MS;

  constructor(config: BrokerConnectionConfig, parts: SubscriberParts) {
    this.#config = config;
    this.#parts = parts;
    this.#carrier = new HostCarrier(parts, {
      publish: (topic, payload, options) => this.publish(topic, payload, options),
      subscribe: (topics, granted) => this.#subscribe(topics, granted),
    });
  }

  /** Lost where there is no connection: whoever needs to be sure says it again. */
  publish(
    topic: string,
    payload: Uint8Array | string,
    options: { readonly qos?: 0 | 1; readonly retain?: boolean } = {},
  ): void {
    if (!this.#client?.connected) return;
    const bytes = typeof payload === 'string' ? payload : Buffer.from(payload);
    this.#client?.publish(topic, bytes, { qos: options.qos ?? 0, retain: options.retain ?? false });
  }

  /** Resolves once the broker has it, kept for those who subscribe later. Throws `BROKER_UNAVAILABLE` after `waitMs`. */
  publishSurely(topic: string, payload: string, waitMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string) =>
        reject(new SluiceError('BROKER_UNAVAILABLE', { url: this.#config.url, reason }));
      if (!this.#client?.connected) {
        fail('there is no connection');
        return;
      }
      const cancel = this.#parts.clock.after(waitMs, () => fail('it did not acknowledge a message'));
      this.#client.publish(topic, payload, { qos: 1, retain: true }, (error) => {
        cancel();
        if (error) fail(reasonOf(error));
        else resolve();
      });
    });
  }

  /** Why there is no connection. */
  trouble(): SluiceError | undefined {
    return this.#error;
  }

  /** Resolves when it is connected, subscribed and announced, or when the first try has failed or is not wanted. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#firstTry.begin(() => this.#connect(), signal);
  }

  #connect(): void {
    const client = connect(this.#config.url, this.#options());
    this.#client = client;
    client.handleMessage = (packet, done) => {
      this.#onMessage(packet.topic, packet.payload as Uint8Array, packet.retain);
      if (this.#parts.pipeline.isBraking) this.#pause(done);
      else done();
    };
    client.on('connect', () =>
      this.#carrier.step({ kind: 'connected', stateTimestampMs: this.#stateTimestampMs }),
    );
    client.on('reconnect', () => {
      client.options.will = this.#will();
    });
    client.on('error', (error) => {
      // What goes wrong while saying farewell troubles nobody.
      if (client !== this.#client) return;
      // `close`, which follows, knows better than an error that depends on what was being written.
      if (!(this.#isAnnounced && wasHungUp(error))) this.#failed(reasonOf(error));
    });
    client.on('close', () => {
      if (client !== this.#client) return;
      this.#cancelLasting?.();
      if (!this.#error) this.#failed(this.#isAnnounced ? this.#wasClosed() : 'the connection was closed');
      this.#isAnnounced = false;
      this.#carrier.step({ kind: 'disconnected' });
    });
  }

  #onMessage(topic: string, bytes: Uint8Array, isRetained: boolean): void {
    if (topic.startsWith('sluice/')) this.#parts.door?.message(topic, bytes, isRetained);
    else this.#carrier.step({ kind: 'message', topic, bytes });
  }

  async stop(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    this.#client = undefined;
    this.#cancelLasting?.();
    this.#firstTry.end();
    const hasSaidFarewell = this.#isAnnounced && (await this.#sayFarewell(client));
    this.#isAnnounced = false;
    this.#carrier.stop();
    await new Promise<void>((done) => client.end(!hasSaidFarewell, {}, () => done()));
  }

  #options(): IClientOptions {
    return {
      clientId: `sluice-host-${this.#parts.host.options.hostId}`,
      clean: true,
      // The session subscribes at each connect, before it announces itself.
      resubscribe: false,
      queueQoSZero: false,
      will: this.#will(),
      ...brokerOptions(this.#config, this.#parts.configFolder),
    };
  }

  /** The will carries the same timestamp as the STATE that follows it (tck-id-host-topic-phid-death-payload). */
  #will(): NonNullable<IClientOptions['will']> {
    this.#stateTimestampMs = this.#parts.clock.nowMs();
    const payload = Buffer.from(statePayload(false, this.#stateTimestampMs));
    return { topic: stateTopic(this.#parts.host.options.hostId), payload, qos: 1, retain: true };
  }

  #subscribe(topics: readonly string[], granted: () => void): void {
    const client = this.#client;
    client?.subscribe([...topics], { qos: 1 }, (error) => {
      if (client !== this.#client || !client.connected) return;
      if (error) {
        this.#failed(`it refused the subscription: ${reasonOf(error)}`);
        client.stream.destroy();
        return;
      }
      if (this.#isReturnToTell)
        this.#parts.log.info({ url: this.#config.url }, 'the MQTT broker answers again');
      this.#isReturnToTell = false;
      this.#error = undefined;
      this.#isAnnounced = true;
      this.#waitLongerNextTime(client);
      granted();
      this.#openDoor(client);
      this.#firstTry.end();
    });
  }

  /** By itself, so that a broker that refuses it costs no reading. */
  #openDoor(client: MqttClient): void {
    const { door, log } = this.#parts;
    if (!door) return;
    client.subscribe([...door.topics], { qos: 1 }, (error) => {
      if (!error || client !== this.#client || !client.connected) return;
      const why = `the broker does not let this host subscribe to ${door.topics.join(', ')}`;
      log.error({ url: this.#config.url }, `${why}, so automations cannot command: ${reasonOf(error)}`);
    });
  }

  /** Brokers give no reason. Two clients of one name are the one that nobody thinks of (MQTT-3.1.4-2). */
  #wasClosed(): Words {
    const { hostId } = this.#parts.host.options;
    return {
      en: `the connection was closed, as it is too when another host application runs as "${hostId}"`,
      zh: `连接已关闭；若另一主机应用也以“${hostId}”运行，也会如此`,
    };
  }

  /** Further and further apart, until a connection lasts: each that comes and goes sends gateways away and calls them back. */
  #waitLongerNextTime(client: MqttClient): void {
    const { options } = client;
    options.reconnectPeriod = this.#reconnectMs;
    this.#reconnectMs = Math.min(2 * this.#reconnectMs, LONGEST_RECONNECT_MS);
    this.#cancelLasting?.();
    this.#cancelLasting = this.#parts.clock.after(LASTING_MS, () => {
      this.#told = undefined;
      this.#reconnectMs = options.reconnectPeriod = RECONNECT_MS;
    });
  }

  #failed(reason: string | Words): void {
    const error = new SluiceError('BROKER_UNAVAILABLE', { url: this.#config.url, reason });
    const isTold = this.#error !== undefined || error.message === this.#told;
    this.#error = error;
    this.#firstTry.end();
    if (isTold) return;
    this.#told = error.message;
    this.#isReturnToTell = true;
    this.#parts.log.error({ code: error.code }, error.message);
  }

  #pause(done: () => void): void {
    const { clock, pipeline } = this.#parts;
    let isOver = false;
    const goOn = () => {
      if (isOver) return;
      isOver = true;
      cancel();
      done();
    };
    const cancel = clock.after(LONGEST_PAUSE_MS, goOn);
    pipeline.whenRoom(goOn);
  }

  /**
   * A host that goes on purpose says so (tck-id-operational-behavior-host-application-disconnect-intentional). False
   * where the broker did not answer in time: then the connection is cut, and the broker publishes the will instead.
   */
  #sayFarewell(client: MqttClient): Promise<boolean> {
    const topic = stateTopic(this.#parts.host.options.hostId);
    const payload = statePayload(false, this.#stateTimestampMs);
    return new Promise((resolve) => {
      const cancel = this.#parts.clock.after(FAREWELL_MS, () => resolve(false));
      client.publish(topic, payload, { qos: 1, retain: true }, (error) => {
        cancel();
        resolve(!error);
      });
    });
  }
}
