import { connect, type IPublishPacket, type MqttClient } from 'mqtt';
import { type Clock, delay } from '../../../core/clock.ts';
import { asSluiceError, reasonOf, SluiceError } from '../../../core/errors.ts';
import { assertId } from '../../../core/ids.ts';
import type { Service } from '../../../core/lifecycle.ts';
import type { Log } from '../../../core/log.ts';
import type { BrokerConnectionConfig } from '../../config.ts';
import type { RefusedMessage } from '../../letters/letter.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { brokerOptions } from '../../session/broker-options.ts';
import { FirstTry } from '../../session/first-try.ts';
import { pingOn } from '../../session/ping-on.ts';
import type { Door } from '../door.ts';
import type { DoorReading } from '../door-reading.ts';
import { AckQueue } from './ack-queue.ts';
import type { SenmlConfig } from './config.ts';
import { senmlReadings } from './senml-readings.ts';

/** The gateway under which readings of SenML stand: a tag needs one, and these devices have none. */
const SENML_GATEWAY = 'senml';
const FILTER = 'senml/+/+';

/** After something was given up, its message has to come again: for that the connection is cut. */
const REPEAT_MS = 2_000;
/** How long a stop waits for what was taken in already. */
const STOP_MS = 1_500;
/** To the callback of MQTT.js: this packet is done with, and its PUBACK is not yours to send. */
const ACKNOWLEDGED_LATER = new Error('acknowledged once the store has it');

interface SenmlParts {
  readonly hostId: string;
  readonly door: Pick<Door, 'take' | 'refuse' | 'keepRefused'>;
  readonly pipeline: Pick<Pipeline, 'isCrowded' | 'whenRoom'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly configFolder: string;
}

/**
 * SenML packs on `senml/{site}/{device}` at QoS 1, on a connection and in a session of their own: what is published while
 * ingest is away waits in the broker, and waiting for the store holds up no gateway. A message is acknowledged once the
 * store has all of it, or has refused it for good; many are under way at a time, and they are acknowledged in their order
 * (MQTT-4.6.0-2).
 */
export class SenmlSubscriber implements Service {
  readonly name = 'senml';
  readonly #config: SenmlConfig;
  readonly #broker: BrokerConnectionConfig;
  readonly #parts: SenmlParts;
  #client: MqttClient | undefined;
  #acks: AckQueue | undefined;
  #cancelRepeat: (() => void) | undefined;
  #waiting: (() => void) | undefined;
  #isStopping = false;
  readonly #firstTry = new FirstTry();
  #error: SluiceError | undefined;

  constructor(config: SenmlConfig, broker: BrokerConnectionConfig, parts: SenmlParts) {
    this.#config = config;
    this.#broker = broker;
    this.#parts = parts;
  }

  trouble(): SluiceError | undefined {
    return this.#error;
  }

  /** Resolves when it is subscribed, or when the first try has failed or is not wanted. */
  async start(signal: AbortSignal): Promise<void> {
    this.#isStopping = false;
    await this.#firstTry.begin(() => this.#connect(), signal);
  }

  /** Reads no more, and waits a moment for what it has read: unacknowledged, it would come again. */
  async stop(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    this.#isStopping = true;
    this.#firstTry.end();
    const given = new AbortController();
    const acks = this.#acks;
    if (acks) {
      const wait = delay(this.#parts.clock, STOP_MS, given.signal);
      await Promise.race([acks.emptied(), wait]);
    }
    given.abort();
    this.#client = undefined;
    this.#cancelRepeat?.();
    await new Promise<void>((done) => client.end(false, {}, () => done()));
  }

  #connect(): void {
    const client = connect(this.#broker.url, {
      clientId: `sluice-senml-${this.#parts.hostId}`,
      clean: false,
      resubscribe: false,
      queueQoSZero: false,
      ...brokerOptions(this.#broker, this.#parts.configFolder),
    });
    this.#client = client;
    client.handleMessage = (packet, done) => this.#onPacket(client, packet, done as (error?: Error) => void);
    client.on('connect', () => this.#subscribe(client));
    client.on('error', (error) => {
      if (client === this.#client) this.#failed('BROKER_UNAVAILABLE', reasonOf(error));
    });
    client.on('close', () => {
      if (client !== this.#client) return;
      if (!this.#error) this.#failed('BROKER_UNAVAILABLE', 'the connection was closed');
      // What was not acknowledged comes again in the next connection, under the same or other packet ids.
      this.#acks?.end();
      this.#acks = undefined;
      this.#cancelRepeat?.();
      this.#cancelRepeat = undefined;
      this.#letIn();
    });
  }

  #subscribe(client: MqttClient): void {
    // The broker may send what waited for this session before it grants the subscription.
    this.#acksOf(client);
    client.subscribe(FILTER, { qos: 1 }, (error) => {
      if (client !== this.#client || !client.connected) return;
      if (error) {
        this.#failed('SENML_REFUSED', reasonOf(error));
        client.stream.destroy();
        return;
      }
      if (this.#error) this.#parts.log.info({ url: this.#broker.url }, 'SenML is read again');
      this.#error = undefined;
      this.#firstTry.end();
    });
  }

  #acksOf(client: MqttClient): AckQueue {
    this.#acks ??= new AckQueue((bytes) => {
      if (client.connected) client.stream.write(bytes);
    });
    return this.#acks;
  }

  #onPacket(client: MqttClient, packet: IPublishPacket, done: (error?: Error) => void): void {
    const isHeld = packet.qos === 1 && packet.messageId !== undefined;
    this.#take(packet, isHeld ? this.#held(client, packet.messageId!) : () => {});
    this.#whenRoom(client, () => (isHeld ? done(ACKNOWLEDGED_LATER) : done()));
  }

  /** What is to be called once the message is settled. */
  #held(client: MqttClient, messageId: number): (isWhole: boolean) => void {
    const settle = this.#acksOf(client).hold(messageId);
    return (isWhole) => {
      if (isWhole) settle();
      else this.#repeat(client);
      this.#letIn();
    };
  }

  #take({ topic, payload, retain }: IPublishPacket, settled: (isWhole: boolean) => void): void {
    const { door, clock } = this.#parts;
    const message = { source: topic, bytes: payload as Uint8Array };
    const [, site = '', device = ''] = topic.split('/');
    try {
      assertId('site', site);
      assertId('device', device);
    } catch (thrown) {
      door.refuse(undefined, asSluiceError(thrown), 0, message);
      settled(door.keepRefused());
      return;
    }
    const sender = { site, gateway: SENML_GATEWAY, device };
    let readings: readonly DoorReading[];
    try {
      readings = senmlReadings(payload as Uint8Array, sender, this.#config.names, clock.nowMs());
    } catch (thrown) {
      // An empty retained message clears what was retained, and says nothing.
      if (payload.length > 0 || !retain) door.refuse(sender, asSluiceError(thrown), 0, message);
      settled(door.keepRefused());
      return;
    }
    if (retain) readings = this.#timedOnly(readings, message);
    door.take(readings, ({ isWhole }) => settled(isWhole), { isLive: !retain });
  }

  /** What was retained comes at every subscription: with the time of its arrival, it would be a new reading each time. */
  #timedOnly(readings: readonly DoorReading[], message: RefusedMessage): readonly DoorReading[] {
    const timed = readings.filter(({ isTimed }) => isTimed);
    const untimed = readings.length - timed.length;
    if (untimed > 0) {
      const error = new SluiceError('RETAINED_UNTIMED', { topic: message.source });
      this.#parts.door.refuse(readings[0]!, error, untimed, message);
    }
    return timed;
  }

  /** Nothing more is read from the broker until there is room: the socket fills up, and it has to wait. */
  #whenRoom(client: MqttClient, go: () => void): void {
    const { pipeline } = this.#parts;
    const isFull = () => (this.#acks?.length ?? 0) >= this.#config.maxInFlight;
    if (!this.#isStopping && !pipeline.isCrowded && !isFull()) {
      go();
      return;
    }
    const cancel = pingOn(client, this.#parts.clock, this.#broker.keepaliveS);
    const again = () => {
      cancel();
      this.#whenRoom(client, go);
    };
    if (pipeline.isCrowded && !this.#isStopping) pipeline.whenRoom(again);
    else this.#waiting = again;
  }

  #letIn(): void {
    if (this.#isStopping) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  #repeat(client: MqttClient): void {
    this.#cancelRepeat ??= this.#parts.clock.after(REPEAT_MS, () => client.stream.destroy());
  }

  #failed(code: 'BROKER_UNAVAILABLE' | 'SENML_REFUSED', reason: string): void {
    const error = new SluiceError(code, { url: this.#broker.url, reason });
    // The other connection says it as well where the broker is away.
    if (!this.#error && code === 'SENML_REFUSED') this.#parts.log.error({ code: error.code }, error.message);
    this.#error = error;
    this.#firstTry.end();
  }
}
