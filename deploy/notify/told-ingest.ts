import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Contact, ContactWay, ContactWish } from '../../core/alerts/contact.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../../ingest/testing/ingest-process.ts';
import { LinkAgent } from '../../ingest/testing/link-agent.ts';
import { TestBroker } from '../../ingest/testing/test-broker.ts';

export const SECRET = 'a secret that nobody else has';

interface ShownDelivery {
  readonly id: string;
  readonly alerts: readonly { readonly what: string }[];
  readonly way: string;
  readonly state: string;
  readonly tries: number;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Ingest as a process with a broker, and one gateway whose silence is what alerts are about. */
export class ToldIngest {
  readonly folder: string;
  readonly broker: TestBroker;
  readonly ingest: IngestProcess;
  #gateway: LinkAgent | undefined;

  private constructor(folder: string, broker: TestBroker, notify: object) {
    this.folder = folder;
    this.broker = broker;
    this.ingest = new IngestProcess(folder, {
      ...{ broker: { url: broker.url }, http: { port: 0, signIn: 'off' } },
      alerts: { everyS: 1, silentAfterS: 1, joinS: 0 },
      notify: { consoleUrl: 'https://farm.example', ...notify },
    });
  }

  /** `notify` of the configuration, given the folder that its files are in. */
  static async start(notify: (folder: string) => object | Promise<object>): Promise<ToldIngest> {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'secret'), SECRET, { mode: 0o600 });
    const broker = new TestBroker(await freePort());
    await broker.start();
    onTestFinished(() => broker.stop());
    const one = new ToldIngest(folder, broker, await notify(folder));
    await one.ingest.start();
    await one.back();
    onTestFinished(async () => one.#gateway?.end());
    return one;
  }

  async contact(ways: ContactWay[], more: Partial<ContactWish> = {}): Promise<Contact> {
    const wish = {
      name: '李雷',
      language: 'zh',
      severities: ['critical', 'warning'],
      sites: 'all',
      links: 'all',
    };
    const { status, body } = await this.ingest.post('/api/v1/contacts', { ...wish, ways, ...more });
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body as unknown as Contact;
  }

  /** The gateway goes. */
  vanish(): void {
    this.#gateway?.vanish();
  }

  async back(): Promise<void> {
    this.#gateway = await LinkAgent.connect(this.broker.url, 'farm', 'pump-house');
    await eventually(async () => {
      const { gateways } = await this.ingest.get<{ gateways: { online: boolean }[] }>('/api/v1/gateways');
      return gateways.some(({ online }) => online);
    });
  }

  async deliveries(): Promise<ShownDelivery[]> {
    return (await this.ingest.get<{ deliveries: ShownDelivery[] }>('/api/v1/deliveries')).deliveries;
  }
}
