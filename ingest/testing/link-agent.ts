import mqtt, { type MqttClient } from 'mqtt';
import { encodeLinkRecord, type LinkRecord } from '../../core/links/link-record.ts';
import { noMeasures } from '../../core/links/measures.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { EdgeMessages } from './edge-messages.ts';

const EVIDENCE = 'link/evidence/stamp';

/** An agent as a script: a gateway whose devices are links, which publishes the records of evidence that a test makes up. */
export class LinkAgent {
  readonly #client: MqttClient;
  readonly #edge: EdgeMessages;
  readonly #links: readonly string[];

  private constructor(client: MqttClient, edge: EdgeMessages, links: readonly string[]) {
    this.#client = client;
    this.#edge = edge;
    this.#links = links;
  }

  /** Its will is its death, as of any gateway; so `vanish` is seen by the broker at once. */
  static async connect(
    url: string,
    site: string,
    gateway: string,
    links: readonly string[] = [],
  ): Promise<LinkAgent> {
    const edge = new EdgeMessages(site, gateway);
    const { topic, bytes } = edge.ndeath();
    const will = { topic, payload: Buffer.from(bytes), qos: 1 as const, retain: false };
    const client = await mqtt.connectAsync(url, { will });
    const agent = new LinkAgent(client, edge, links);
    client.on('message', () => agent.born());
    await client.subscribeAsync(`spBv1.0/${site}/NCMD/${gateway}`, { qos: 1 });
    agent.born();
    return agent;
  }

  born(): void {
    this.#send(this.#edge.nbirth());
    for (const link of this.#links) {
      const properties = { link, class: 'intra' };
      const metric = { name: EVIDENCE, dataType: DATA_TYPES.String, value: null, properties };
      this.#send(this.#edge.dbirth(link, [metric]));
    }
  }

  report(link: string, record: LinkRecord): void {
    const value = encodeLinkRecord(record);
    const metric = { name: EVIDENCE, dataType: DATA_TYPES.String, value, timeMs: record.toMs };
    this.#send(this.#edge.data(link, [metric]));
  }

  #send({ topic, bytes }: { readonly topic: string; readonly bytes: Uint8Array }): void {
    this.#client.publish(topic, Buffer.from(bytes));
  }

  /** As a cable that is cut: the broker tells of its death. */
  vanish(): void {
    this.#client.end(true);
    this.#client.stream.destroy();
  }

  async end(): Promise<void> {
    await this.#client.endAsync(true);
  }
}

/** Of probes that were all answered in 20 ms, or, from the first of `lost` on, not at all. */
export function recordOf(fromMs: number, toMs: number, probes: number, lost = 0): LinkRecord {
  const measures = noMeasures();
  Object.assign(measures.account, { scheduled: probes, received: probes - lost, lost });
  if (probes > lost) measures.roundTrip.add(20, probes - lost);
  const lostFromMs = Math.round(toMs - ((toMs - fromMs) * lost) / probes);
  const gaps = lost === 0 ? [] : [{ fromMs: lostFromMs, toMs, probes: lost }];
  return {
    fromMs,
    toMs,
    flows: [{ ...measures, sourcePort: 0 }],
    gaps,
    ttlForward: 0,
    ttlReturn: 0,
    pathChanges: 0,
  };
}
