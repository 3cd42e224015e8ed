import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Connection, type Publisher } from 'rabbitmq-client';
import { type Cancel, delay } from '../../core/clock.ts';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import type { Service } from '../../core/lifecycle.ts';
import { readSecret } from '../../core/read-secret.ts';
import { stateTopic } from '../../core/sparkplug/topic.ts';
import { readAuthorities } from '../../core/tls-files.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { FirstTry } from '../session/first-try.ts';
import { HostCarrier, type HostCarrierParts } from '../session/host-carrier.ts';
import { statePayload } from '../session/host-session.ts';
import { Assigner } from './assigner.ts';
import type { ClusterConfig } from './config.ts';
import { Inbox } from './inbox.ts';
import { partitionOf } from './partition-of.ts';
import { parsePresence, presenceText } from './presence.ts';
import { type Delivery, QueueConsumer } from './queue-consumer.ts';
import { keyOfTopic, topicOfKey } from './routing-key.ts';
import { declareTopology, partitionQueue, unassignedName, WORKERS_EXCHANGE } from './topology.ts';
import { createGroup, type GroupInput, isSpeaker, stepGroup, type WorkerGroup } from './worker-group.ts';

const PRESENCE_MS = 2_000;
/** The plug-in of RabbitMQ 3.10 gives a retained STATE out under a wrong topic, so it is said again for those who wait. */
const STATE_EVERY_MS = 10_000;
const RETRY_MS = 1_000;
const HEARTBEAT_S = 10;
const FRAME_BYTES = 131_072;
const ASSIGNING_AT_ONCE = 100;
const FAREWELL_MS = 1_500;

interface ClusterLinkParts extends HostCarrierParts {
  readonly pipeline: HostCarrierParts['pipeline'] & Pick<Pipeline, 'isCrowded' | 'whenRoom'>;
  /** Where the files of the connection are looked for. */
  readonly configFolder: string;
}

/**
 * The connection of the host session to a RabbitMQ cluster, as one of several workers. A message is acknowledged once
 * everything in it is stored or refused for good; until then RabbitMQ gives it to the next worker should this one die.
 * Commands go out to the MQTT plug-in, which has each gateway’s subscription on whatever server it is.
 *
 * Two connections, because a server that is short of memory stops reading from one that publishes, and acknowledgements
 * are what frees its memory.
 */
export class ClusterLink implements Service {
  readonly name = 'subscriber';
  readonly #config: ClusterConfig;
  readonly #parts: ClusterLinkParts;
  readonly #carrier: HostCarrier;
  readonly #inbox: Inbox;
  readonly #self: string;
  #group: WorkerGroup;
  #turn = 0;
  /** Partitions with something for this worker since another was last heard to have them. */
  readonly #held = new Set<number>();
  #consuming: Connection | undefined;
  #publishing: Connection | undefined;
  #publisher: Publisher | undefined;
  #consumers: readonly QueueConsumer[] = [];
  #lines: readonly QueueConsumer[] = [];
  #settingUp: Promise<void> | undefined;
  #cancels = new Set<Cancel>();
  #isConnected = false;
  readonly #firstTry = new FirstTry();
  #error: SluiceError | undefined;

  constructor(config: ClusterConfig, parts: ClusterLinkParts) {
    this.#config = config;
    this.#parts = parts;
    this.#self = `${config.worker}-${randomBytes(4).toString('hex')}`;
    this.#group = createGroup(this.#self, config.partitions);
    this.#inbox = new Inbox(parts.pipeline);
    this.#carrier = new HostCarrier(parts, {
      publish: (topic, payload) => this.publish(topic, payload),
      // What the partitions bring is all there is to be had, and they are open by now.
      subscribe: (_topics, granted) => granted(),
    });
  }

  /** Lost where there is no connection: whoever needs to be sure says it again. Never retained. */
  publish(topic: string, payload: Uint8Array | string): void {
    this.#send(this.#config.exchange, keyOfTopic(topic), payload);
  }

  trouble(): SluiceError | undefined {
    return this.#error;
  }

  /** Resolves when it stands in line at every partition, or when the first try has failed or is not wanted. */
  async start(signal: AbortSignal): Promise<void> {
    await this.#firstTry.begin(() => this.#connect(), signal);
  }

  /** Whoever stands behind takes the partitions over at once; what is under way gets a moment to be stored. */
  async stop(): Promise<void> {
    const [consuming, publishing] = [this.#consuming, this.#publishing];
    if (!consuming || !publishing) return;
    this.#consuming = undefined;
    this.#firstTry.end();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    if (this.#isConnected) await this.#sayFarewell();
    this.#isConnected = false;
    this.#publishing = undefined;
    this.#carrier.stop();
    // Not closed with care: that would wait for a server that is away.
    consuming.unsafeDestroy();
    publishing.unsafeDestroy();
  }

  #connect(): void {
    const options = this.#options();
    const consuming = new Connection({ ...options, connectionName: `sluice ${this.#self} takes` });
    const publishing = new Connection({ ...options, connectionName: `sluice ${this.#self} sends` });
    this.#consuming = consuming;
    this.#publishing = publishing;
    this.#publisher = publishing.createPublisher();
    const assigner = new Assigner({
      connection: publishing,
      publisher: publishing.createPublisher({ confirm: true, maxAttempts: 2 }),
      partitions: this.#config.partitions,
      maxGateways: this.#parts.host.options.maxGateways,
      refused: (error) => this.#parts.refusals.note('unknown sender', error.code, 1, () => error),
      failed: (error) => {
        this.#failed(reasonOf(error));
        void unassigned.close();
      },
    });
    const { partitions, prefetch } = this.#config;
    this.#lines = Array.from({ length: partitions }, (_, partition) =>
      this.#consumer(
        partitionQueue(partitions, partition),
        prefetch,
        (delivery) => this.#take(partition, delivery),
        () => this.#handOver(partition),
      ),
    );
    const assign = (delivery: Delivery) => void assigner.take(delivery);
    const unassigned = this.#consumer(unassignedName(partitions), ASSIGNING_AT_ONCE, assign);
    this.#consumers = [...this.#lines, unassigned];
    consuming.on('connection', () => this.#setUp());
    publishing.on('connection', () => this.#isConnected && this.#mended());
    for (const connection of [consuming, publishing]) {
      connection.on('error', (error) => {
        if (!this.#consuming) return;
        this.#failed(reasonOf(error));
        if (connection === consuming) this.#disconnected();
      });
    }
    this.#after(PRESENCE_MS, () => this.#tick());
    this.#after(STATE_EVERY_MS, () => this.#repeatState());
  }

  #consumer(queue: string, prefetch: number, take: (delivery: Delivery) => void, gone = () => {}) {
    return new QueueConsumer(this.#consuming!, {
      queue,
      prefetch,
      take,
      closed: (reason) => {
        gone();
        if (!this.#consuming) return;
        if (reason !== '' && this.#isConnected) this.#failed(reason);
        this.#after(RETRY_MS, () => this.#setUp());
      },
    });
  }

  #options() {
    const { urls, username = 'guest', passwordFile, caFile, vhost } = this.#config;
    const { configFolder } = this.#parts;
    const password = passwordFile === undefined ? 'guest' : readSecret(passwordFile, configFolder);
    const authorities = caFile === undefined ? {} : { ca: readAuthorities(resolve(configFolder, caFile)) };
    return {
      hosts: urls.map((url) => new URL(url).host),
      ...{ username, password, vhost },
      tls: urls.some((url) => url.startsWith('amqps:')) ? authorities : false,
      ...{ heartbeat: HEARTBEAT_S, frameMax: FRAME_BYTES },
      ...{ retryLow: RETRY_MS / 2, retryHigh: RETRY_MS * 5, connectionTimeout: RETRY_MS * 5 },
      noDelay: true,
    };
  }

  /** Opens what is not open; again after a while where that fails. */
  #setUp(): void {
    if (!this.#consuming?.ready || this.#settingUp) return;
    this.#settingUp = this.#open()
      .catch((error) => {
        this.#failed(reasonOf(error));
        this.#after(RETRY_MS, () => this.#setUp());
      })
      .finally(() => {
        this.#settingUp = undefined;
      });
  }

  async #open(): Promise<void> {
    const consuming = this.#consuming!;
    const channel = await consuming.acquire({ emitErrorsFromChannel: true });
    channel.on('error', () => {
      // The call that it answers throws it.
    });
    await declareTopology(channel, this.#config);
    if (!this.#isConnected) {
      const { queue } = await channel.queueDeclare({ queue: '', exclusive: true, autoDelete: true });
      await channel.queueBind({ queue, exchange: WORKERS_EXCHANGE, routingKey: '' });
      await channel.basicConsume({ queue, noAck: true }, ({ body }) => this.#heard(body));
    }
    for (const consumer of this.#consumers) if (!consumer.isOpen) await consumer.open();
    this.#turn++;
    if (this.#isConnected) await channel.close();
    if (consuming !== this.#consuming || !consuming.ready) return;
    this.#mended();
    if (!this.#isConnected) {
      this.#isConnected = true;
      this.#carrier.step({ kind: 'connected', stateTimestampMs: this.#parts.clock.nowMs() });
      this.#tellPresence();
    }
    this.#firstTry.end();
  }

  #disconnected(): void {
    if (!this.#isConnected) return;
    this.#isConnected = false;
    this.#held.clear();
    this.#carrier.step({ kind: 'disconnected' });
  }

  #take(partition: number, delivery: Delivery): void {
    this.#inbox.add(() => {
      // What has gone back into its queue comes again, here or elsewhere.
      if (!delivery.isCurrent()) return;
      this.#held.add(partition);
      const topic = topicOfKey(delivery.key);
      this.#carrier.step(
        { kind: 'message', topic, bytes: delivery.bytes },
        {
          settled: ({ isWhole }) => {
            if (isWhole) delivery.settle();
            else this.#after(RETRY_MS, () => void this.#lines[partition]?.close());
          },
        },
      );
    });
  }

  /** Births of its gateways pass unseen from here on. */
  #handOver(partition: number): void {
    this.#inbox.add(() => {
      this.#held.delete(partition);
      const { partitions } = this.#config;
      for (const { site, gateway, online, rebirth } of this.#parts.host.nodes.values()) {
        if (!online && !rebirth.needed) continue;
        if (partitionOf({ site, gateway }, partitions) === partition)
          this.#carrier.step({ kind: 'handedOver', site, gateway });
      }
    });
  }

  #heard(body: unknown): void {
    const presence = parsePresence(body);
    if (!presence || presence.worker === this.#self) return;
    const { worker, turn, holds } = presence;
    if (!holds) {
      this.#stepGroup({ kind: 'left', worker });
      return;
    }
    this.#stepGroup({ kind: 'heard', worker, turn, atMs: this.#parts.clock.monotonicMs() });
    for (const partition of holds) if (this.#held.has(partition)) this.#handOver(partition);
  }

  #stepGroup(input: GroupInput): void {
    const { group, letPass } = stepGroup(this.#group, input);
    const isChanged = group.wanted !== this.#group.wanted;
    this.#group = group;
    if (isChanged) this.#parts.log.info({ workers: [this.#self, ...group.others.keys()].sort() }, 'workers');
    for (const partition of letPass) {
      const line = this.#lines[partition]!;
      // Where it fails the channel closes, and that is a way of leaving the line too.
      line.letPass().then(
        () => this.#handOver(partition),
        () => line.close(),
      );
    }
  }

  #tick(): void {
    this.#stepGroup({ kind: 'time', atMs: this.#parts.clock.monotonicMs() });
    if (this.#isConnected) this.#tellPresence();
    this.#after(PRESENCE_MS, () => this.#tick());
  }

  #tellPresence(): void {
    this.#send(
      WORKERS_EXCHANGE,
      '',
      presenceText({ worker: this.#self, turn: this.#turn, holds: [...this.#held] }),
    );
  }

  /** Timestamps only grow, so whoever waits for this host takes the newest for true. */
  #repeatState(): void {
    if (this.#isConnected && isSpeaker(this.#group)) this.#publishState(true);
    this.#after(STATE_EVERY_MS, () => this.#repeatState());
  }

  #publishState(online: boolean): void {
    const { host, clock } = this.#parts;
    this.publish(stateTopic(host.options.hostId), statePayload(online, clock.nowMs()));
  }

  /** The queues go on taking what gateways send; only where nobody else is left are they told that the host has gone. */
  async #sayFarewell(): Promise<void> {
    const { clock } = this.#parts;
    if (this.#group.others.size === 0) this.#publishState(false);
    this.#send(
      WORKERS_EXCHANGE,
      '',
      presenceText({ worker: this.#self, turn: this.#turn, holds: undefined }),
    );
    await Promise.allSettled(this.#consumers.map((consumer) => consumer.cancel()));
    const untilMs = clock.monotonicMs() + FAREWELL_MS;
    while (this.#consumers.some(({ unsettled }) => unsettled > 0) && clock.monotonicMs() < untilMs)
      await delay(clock, 20);
  }

  #send(exchange: string, routingKey: string, payload: Uint8Array | string): void {
    if (!this.#publishing?.ready) return;
    this.#publisher?.send({ exchange, routingKey }, Buffer.from(payload as Uint8Array)).catch(() => {
      // As lost as on a connection that breaks a moment later.
    });
  }

  #mended(): void {
    if (this.#error) this.#parts.log.info({}, 'RabbitMQ answers again');
    this.#error = undefined;
  }

  #failed(reason: string): void {
    const error = new SluiceError('BROKER_UNAVAILABLE', { url: this.#config.urls.join(', '), reason });
    if (!this.#error) this.#parts.log.error({ code: error.code }, error.message);
    this.#error = error;
    this.#firstTry.end();
  }

  #after(delayMs: number, work: () => void): void {
    const { clock } = this.#parts;
    const cancel = clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      work();
    });
    this.#cancels.add(cancel);
  }
}
